"""Placeholders of saved replies, signatures, and how long replies are taken."""

from __future__ import annotations

import pytest

from bridgebot.bridge import saved
from bridgebot.bridge.signing import Signing
from bridgebot.bridge.window import DAY_MS, open_until, rule
from bridgebot.model import ReplyWindow

WINDOW = ReplyWindow(after_stay=7, after_message=14)


def test_placeholders_are_filled_in_once() -> None:
    """What is filled in is not looked at again, nor is anything that is no name."""
    values = {"guest": "{property}", "property": "Hotel", "reservation": None}

    assert saved.fill("Dear {guest}", values) == "Dear {property}"
    assert saved.fill("{ Guest } at {property}: {}", values) == "{property} at Hotel: {}"
    assert saved.fill("No. {reservation}", values) == "No. {reservation}"


@pytest.mark.parametrize(
    ("text", "kept", "sent"),
    [
        ("Welcome", None, None),
        ("Dear {guest}", None, "{guest} is not filled in: the guest's name is not known"),
        ("From {Property}", None, "the property's name is not known"),
        ("Dear {name}", "There is no placeholder {name}. There are {guest}", "no such placeholder"),
        ("Smile :-} {", None, None),
    ],
)
def test_an_empty_placeholder_is_refused_in_words(
    text: str, kept: str | None, sent: str | None
) -> None:
    """A placeholder that nobody knows is not kept, and one that is empty is not sent."""
    for wanted, found in ((kept, saved.why_not_kept(text)), (sent, saved.why_not_sent(text))):
        assert (found is None) is (wanted is None)
        assert (wanted or "") in (found or "")


def test_a_signature_is_the_authors_or_the_propertys() -> None:
    """A property without a line of its own has none."""
    lines = {"p1": "The team of Hotel Example"}
    ours = Signing(how="property", lines=lines)

    assert Signing().line("Anna", "p1") == ""
    assert Signing(how="first_name", lines=lines).line("Anna", "p1") == "Anna"
    assert [ours.line("Anna", place) for place in ("p1", "p2", None)] == [lines["p1"], "", ""]
    assert ours.in_words("p1") == "Replies end with: The team of Hotel Example"
    assert ours.in_words("p2") is None
    assert "first name" in (Signing(how="first_name").in_words(None) or "")


def test_the_window_is_known_from_the_guests_last_message() -> None:
    """Without a message, or without a rule, nothing is claimed."""
    assert open_until(WINDOW, 5) == 5 + 14 * DAY_MS
    assert open_until(WINDOW, None) is None
    assert open_until(None, 5) is None
    assert "7 days after check-out or cancellation" in rule(WINDOW, "Booking.com")
    assert rule(None, "Booking.com") == ""
