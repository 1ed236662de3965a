"""A database that was put back from a copy: what happened since the copy is not done again."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from bridgebot.workers.catchup import CURSOR
from bridgebot.workers.found import UNSENT
from tests.e2e.world import ANNA, World

pytestmark = pytest.mark.e2e


def _copy(world: World) -> Path:
    """Copy the database as ``docs/operations.md`` says."""
    copy = world.directory / "copy.db"
    with contextlib.closing(sqlite3.connect(world.directory / "bridgebot.db")) as database:
        database.execute(f"VACUUM INTO '{copy}'")
    return copy


def _restore(world: World, copy: Path) -> None:
    """Put the copy in the database's place."""
    for name in ("bridgebot.db", "bridgebot.db-wal", "bridgebot.db-shm"):
        (world.directory / name).unlink(missing_ok=True)
    copy.rename(world.directory / "bridgebot.db")


def _answered(world: World) -> bool:
    """Tell whether nobody waits any more, by the store."""
    with contextlib.closing(sqlite3.connect(world.directory / "bridgebot.db")) as database:
        query = "SELECT count(*) FROM conversations WHERE awaiting_since IS NOT NULL"
        return not database.execute(query).fetchone()[0]


async def _opened(world: World) -> None:
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1") and world.queued() == 0)
    # A bridge that has not yet said that it is present never was: nothing is compared then.
    await world.until(lambda: _present(world))


def _present(world: World) -> bool:
    """Tell whether the bridge has written down that it hears Slack."""
    with contextlib.closing(sqlite3.connect(world.directory / "bridgebot.db")) as database:
        query = "SELECT count(*) FROM cursors WHERE name = ?"
        return bool(database.execute(query, (CURSOR,)).fetchone()[0])


async def test_replies_sent_since_the_copy_are_not_sent_again(world: World) -> None:
    """Their marks say what became of them, also where the copy has them as waiting.

    Whose reply was refused is told once that nothing more comes of it.
    """
    await _opened(world)
    world.booking.faults.add("conversations.post", "503", times=3)
    waits = world.staff("c1", "Waits while the copy is made")
    await world.until(lambda: world.booking.faults.planned == [])
    copy = _copy(world)
    await world.until(lambda: world.marks(waits))
    sent, note = world.staff("c1", "Sent later"), world.staff("c1", "// internal")
    refused = world.staff("c1", "x" * 5000)
    await world.until(lambda: all(map(world.marks, (sent, note, refused))))
    await world.stop()
    _restore(world, copy)
    world.more["REPLY_MAX_AGE_HOURS"] = "0.00001"

    await world.start()
    await world.until(lambda: _answered(world))
    world.more.clear()
    await world.stop()
    await world.start()
    last = world.staff("c1", "The last")

    await world.until(lambda: world.marks(last))
    assert world.got("c1") == ["Waits while the copy is made", "Sent later", "The last"]
    assert [world.marks(each) for each in (waits, sent, note, refused)] == [
        ["white_check_mark"],
        ["white_check_mark"],
        ["lock"],
        ["warning"],
    ]
    await world.until(lambda: any(UNSENT in each["text"] for each in world.thread("c1")))
    said = [each["text"] for each in world.thread("c1")]
    assert not [each for each in said if "Send it now?" in each]
    assert [each for each in said if UNSENT in each] == [f"<@{ANNA}> {UNSENT}"]


async def test_replies_that_got_no_mark_are_looked_up_first(world: World) -> None:
    """Slack took no marks: what the provider has is not sent again, what it has not is sent."""
    await _opened(world)
    copy = _copy(world)
    world.slack.faults.add("reactions.add", "refused", times=10_000)
    sent = world.staff("c1", "Sent later")
    await world.until(lambda: world.got("c1"))
    await world.until(lambda: world.queued() == 0)
    await world.stop()
    world.slack.sockets.retries = ()
    absent = world.staff("c1", "Written in the absence")
    await world.until_dropped(1)
    world.slack.faults.clear()
    _restore(world, copy)

    await world.start()

    await world.until(lambda: world.marks(sent) and world.marks(absent))
    assert world.got("c1") == ["Sent later", "Written in the absence"]
