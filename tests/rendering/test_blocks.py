"""Thread roots, notices, questions and alerts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridgebot.model import Conversation, ConversationId, PropertyId, ProviderName
from bridgebot.rendering.blocks import (
    CardState,
    alert,
    copied,
    correction,
    held,
    notice,
    question,
    reworded,
    root_card,
    undelivered,
)
from bridgebot.rendering.post import Post

SINCE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def card(
    state: str = "waiting",
    *,
    guest: str | None = "Ana Lima",
    kind: str | None = "reservation",
    reference: str | None = "456",
    place: str | None = "123",
    is_read_only: bool = False,
) -> CardState:
    """Build what a root shows."""
    return CardState(
        provider="booking",
        provider_label="Booking.com",
        conversation=Conversation(
            provider=ProviderName("booking"),
            conversation_id=ConversationId("c1"),
            property_id=PropertyId(place) if place else None,
            conversation_type=kind,
            reference=reference,
            guest_name=guest,
        ),
        state=state,
        awaiting_since=SINCE,
        last_answer="Answered by Bo, 5 minutes after",
        read_only_provider=is_read_only,
    )


def test_the_root_names_guest_property_reservation_and_state(
    check_limits: Callable[[Post], None], shown_words: Callable[[Post], str]
) -> None:
    """The root says at a glance who waits, where, about what and since when."""
    post = root_card(card())
    check_limits(post)
    words = shown_words(post)

    assert post.text == "Ana Lima · property 123 · reservation 456 · waiting"
    assert post.event_type == "bridgebot_thread"
    assert post.payload == {"provider": "booking", "property_id": "123", "conversation_id": "c1"}
    assert "Ana Lima\nBooking.com, property 123\nReservation 456\n" in words
    assert ":hourglass_flowing_sand: Waiting since <!date^1772366400^" in words
    assert "Answered by Bo" in words


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("new", ":new: New, waiting since"),
        ("answered", ":white_check_mark: Answered"),
        ("read_only", ":lock: Read only"),
        ("no_reply_needed", ":heavy_check_mark: No reply needed"),
        # a state of tomorrow
        ("<odd>", ":speech_balloon: &lt;odd&gt;"),
    ],
)
def test_the_root_says_its_state(
    state: str, expected: str, shown_words: Callable[[Post], str]
) -> None:
    """Each state has its words."""
    assert expected in shown_words(root_card(card(state)))


def test_the_root_goes_without_what_is_not_known(
    check_limits: Callable[[Post], None], shown_words: Callable[[Post], str]
) -> None:
    """Missing names, properties and references leave a readable root."""
    post = root_card(card("new", guest=None, kind=None, reference=None, place=None))
    check_limits(post)

    assert post.text == "Guest · property not known yet · conversation · new"
    assert post.payload["property_id"] is None
    assert "Conversation" in shown_words(post)


def test_the_root_says_that_a_provider_only_reads(shown_words: Callable[[Post], str]) -> None:
    """Where no reply can be sent, staff know before they type."""
    words = shown_words(root_card(card("read_only", is_read_only=True)))

    assert "Booking.com takes no replies from here" in words


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(guest=st.text(), kind=st.text(), reference=st.text(), place=st.text())
def test_any_names_fit(
    guest: str, kind: str, reference: str, place: str, check_limits: Callable[[Post], None]
) -> None:
    """Whatever a guest is called, the root can be posted and mentions nobody."""
    long = guest * 40
    post = root_card(card(guest=long, kind=kind, reference=reference, place=place))
    check_limits(post)

    assert "<" not in post.text


def test_a_notice_is_literal(check_limits: Callable[[Post], None]) -> None:
    """Words to staff may hold a guest's words and still mention nobody."""
    post = notice("Not sent: <!channel> & co")
    check_limits(post)

    assert post.text == "Not sent: &lt;!channel&gt; &amp; co"
    assert post.event_type == "bridgebot_notice"
    assert post.payload == {}


@pytest.mark.parametrize("text", ["", "word " * 700, "&" * 5000, "👍🏽" * 4000])
def test_a_notice_always_fits(text: str, check_limits: Callable[[Post], None]) -> None:
    """A notice is never empty and never too long to be edited."""
    check_limits(notice(text))


def test_an_undelivered_reply_can_be_tried_again(check_limits: Callable[[Post], None]) -> None:
    """The button carries the delivery's id."""
    post = undelivered(7, "Not delivered: the conversation is closed.")
    check_limits(post)

    assert actions(post) == [("Try again", "delivery_retry", "7"), ("Copy", "delivery_copy", "7")]


def test_an_uncertain_reply_asks_three_ways(check_limits: Callable[[Post], None]) -> None:
    """A person decides: it was sent, send again, or drop."""
    post = question("7", "Booking.com did not answer. Was it sent?")
    check_limits(post)

    assert actions(post) == [
        ("It was sent", "uncertain_sent", "7"),
        ("Send again", "uncertain_again", "7"),
        ("Drop", "uncertain_drop", "7"),
    ]


def test_an_alert_opens_and_closes(
    check_limits: Callable[[Post], None], shown_words: Callable[[Post], str]
) -> None:
    """An alert keeps its words when it closes and says that it is over."""
    posts = [
        alert(
            "unanswered",
            "Ana Lima waits for an answer",
            ["Property 123", "https://example.slack.com/archives/C1/p1"],
            provider="booking",
            conversation_id="c1",
            state=state,
        )
        for state in ("open", "closed")
    ]
    for post in posts:
        check_limits(post)

    assert posts[0].text.startswith("Ana Lima waits for an answer\nProperty 123\n")
    assert posts[1].text.startswith("Closed: Ana Lima waits")
    assert "https://example.slack.com/archives/C1/p1" in shown_words(posts[0])
    assert posts[1].event_type == "bridgebot_alert"
    assert posts[1].payload == {
        "kind": "unanswered",
        "provider": "booking",
        "conversation_id": "c1",
        "state": "closed",
    }


def test_a_flood_of_lines_fits_an_alert(check_limits: Callable[[Post], None]) -> None:
    """A summary of many causes is cut rather than refused."""
    lines = [f"conversation {number}: " + "&" * 100 for number in range(100)]

    check_limits(
        alert(
            "unanswered", "x" * 9000, lines, provider="booking", conversation_id=None, state="open"
        )
    )
    check_limits(
        alert("unanswered", "", [], provider="booking", conversation_id=None, state="open")
    )


def actions(post: Post) -> list[tuple[str, str, str]]:
    """List a post's buttons: label, action, value."""
    buttons = post.blocks[-1]["elements"]
    assert isinstance(buttons, list)
    return [(item["text"]["text"], item["action_id"], item["value"]) for item in buttons]


@pytest.mark.parametrize("text", ["", "Welcome", "A & B\n\n<!channel> 😄", "words " * 660])
def test_a_copied_text_is_whole_and_calls_nobody(
    text: str, check_limits: Callable[[Post], None]
) -> None:
    """What the guest would have read, to be copied, with nothing parsed in it."""
    post = copied(text)

    check_limits(post)
    assert "<!channel>" not in post.text
    frames = [each for block in post.blocks for each in block["elements"]]  # type: ignore[attr-defined]
    shown = "".join(part["text"] for frame in frames for part in frame["elements"])
    assert "".join(shown.split()) == ("".join(text.split()) or "-")


@pytest.mark.parametrize(
    ("post", "offered"),
    [
        (held(7, "Send it?"), ["held_send", "held_keep", "held_edit"]),
        (correction(7, "The guest has it."), ["correction_send"]),
    ],
)
def test_what_is_said_about_a_reply_offers_what_can_be_done(
    post: Post, offered: list[str], check_limits: Callable[[Post], None]
) -> None:
    """Each has its buttons, and fits into Slack's limits."""
    check_limits(post)
    assert [action for _, action, _ in actions(post)] == offered


def test_a_reworded_reply_shows_its_words_and_calls_nobody(
    check_limits: Callable[[Post], None],
) -> None:
    """Who sent it is named; what they typed is shown as it stands."""
    post = reworded("U1", "Welcome <!here>")

    check_limits(post)
    assert post.text.startswith("<@U1> decided")
    assert "<!here>" not in post.text


def test_the_root_offers_what_can_be_done_and_says_how_long(
    check_limits: Callable[[Post], None],
) -> None:
    """Saved replies where replies go out, older messages until all are there."""
    until = datetime(2026, 3, 16, 10, tzinfo=UTC)
    signing = "Replies end with: The team"

    def drawn(**more: Any) -> str:
        about = {"open_until": until, "signing": signing, "whole": False, "id": 7}
        post = root_card(replace(card(), **{**about, **more}))
        check_limits(post)
        return str(post.blocks)

    assert all(each in drawn() for each in ("saved_open", "older_show", signing, "Replies are"))
    assert "older_show" not in drawn(whole=True)
    assert "Replies are taken until" not in drawn(open_until=None)
    for closed in (drawn(state="read_only"), drawn(read_only_provider=True)):
        assert not any(each in closed for each in ("saved_open", signing, "Replies are taken"))
        assert "older_show" in closed
