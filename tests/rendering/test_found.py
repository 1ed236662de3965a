"""The card and the list of ``/reservation``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridgebot.model import (
    Conversation,
    ConversationId,
    Message,
    MessageId,
    PropertyId,
    ProviderName,
    SenderKind,
)
from bridgebot.rendering.desk import Found
from bridgebot.rendering.found import PAGE, Place, list_post, one_post, place_of
from bridgebot.rendering.post import Post

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
NASTY = "<!channel> & <https://evil.example|Booking.com> \u202e *bold*"


def _found(guest: str | None = "Ada Example", *texts: str, link: str | None = None) -> Found:
    return Found(
        conversation=Conversation(
            provider=ProviderName("booking"),
            conversation_id=ConversationId("c1"),
            property_id=PropertyId("4410021"),
            conversation_type="reservation",
            reference="931",
            guest_name=guest,
        ),
        provider_label="Booking.com",
        state="waiting",
        awaiting_since=AT,
        link=link,
        messages=tuple(
            Message(
                message_id=MessageId(str(number)),
                sender=SenderKind.GUEST if number % 2 == 0 else SenderKind.PROPERTY,
                content=content,
                sent_at=AT,
            )
            for number, content in enumerate(texts)
        ),
    )


def _buttons(post: Post) -> list[dict[str, Any]]:
    blocks: list[Any] = list(post.blocks)
    elements = [e for block in blocks for e in [*block.get("elements", ()), block.get("accessory")]]
    return [each for each in elements if each and each["type"] == "button"]


def test_a_card_names_guest_house_reservation_state_and_messages() -> None:
    """All of it stands in the notification's text as well."""
    post = one_post(_found("Ada Example", "Hello", "Welcome"), Place(query="x", conversation=7))

    for words in (
        "Ada Example",
        "property 4410021",
        "Reservation 931",
        "Hello",
        "Property: Welcome",
    ):
        assert words in post.text
    assert "the guest waits, since <!date^" in json.dumps(post.blocks)


def test_a_card_without_a_thread_opens_one_and_with_one_leads_there() -> None:
    """One button or the other; the way back where there was a list."""
    place = Place(query="x", offset=5, conversation=7)
    opening = _buttons(one_post(_found(), place))
    leading = _buttons(one_post(_found(link="https://a.example/p1"), place, back=True))

    assert [each["action_id"] for each in opening] == ["find_open"]
    assert place_of(opening[0]["value"]) == place
    assert [each["action_id"] for each in leading] == ["find_go", "find_turn_list"]
    assert leading[0]["url"] == "https://a.example/p1"
    assert place_of(leading[1]["value"]) == Place(query="x", offset=5)


@pytest.mark.parametrize("guest", [NASTY, None, "x" * 500])
def test_what_a_guest_wrote_is_never_markup(guest: str | None) -> None:
    """Names and texts stand in literal pieces only; lengths stay within Slack's."""
    found = _found(guest, NASTY, "y" * 9000)
    for post in (
        one_post(found, Place(query=NASTY)),
        list_post([(1, found)], Place(query=NASTY), head=NASTY, more=True),
    ):
        assert "<!channel>" not in post.text
        assert "\u202e" not in post.text
        assert len(post.text) <= 4000
        marked = [e for b in post.blocks for e in b.get("elements", ()) if e["type"] == "mrkdwn"]  # type: ignore[attr-defined]
        assert not any("evil" in each["text"] for each in marked)


def test_a_list_turns_its_pages() -> None:
    """Back and on, where there is something; each entry has its own button."""
    rows = [(number, _found()) for number in range(PAGE)]
    first = _buttons(list_post(rows, Place(query="x"), head="12", more=True))
    last = _buttons(list_post(rows[:2], Place(query="x", offset=10), head="12", more=False))

    assert [each["action_id"] for each in first][-1] == "find_turn_more"
    assert place_of(first[-1]["value"]).offset == PAGE
    assert [place_of(each["value"]).conversation for each in first[:PAGE]] == list(range(PAGE))
    assert [each["action_id"] for each in last] == ["find_show_0", "find_show_1", "find_turn_back"]
    assert place_of(last[-1]["value"]).offset == 5


def test_a_long_query_fits_into_a_button() -> None:
    """Slack takes 2,000 characters in a value."""
    value = Place(query='\u00e4"' * 2000, offset=45, conversation=10**9).to_value()

    assert len(value) <= 2000
    assert place_of(value).conversation == 10**9
