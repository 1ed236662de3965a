"""Alerts, lists, the Home tab and the hand-over: literal texts, and Slack's limits kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bridgebot.model import Conversation, ConversationId, PropertyId, ProviderName
from bridgebot.rendering.digest import Digest, Promised, digest_post
from bridgebot.rendering.home import HomeState, home_view, score_line, today_line
from bridgebot.rendering.post import Post
from bridgebot.rendering.waiting import (
    Crowd,
    WaitingGuest,
    call_post,
    crowd_alert,
    waiting_alert,
    waiting_list,
)
from bridgebot.rendering.words import how_long
from bridgebot.sandbox.slack.checks import VIEW_BLOCKS, check_blocks

EVIL = "<!channel> *bold* <https://evil.example|Booking.com> <@U1> & " + "x" * 4000
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
TODAY = today_line(5, 4, 720_000)


def guest(number: int = 1, text: str = "Hello?", name: str = EVIL, **more: Any) -> WaitingGuest:
    """Make a guest who waits."""
    about = Conversation(
        provider=ProviderName("booking"),
        conversation_id=ConversationId(f"c{number}"),
        property_id=PropertyId("4410021"),
        reference=EVIL,
        guest_name=name,
        conversation_type="reservation",
    )
    filled: dict[str, Any] = {
        "since": NOW,
        "waited": "12 min",
        "link": "https://x.slack.com/archives/C1/p1",
    } | more
    return WaitingGuest(
        id=number, conversation=about, provider_label="Booking.com", text=text, **filled
    )


MANY = [guest(number, claimed_by="U1", snoozed_until=NOW) for number in range(10)]
POSTS = [
    waiting_alert(guest(text=EVIL, more=3, claimed_by="U2", can_wait=True), state="open"),
    waiting_alert(guest(closing=True), state="open"),
    waiting_alert(guest(), state="closed", ended="No reply needed, says <@U2>"),
    crowd_alert(Crowd(places=[EVIL] * 60, first=MANY[:5], count=200), provider="b", state="open"),
    crowd_alert(Crowd(), provider="b", state="closed"),
    waiting_list([(EVIL, [each]) for each in MANY], head=EVIL, page="0:", next_page="10:"),
    digest_post(
        Digest(
            since=NOW,
            waiting=MANY,
            count=10,
            promised=[Promised(guest=guest(), user_id="U2", text=EVIL, at=NOW)] * 20,
            undelivered=MANY,
            came_in=TODAY,
        )
    ),
    digest_post(
        Digest(
            since=NOW,
            waiting=(),
            count=0,
            promised=(),
            # Who is stuck with a reply that was not delivered need not wait by the clock.
            undelivered=[guest(since=None, waited="", link=None)],
            came_in=TODAY,
        )
    ),
]


@pytest.mark.parametrize("post", POSTS)
def test_slack_takes_it_and_it_can_be_edited(post: Post) -> None:
    """Blocks keep Slack's limits, and the fallback text can still be changed."""
    check_blocks([dict(block) for block in post.blocks])

    assert 0 < len(post.text) <= 4000


@pytest.mark.parametrize("post", POSTS)
def test_what_a_guest_is_called_or_writes_is_never_mark_up(post: Post) -> None:
    """Names, numbers and texts of guests stand in plain text objects and escaped fallbacks."""
    marked = [each["text"] for each in _texts(list(post.blocks)) if each["type"] == "mrkdwn"]

    assert all("evil.example|" not in text and "<!channel>" not in text for text in marked)
    assert "<!channel>" not in post.text
    assert "<https://evil" not in post.text
    assert "<@U1>" not in post.text


def _texts(value: object) -> list[dict[str, Any]]:
    """Collect the text objects in blocks."""
    if isinstance(value, dict):
        own = [value] if value.get("type") in {"mrkdwn", "plain_text"} else []
        return own + [found for each in value.values() for found in _texts(each)]
    if isinstance(value, list | tuple):
        return [found for each in value for found in _texts(each)]
    return []


def test_the_home_tab_keeps_slacks_limits() -> None:
    """A chain with very many properties still has a tab."""
    places = [str(number) for number in range(400)]
    state = HomeState(
        groups=[(EVIL, [each]) for each in MANY],
        count=900,
        today=TODAY,
        scores=[score_line(place, 50, 1, 2, few=True) for place in places],
        places=places,
        chosen="3",
    )

    view = home_view(state)

    blocks = view["blocks"]
    assert isinstance(blocks, list)
    check_blocks(blocks, most=VIEW_BLOCKS)
    (select,) = [each for each in blocks[0]["elements"] if each["type"] == "static_select"]
    assert len(select["options"]) <= 100
    assert select["initial_option"] in select["options"]
    assert "median first reply: 12 min" in json.dumps(blocks)


@pytest.mark.parametrize(
    ("to", "mention"), [("here", "<!here>"), ("S012", "<!subteam^S012>"), ("U012", "<@U012>")]
)
def test_a_call_notifies_whom_the_settings_name(to: str, mention: str) -> None:
    """Everybody who is here, a user group, or one person."""
    assert call_post("late", [to], "1 h").text.startswith(f"{mention} Still no answer after 1 h")


@pytest.mark.parametrize("why", ["late", "woken", "score"])
def test_a_call_names_the_guest_for_whoever_sees_a_notification_alone(why: str) -> None:
    """The name is shown as it stands, and mentions nobody."""
    post = call_post(why, ["U1"], "1 h", "Ada <!here>")

    assert "Ada &lt;!here&gt;" in post.text
    assert "<!here>" not in post.text
    check_blocks([dict(block) for block in post.blocks])


def test_only_what_can_be_taken_back_has_a_button_when_closed() -> None:
    """An answer is final; "no reply needed" is not."""
    done = waiting_alert(guest(name="Ada"), state="closed", ended="Answered by <@U2> after 5 min")
    needless = waiting_alert(guest(), state="closed", ended="No reply needed, says <@U2>")

    assert "wait_reopen" not in str(done.blocks)
    assert "wait_reopen" in str(needless.blocks)
    assert done.text == "Ada: Answered by <@U2> after 5 min"


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "less than a minute"),
        (12 * 60_000, "12 min"),
        (60 * 60_000, "1 h"),
        (65 * 60_000, "1 h 5 min"),
        (26 * 3_600_000, "1 d 2 h"),
        (48 * 3_600_000, "2 d"),
    ],
)
def test_times_are_said_as_people_say_them(milliseconds: int, words: str) -> None:
    """Minutes, hours and days, never more than two of them."""
    assert how_long(milliseconds) == words
