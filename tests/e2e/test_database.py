"""Trouble with the database: said in words, nothing confirmed that is not stored, nothing lost."""

from __future__ import annotations

import resource
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.e2e


async def _running(world: World, tmp_path: Path) -> Path:
    """Start the bot on a database of its own and wait until the first message is through."""
    path = tmp_path / "hotel.db"
    world.more["DATABASE_URL"] = f"sqlite:///{path}"
    first = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(first) and world.queued() == 0)
    return path


async def _stays_out(world: World, message: str, confirmed: int) -> None:
    """Wait until the trouble is said; the message is neither shown nor confirmed then."""
    await world.until(lambda: b"worker_hindered" in world.log.read_bytes(), 30)
    assert not world.shown(message)
    assert world.queued() == 1
    assert world.booking.booking.accounts["id"].confirmed == confirmed


async def test_a_full_disk_confirms_nothing_and_goes_on_afterwards(
    world: World, tmp_path: Path
) -> None:
    """While nothing can be written the queue keeps its messages; with room again they come."""
    path = await _running(world, tmp_path)
    confirmed = world.booking.booking.accounts["id"].confirmed
    assert world.process is not None
    pid, wal = world.process.pid, path.with_name(path.name + "-wal")
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, hard))

    message = world.guest("c1", "Is somebody there?")
    await _stays_out(world, message, confirmed)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))

    await world.until(lambda: world.shown(message) and world.queued() == 0, 60)
    assert world.shown(message) == 1


async def test_a_locked_database_confirms_nothing_and_goes_on_afterwards(
    world: World, tmp_path: Path
) -> None:
    """A backup that holds the write lock for a long time delays, and loses nothing."""
    path = await _running(world, tmp_path)
    confirmed = world.booking.booking.accounts["id"].confirmed
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    message = world.guest("c1", "Is somebody there?")
    await _stays_out(world, message, confirmed)
    other.execute("ROLLBACK")
    other.close()

    await world.until(lambda: world.shown(message) and world.queued() == 0, 60)
    assert world.shown(message) == 1


async def test_a_reply_that_cannot_be_stored_is_not_acknowledged(
    world: World, tmp_path: Path
) -> None:
    """Slack sends the event again until it could be stored; then it goes out once."""
    path = await _running(world, tmp_path)
    world.slack.sockets.retries = (1.0, 3.0, 5.0, 8.0, 8.0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    ts = world.staff("c1", "Welcome")
    await world.until(lambda: b"worker_hindered" in world.log.read_bytes(), 30)
    assert world.got("c1") == []
    other.execute("ROLLBACK")
    other.close()

    await world.until(lambda: world.marks(ts) == ["white_check_mark"], 60)
    assert world.got("c1") == ["Welcome"]


async def test_a_damaged_database_ends_the_start_in_words(world: World, tmp_path: Path) -> None:
    """A file whose pages are overwritten is named; nothing is received."""
    path = await _running(world, tmp_path)
    await world.stop()
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * (size - 100))
    message = world.guest("c1", "Later")

    await world.start(ready=False)

    assert world.process is not None
    assert await world.process.wait() == 1
    lines = world.log.read_text(encoding="utf-8").splitlines()
    assert "database" in lines[-1]
    assert "Traceback" not in "".join(lines)
    assert (world.queued(), world.shown(message)) == (1, 0)


async def test_a_read_only_database_ends_the_start_in_words(world: World, tmp_path: Path) -> None:
    """A file that can only be read is said, with the remedy; nothing is confirmed."""
    path = await _running(world, tmp_path)
    await world.stop()
    header = bytearray(path.read_bytes())
    # A version of writing that SQLite does not know: it reads such a file, and writes nothing.
    header[18] = 3
    path.write_bytes(header)
    confirmed = world.booking.booking.accounts["id"].confirmed
    message = world.guest("c1", "Is somebody there?")

    await world.start(ready=False)

    assert world.process is not None
    assert await world.process.wait() == 1
    assert "writable for the user" in world.log.read_text(encoding="utf-8").splitlines()[-1]
    assert (world.queued(), world.shown(message)) == (1, 0)
    assert world.booking.booking.accounts["id"].confirmed == confirmed


async def test_a_newer_database_ends_the_start_in_words(world: World, tmp_path: Path) -> None:
    """What a later version has written is refused, and not touched."""
    path = await _running(world, tmp_path)
    await world.stop()
    with sqlite3.connect(path) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")

    await world.start(ready=False)

    assert world.process is not None
    assert await world.process.wait() == 1
    assert "newer" in world.log.read_text(encoding="utf-8").splitlines()[-1]
