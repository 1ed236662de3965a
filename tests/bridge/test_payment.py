"""Payment card numbers in guests' texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgebot.bridge.payment import mask


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
    ],
)
def test_a_card_number_is_masked(number: str) -> None:
    """However it is grouped, its last four digits are left."""
    digits = [each for each in number if each.isdigit()]

    masked = mask(f"My card is {number}, valid 12/28.")

    assert (
        masked == f"My card is [card number ending in {''.join(digits[-4:])} removed], valid 12/28."
    )


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # the check digit is wrong
        "+49 171 123 45 67",
        "reservation 4312539378",
        "0049 89 1234567890123",
        "1234 5678 9012 3456 7890 1234",
        "12:30 - 14:00, room 411",
    ],
)
def test_other_numbers_stay(text: str) -> None:
    """Telephone numbers, reservations and times are no cards."""
    assert mask(text) == text


def test_several_numbers_are_masked_each() -> None:
    """Two numbers in one text are two."""
    masked = mask("4111111111111111 or 5555555555554444?")

    assert masked == "[card number ending in 1111 removed] or [card number ending in 4444 removed]?"


@given(st.text())
def test_masking_twice_changes_nothing_more(text: str) -> None:
    """What is masked has no card number left."""
    assert mask(mask(text)) == mask(text)
