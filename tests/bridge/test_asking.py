"""Which replies are held for one question."""

from __future__ import annotations

import pytest

from bridgebot.bridge.asking import Outgoing, first_names, question

COLLEAGUES = frozenset({"tom", "marie", "will"})
ORDER = r"\bPO-\d{5}\b"


def _asked(text: str, *asks: str) -> bool:
    outgoing = Outgoing(typed=text, content=text, colleagues=COLLEAGUES)
    return question(outgoing, asks, ORDER) is not None


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("@here who has the key?", True),
        ("Who has the key? <!channel>", True),
        ("-> <@U2> <@U3>", True),
        ("Tom, can you bring towels to 12?", True),
        ("@marie please look", True),
        ("Marie please look", True),
        ("Will: your turn", True),
        ("*Tom*, can you?", True),
        ("_Marie_ please look", True),
        ("Ordered with PO-12345", True),
        # the ordinary case
        ("Good evening, breakfast is from 7 to 10.", False),
        ("Welcome! <@U2> will meet you at the desk", False),
        ("Will you arrive by car?", False),
        ("tomorrow at noon is fine", False),
        ("Ada, you are welcome", False),
        ("Write to me@hereford.example", False),
        ("PO-123 is our box", False),
        ("", False),
        ("👍", False),
    ],
)
def test_what_looks_internal(text: str, held: bool) -> None:
    """Calls to everybody, mentions alone, a colleague's name first, or the hotel's own pattern."""
    assert _asked(text, "internal") is held


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("See https://hotel.example/menu", True),
        ("See www.hotel.example", True),
        ("The menu: bit.ly/3xYz", True),
        ("wa.me/4915112345678", True),
        ("Look at hotel-example.com.", True),
        ("Dinner is at 7 p.m. and free of charge, e.g. soup.", False),
        ("It costs 12.50 in all", False),
        ("Write to desk@hotel.com", False),
        ("We close at 10.Please ring the bell", False),
        ("and/or", False),
    ],
)
def test_what_has_a_link(text: str, held: bool) -> None:
    """Addresses of pages, whole or shortened; no abbreviations, prices or e-mail addresses."""
    assert _asked(text, "links") is held


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("Write to desk@hotel.example", True),
        ("Call +31 20 123 4567", True),
        ("Call (020) 123-4567", True),
        ("Call 0201234567", True),
        ("Call 555-123-4567", True),
        ("Your reservation is 4410021123", False),
        ("From 21.11.2026 to 2026-11-23, 14:00-16:00", False),
        ("Room 12, code 4711, 120.00 EUR", False),
    ],
)
def test_what_has_a_contact(text: str, held: bool) -> None:
    """E-mail addresses and phone numbers; no reservation numbers, dates or prices."""
    assert _asked(text, "contacts") is held


def test_what_is_not_asked_about_is_not_held() -> None:
    """Each kind is held only where the owner's settings name it."""
    everything = "@here +31 20 123 4567 https://hotel.example desk@hotel.example"

    assert not _asked(everything)
    assert _asked(everything, "internal", "links", "contacts")


def test_first_names_are_whole_words() -> None:
    """Initials and empty names call nobody."""
    assert first_names("Anna Keller", "J Smith", "", "tom") == {"anna", "tom"}
