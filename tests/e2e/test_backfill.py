"""``bridgebot backfill``: alone, beside a running bot, broken off, and from Slack."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridgebot.sandbox.messaging.jobs import Job
from tests.e2e.world import ALERTS, ANNA, GUESTS, PROPERTY, World

pytestmark = pytest.mark.e2e


def _wrote(world: World, days: float, text: str, *, name: str = "c1", guest: bool = True) -> str:
    """Let somebody have written so many days ago; the queue has lost it."""
    booking = world.booking.booking
    if name not in booking.conversations:
        world.conversation(name)
    now, booking.now = booking.now, lambda: datetime.now(UTC) - timedelta(days=days)
    write = booking.guest_writes if guest else booking.property_writes
    message_id = write(name, text)
    booking.now = now
    booking.reset_queue("id")
    return message_id


def _days(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


async def _backfill(world: World, *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its status and what it printed."""
    return await world.command("backfill", *arguments)


async def test_what_is_missing_is_fetched_over_many_windows_and_shown(world: World) -> None:
    """A year is several searches; each message is shown once, in order, and nobody is alerted."""
    old = [_wrote(world, days, f"{days} days ago") for days in (300, 200, 91, 90, 89, 3)]
    known = world.guest("c2", "I came by the queue")
    await world.start()
    await world.until(lambda: world.shown(known))

    status, out, _ = await _backfill(world, "--after", _days(365))

    assert (status, "Booking.com: 6 new, 1 known already" in out) == (0, True)
    assert len(world.booking.booking.jobs) == 5
    await world.until(lambda: all(world.shown(each) for each in old))
    shown = [post["metadata"]["event_payload"]["message_id"] for post in world.thread("c1")]
    assert shown == old
    assert world.shown(known) == 1
    assert world.messages(ALERTS) == []


async def test_only_who_wrote_within_a_day_waits(world: World) -> None:
    """An old message starts no clock; a fresh one does, and an answer in between counts."""
    _wrote(world, 2, "two days ago", name="old")
    _wrote(world, 0.5, "this morning", name="new")
    _wrote(world, 0.4, "asked", name="answered")
    _wrote(world, 0.3, "answered", name="answered", guest=False)
    await world.start()

    await _backfill(world, "--after", _days(3))
    await world.until(lambda: all(world.thread(name) for name in ("old", "new", "answered")))
    world.slack.interactions.slash_command(ANNA, GUESTS, "/unanswered", "")

    await world.until(lambda: world.slack.workspace.ephemerals)
    said = world.slack.workspace.ephemerals[0]["text"]
    assert "9new" in said
    assert "9old" not in said
    assert "9answered" not in said


async def test_it_runs_alone_and_is_shown_when_the_bridge_runs(world: World) -> None:
    """Nothing but the database and the provider is needed."""
    message = _wrote(world, 3, "Hello")

    status, out, _ = await _backfill(world, "--after", _days(7), "--property", PROPERTY)
    assert status == 0
    assert "1 new" in out
    assert world.messages() == []

    await world.start()
    await world.until(lambda: world.shown(message))


async def test_a_second_run_finds_nothing_new(world: World) -> None:
    """Everything is known by its id."""
    _wrote(world, 3, "Hello")

    await _backfill(world, "--after", _days(7))
    _, out, _ = await _backfill(world, "--after", _days(8))

    assert "0 new, 1 known already" in out


class _ThenRefused(dict[str, Job]):
    """Lets so many searches be made; the next is refused, once."""

    def __init__(self, world: World, searches: int) -> None:
        super().__init__()
        self._world = world
        self._left = searches

    def __setitem__(self, key: str, job: Job) -> None:
        super().__setitem__(key, job)
        self._left -= 1
        if self._left == 0:
            self._world.booking.faults.add("search.create", "403")


async def test_what_was_broken_off_goes_on_where_it_was(world: World) -> None:
    """After a failure the same command asks only for the rest."""
    early = [_wrote(world, 200 - number / 100, f"early {number}") for number in range(60)]
    late = _wrote(world, 5, "late")
    arguments = ("--after", _days(365), "--before", _days(1))
    world.booking.booking.jobs = _ThenRefused(world, searches=3)

    status, _, err = await _backfill(world, *arguments)
    assert (status, "403" in err) == (1, True)
    status, out, _ = await _backfill(world, *arguments)

    assert (status, "1 new, 0 known already" in out) == (0, True)
    assert len(world.booking.booking.jobs) == 5
    await world.start()
    await world.until(lambda: all(world.shown(each) for each in (*early, late)))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--after"),
        (("--after", "yesterday"), "2026-01-31"),
        (("--after", "2020-02-01", "--before", "2020-01-01"), "before the end"),
    ],
)
async def test_wrong_use_ends_with_status_2(
    world: World, arguments: tuple[str, ...], words: str
) -> None:
    """What is missing or wrong is named, and nothing is asked."""
    status, _, err = await _backfill(world, *arguments)

    assert status == 2
    assert words in err
    assert not world.booking.booking.jobs


async def test_a_property_that_is_not_ours_ends_with_status_1(world: World) -> None:
    """The provider's refusal is said in one line."""
    status, _, err = await _backfill(world, "--after", _days(7), "--property", "1")

    assert status == 1
    assert "403" in err
    assert "Traceback" not in err


async def test_it_is_asked_for_in_slack_and_told_when_it_is_done(world: World) -> None:
    """The command is answered at once; the result comes when it is there."""
    message = _wrote(world, 3, "Hello")
    await world.start()
    said = world.slack.workspace.ephemerals

    world.slack.interactions.slash_command(ANNA, GUESTS, "/bridgebot", f"backfill {_days(7)[:10]}")

    await world.until(lambda: world.shown(message))
    await world.until(lambda: len(said) == 2)
    assert "Fetching messages from" in said[0]["text"]
    assert "1 new, 0 known already" in said[1]["text"]
    assert said[1]["user"] == ANNA


async def test_a_wish_outlives_the_process(world: World) -> None:
    """Killed while the search is under way, the next start goes on."""
    message = _wrote(world, 3, "Hello")
    world.booking.faults.add("search.result", "delay", seconds=5.0)
    await world.start()
    text = f"backfill --after {_days(7)[:10]} --property {PROPERTY}"
    world.slack.interactions.slash_command(ANNA, GUESTS, "/bridgebot", text)
    await world.until(lambda: world.booking.booking.jobs)
    await world.kill()

    await world.start()

    await world.until(lambda: world.shown(message))


async def test_a_wish_that_cannot_be_read_is_answered_with_the_form(world: World) -> None:
    """Nothing is asked of the provider."""
    await world.start()

    world.slack.interactions.slash_command(ANNA, GUESTS, "/bridgebot", "backfill last week")

    await world.until(lambda: world.slack.workspace.ephemerals)
    assert "2026-01-31" in world.slack.workspace.ephemerals[0]["text"]
    assert not world.booking.booking.jobs
