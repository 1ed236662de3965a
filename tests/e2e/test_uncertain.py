"""A reply of which nobody can say whether it was sent: a person decides, by buttons."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.test_alerts import buttons
from tests.e2e.world import ALERTS, ANNA, GUESTS, TOM, World

pytestmark = pytest.mark.e2e

CHOICES = ["uncertain_sent", "uncertain_again", "uncertain_drop"]
FIRST, SECOND, OTHER = "We keep your bags", "Until noon", "Good evening"


def _alerts(world: World) -> list[dict[str, Any]]:
    """List the alerts about replies of which nobody knows."""
    return [
        each
        for each in world.messages(ALERTS)
        if (each.get("metadata") or {}).get("event_payload", {}).get("kind") == "uncertain"
    ]


def _states(world: World) -> list[str]:
    return [each["metadata"]["event_payload"]["state"] for each in _alerts(world)]


def _questions(world: World) -> list[dict[str, Any]]:
    return [each for each in world.thread("c1") if buttons({"blocks": [], **each}) == CHOICES]


async def _opened(world: World) -> None:
    """Run the bot until two threads are open."""
    world.guest("c1", "Hello")
    world.guest("c2", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1") and world.thread("c2"))
    await world.until(lambda: world.queued() == 0)


async def _asked(world: World, kind: str = "drop_before") -> tuple[str, str]:
    """Have a person asked about a reply; return its ts and the question's.

    Its answer was lost, and Booking.com refuses for good to show the conversation.
    """
    world.booking.faults.add("conversations.by_id", "403", times=10_000)
    world.booking.faults.add("conversations.post", kind)  # type: ignore[arg-type]
    ts = world.staff("c1", FIRST)
    await world.until(lambda: _questions(world) and _states(world) == ["open"])
    return ts, str(_questions(world)[0]["ts"])


def _press(world: World, asked: str, action: str, user: str = ANNA) -> None:
    world.slack.interactions.press_button(user, GUESTS, asked, action)


@pytest.mark.parametrize(
    ("action", "got", "mark"),
    [
        ("uncertain_sent", [SECOND], "white_check_mark"),
        ("uncertain_again", [FIRST, SECOND], "white_check_mark"),
        ("uncertain_drop", [SECOND], "lock"),
    ],
)
async def test_a_person_decides_and_only_that_conversation_waits(
    world: World, action: str, got: list[str], mark: str
) -> None:
    """The question names its author; until it is answered other guests are answered, not this one.

    The first press counts, and ends the alert.
    """
    await _opened(world)
    first, asked = await _asked(world)
    assert f"<@{ANNA}>" in _questions(world)[0]["text"]
    assert "cannot be asked" in _questions(world)[0]["text"]
    second, other = world.staff("c1", SECOND), world.staff("c2", OTHER)
    await world.until(lambda: world.marks(other) == ["white_check_mark"])
    assert (world.got("c1"), world.got("c2"), world.marks(second)) == ([], [OTHER], [])
    assert _states(world) == ["open"]

    for each in CHOICES:
        if each != action:
            _press(world, asked, each, TOM)
    _press(world, asked, action)
    await world.until(lambda: world.marks(second) == ["white_check_mark"])

    assert world.got("c1") == got
    await world.until(lambda: world.marks(first) == [mark])
    await world.until(lambda: _states(world) == ["closed"])
    assert f"<@{ANNA}> decided" in str(_alerts(world)[0])
    assert _questions(world) == []


async def test_two_presses_send_once(world: World) -> None:
    """Whoever presses first decides; the other is told that it is over."""
    await _opened(world)
    _, asked = await _asked(world)

    for action in ("uncertain_again", "uncertain_again", "uncertain_drop"):
        _press(world, asked, action)

    last = world.staff("c1", SECOND)
    await world.until(lambda: world.marks(last) == ["white_check_mark"])
    assert world.got("c1") == [FIRST, SECOND]


async def test_a_question_outlives_the_process_and_is_asked_once(world: World) -> None:
    """After ``kill -9`` and a start it stands as it stood; what waited goes on waiting."""
    await _opened(world)
    _, asked = await _asked(world)
    second = world.staff("c1", SECOND)
    await world.kill()
    await world.start()
    other = world.staff("c2", OTHER)
    await world.until(lambda: world.marks(other) == ["white_check_mark"])
    assert (world.got("c1"), len(_questions(world)), len(_alerts(world))) == ([], 1, 1)

    _press(world, asked, "uncertain_again")

    await world.until(lambda: world.marks(second) == ["white_check_mark"])
    assert world.got("c1") == [FIRST, SECOND]


async def test_a_copy_that_comes_back_late_answers_the_question(world: World) -> None:
    """The queue was away, and then shows that the reply had been sent: nobody has to decide."""
    await _opened(world)
    world.booking.faults.add("messages.latest", "503", times=10_000)
    first, asked = await _asked(world, "drop_after")
    second = world.staff("c1", SECOND)
    world.booking.faults.planned = [
        each for each in world.booking.faults.planned if each.endpoint != "messages.latest"
    ]

    await world.until(lambda: world.marks(second) == ["white_check_mark"], 40)
    assert world.got("c1") == [FIRST, SECOND]
    await world.until(lambda: world.marks(first) == ["white_check_mark"])
    await world.until(lambda: _states(world) == ["closed"])
    _press(world, asked, "uncertain_again")
    said = world.slack.workspace.ephemerals
    await world.until(lambda: any("decided already" in each["text"] for each in said))
    assert world.got("c1") == [FIRST, SECOND]
