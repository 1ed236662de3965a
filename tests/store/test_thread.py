"""What runs where: short calls in the loop's thread, what may wait in the database's."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import records
from bridgebot.store.database import Store
from bridgebot.store.thread import ThreadConnection, may_wait
from bridgebot.store.writer import BREATH


@pytest.fixture
def address(tmp_path: Path) -> str:
    """Give the address of a SQLite database; the other one needs no threads."""
    return f"sqlite:///{tmp_path}/bridgebot.db"


async def _here(connection: AsyncConnection) -> int:
    await connection.execute(text("SELECT 1"))
    return threading.get_ident()


async def test_a_read_runs_in_a_thread_of_its_own_and_a_peek_does_not(store: Store) -> None:
    """A read may look through much; a peek finds a few rows by an index."""
    assert await store.read(_here) != threading.get_ident()
    assert await store.peek(_here) == threading.get_ident()


async def test_what_may_wait_never_runs_in_the_loops_thread(store: Store) -> None:
    """A commit waits for the disk; nothing else of a short write is handed over."""
    seen: dict[str, int] = {}
    execute = ThreadConnection._execute

    async def noted(self: ThreadConnection, fn: object, *args: object, **more: object) -> object:
        def traced(*args: object, **more: object) -> object:
            seen[f"{fn.__name__} {args[:1]}"] = threading.get_ident()  # type: ignore[attr-defined]
            return fn(*args, **more)  # type: ignore[operator]

        traced.__name__ = fn.__name__  # type: ignore[attr-defined]
        traced.__self__ = fn.__self__  # type: ignore[attr-defined]
        return await execute(self, traced, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ThreadConnection, "_execute", noted)
        await store.write(lambda c: records.set_cursor(c, "a", {"n": 1}))

    here = threading.get_ident()
    assert seen.pop("commit ()") != here
    assert set(seen.values()) <= {here}


async def test_the_loop_turns_while_somebody_else_has_the_write_lock(
    store: Store, tmp_path: Path
) -> None:
    """A write waits for it in the database's thread, and is made when the lock is free."""
    other = sqlite3.connect(tmp_path / "bridgebot.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    writing = asyncio.create_task(store.write(lambda c: records.set_cursor(c, "a", {"n": 1})))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not writing.done()
    other.execute("COMMIT")
    other.close()

    await writing
    assert await store.read(lambda c: records.get_cursor(c, "a")) == {"n": 1}


async def test_a_read_that_waits_for_something_else_is_refused(store: Store) -> None:
    """Nobody turns a loop in the database's thread; a mistake is seen at once."""

    async def sleeps(_connection: AsyncConnection) -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="something else"):
        await store.read(sleeps)
    assert await store.read(_here)


async def test_a_read_that_is_given_up_leaves_the_connection_as_it_was(store: Store) -> None:
    """Whoever is cancelled waits for the end, so that nobody else has the connection meanwhile."""
    began, go_on = threading.Event(), threading.Event()

    async def slow(connection: AsyncConnection) -> int:
        began.set()
        go_on.wait(10)
        return await _here(connection)

    reading = asyncio.create_task(store.read(slow))
    await asyncio.to_thread(began.wait, 10)
    reading.cancel()
    await asyncio.sleep(0)
    assert not reading.done()
    go_on.set()

    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await store.read(_here)


async def test_a_long_read_that_is_given_up_is_broken_off(store: Store) -> None:
    """A stop does not wait until all of a large table was looked through."""
    forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    began = threading.Event()

    async def slow(connection: AsyncConnection) -> int:
        began.set()
        return int((await connection.execute(text(forever))).scalar_one())

    reading = asyncio.create_task(store.read(slow))
    await asyncio.to_thread(began.wait, 10)
    reading.cancel()

    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert await store.read(_here)


async def test_a_group_of_many_writes_lets_the_loop_turn(store: Store) -> None:
    """Units that take their time do not hold up what else the process has to do."""
    turns = 0

    async def slow(connection: AsyncConnection, number: int) -> None:
        time.sleep(2 * BREATH)  # noqa: ASYNC251 - as a statement that looks through much
        await records.set_cursor(connection, str(number), {})

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await asyncio.gather(
        *(
            store.write(lambda c, n=n: slow(c, n))  # type: ignore[misc]
            for n in range(50)
        )
    )
    counting.cancel()

    assert turns >= 50


def test_a_cursor_that_is_closed_waits_for_nothing() -> None:
    """Only the connection's own ``close`` does."""
    connection = sqlite3.connect(":memory:")
    cursor = connection.cursor()

    assert not may_wait(cursor.close, ())
    assert may_wait(connection.close, ())
    assert may_wait(cursor.execute, ("PRAGMA journal_mode=WAL",))
    cursor.close()
    connection.close()


async def test_an_engine_event_still_sees_every_statement(store: Store) -> None:
    """What counts statements, or logs slow ones, needs no change."""
    seen: list[str] = []
    event.listen(
        store.engine.sync_engine, "before_cursor_execute", lambda *args: seen.append(args[2])
    )

    await store.write(lambda c: records.set_cursor(c, "a", {"n": 1}))

    assert [each.split()[0] for each in seen] == ["INSERT"]
