"""Payment card numbers in guests' texts."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgebot.bridge.payment import _PART, SHORTEST, _may_hold_card, mask, mask_document


def removed(number: str) -> str:
    """Return what stands in the place of a number."""
    last = "".join(str(int(each)) for each in number if each.isdecimal())[-4:]
    return f"[card number ending in {last} removed]"


@pytest.mark.parametrize(
    "number",
    [
        "4111111111111111",  # Visa's test number
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "5555.5555.5555.4444",  # Mastercard's
        "378282246310005",  # American Express, 15 digits
        "3782 822463 10005",
        "6011111111111117",  # Discover
        "2223003122003222",  # Mastercard, 2 series
        "4222222222222",  # 13 digits
        "30569309025904",  # Diners Club, 14 digits
        "3056 930902 5904",
        "4000 0000 0000 0000 006",  # 19 digits
        "6759649826438453",  # Maestro
        "4111\u00a01111\u00a01111\u00a01111",
        "4111\u20131111\u20131111\u20131111",
        "4111 - 1111 - 1111 - 1111",
        "4111  1111  1111  1111",
        "4111\n1111\n1111\n1111",
        "4111\u200b1111\u200b1111\u200b1111",
        "41 11 11 11 11 11 11 11",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "\u0664\u0661\u0661\u0661" + " \u0661\u0661\u0661\u0661" * 3,
    ],
)
def test_a_card_number_is_masked(number: str) -> None:
    """However it is grouped, its last four digits are left."""
    masked = mask(f"My card is {number}, valid 12/28.")

    assert masked == f"My card is {removed(number)}, valid 12/28."


@pytest.mark.parametrize(
    ("before", "number", "after"),
    [
        ("", "4111 1111 1111 1111", " 12/26"),
        ("", "4111111111111111", " 12/26"),
        ("", "4111111111111111", " 12 26"),
        ("", "4111 1111 1111 1111", " 123"),
        ("", "4111-1111-1111-1111", " 03-27"),
        ("", "4111-1111-1111-1111", "-03-27-123"),
        ("", "3782 822463 10005", " 1234"),
        ("", "4111 1111 1111 1111", "\n12/26\n123"),
        ("2 guests, room 12 ", "4111111111111111", ""),
        ("Visa", "4111111111111111", "exp12/26"),
        ("NO12 ", "4111 1111 1111 1111", ""),
    ],
)
def test_digits_beside_a_card_number_do_not_hide_it(before: str, number: str, after: str) -> None:
    """Its expiry date and its check code stand behind it, as everybody writes them."""
    assert mask(before + number + after) == before + removed(number) + after


@st.composite
def cards(draw: st.DrawFn) -> str:
    """Draw a number of one of the networks, in groups."""
    beginning, size, groups = draw(
        st.sampled_from(
            [
                ("4", 16, (4, 4, 4, 4)),
                ("4", 19, (4, 4, 4, 4, 3)),
                ("51", 16, (16,)),
                ("2720", 16, (4, 4, 4, 4)),
                ("34", 15, (4, 6, 5)),
                ("36", 14, (4, 6, 4)),
                ("3528", 16, (8, 8)),
                ("62", 19, (6, 13)),
                ("65", 16, (4, 4, 4, 4)),
            ]
        )
    )
    some = beginning + draw(st.text("0123456789", min_size=20, max_size=20))
    odd = [int(each) * (1 + index % 2) for index, each in enumerate(some[size - 2 :: -1], start=1)]
    check = -sum(sum(divmod(each, 10)) for each in odd) % 10
    number, gap = some[: size - 1] + str(check), draw(st.sampled_from([" ", "-", "\u2009", "  "]))
    ends = [sum(groups[: index + 1]) for index in range(len(groups))]
    return gap.join(number[end - each : end] for end, each in zip(ends, groups, strict=True))


@given(cards(), st.sampled_from(["", " 12/26", " 03 27 123", "\n", " 1234", "-12-26"]))
def test_no_card_number_is_left(number: str, after: str) -> None:
    """Whatever stands behind it, its beginning is nowhere any more."""
    digits = "".join(filter(str.isdigit, number))

    left = "".join(filter(str.isdigit, mask(f"Please charge {number}{after}, thank you")))

    assert digits[:9] not in left


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # the check digit is wrong
        "+49 171 123 45 67",
        "reservation 4312539378",
        "0049 89 1234567890123",
        "1234 5678 9012 3456 7890 1234",
        "12:30 - 14:00, room 411",
        # The check digits of what follows are right.
        "+4111 1111 1111 1111",
        "+49 1511 2345678",
        "49 1511 2345678",
        "612 345 679 698 765 432",
        "4312539378 2026-02",
        "4312539378 123451",
        "23.03.2026 - 23.05.2026",
        "30.05.26 - 06.06.26 14.01",
        "2026-05-12 - 2026-05-15",
        "9999 9999 9999 9995",
        "DE35 5001 0517 5407 3246 08 is my account",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Telephone numbers, reservations and times are no cards."""
    assert mask(text) == text


def test_several_numbers_are_masked_each() -> None:
    """Two numbers in one text are two."""
    masked = mask("4111111111111111 or 5555555555554444?")

    assert masked == "[card number ending in 1111 removed] or [card number ending in 4444 removed]?"


def test_the_next_number_is_masked_too() -> None:
    """A blank between two numbers makes no longer number of them."""
    visa, mastercard = "4111 1111 1111 1111", "5500 0000 0000 0004"
    both = f"{removed(visa)} {removed(mastercard)}"

    assert mask(f"{visa} {mastercard}") == both
    assert mask(f"1) {visa} 2) {mastercard}") == f"1) {removed(visa)} 2) {removed(mastercard)}"
    assert mask("4111111111111111\n5500000000000004") == both.replace(" [", "\n[")


@pytest.mark.parametrize(
    "text",
    ["4 ", "4", "4   ", "4111 ", "4111 1111 1111 1112 ", "4111-1111..", "aa11", "aa11 ", "+4"],
)
def test_a_long_text_is_looked_through_once(text: str) -> None:
    """A text that was made to keep the bridge busy ends: by its square it would take hours."""
    assert mask(text * (60_000 // len(text)))


@pytest.mark.parametrize("gap", [" ", "\n", "\u00a0", "\u2013", ""])
def test_a_card_number_in_a_document_is_masked_however_it_is_escaped(gap: str) -> None:
    """What came is kept whole beside the message, as JSON, and still is JSON."""
    number = gap.join(["4111", "1111", "1111", "1111"])
    document = {"id": 17, "of": [{"content": f"It is {number}\n12/26", "as": 4111111111111111}]}

    masked = json.loads(mask_document(json.dumps(document)))

    left = f"It is {removed('1111')}\n12/26"
    assert masked == {"id": 17, "of": [{"content": left, "as": removed("1111")}]}
    assert mask_document(f"no document: {number}") == f"no document: {removed('1111')}"


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    """What is masked has no card number left."""
    assert mask(mask(text)) == mask(text)


def test_no_character_that_may_be_in_a_card_number_is_passed_over() -> None:
    """The quick look reads bytes, the search characters, of whatever script."""
    every = "".join(map(chr, range(sys.maxunicode + 1)))
    found = [each[0] for each in _PART.finditer(every)]

    assert len(found) > 600
    assert all(_may_hold_card(f"x{each * SHORTEST}x") for each in found)
    assert not _may_hold_card(f"x{'1' * (SHORTEST - 1)}x")
