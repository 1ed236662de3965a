"""When a call to SQLite changes threads: only where it may wait.

aiosqlite hands every call to the connection's thread. That is about thirty changes of thread for
one message, each dearer than the statement, and on a busy machine each of them waits for its turn.
A statement that finds its rows by an index is done in microseconds, so it is made where the caller
is; what waits for the disk or for somebody's lock still goes to the thread, and so does a read that
may look through much, as a whole (``in_its_thread``).
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
Work = Callable[[], Coroutine[Any, Any, T]]

WAITING_CALLS = frozenset({"commit", "close"})
"""Calls of the connection; a cursor's ``close`` waits for nothing."""

LOCKING = "BEGIN IMMEDIATE"
WAITING_STATEMENTS = (LOCKING, "PRAGMA")

BUSY_MS = 5_000
"""How long a connection waits for somebody else's lock."""

STATEMENTS = 512
"""Statements that a connection keeps ready; all that the bridge has fit in."""

_here = threading.local()


class ThreadConnection(aiosqlite.Connection):
    """A connection of one user at a time, whose short calls stay in the thread of the caller."""

    _changes_before = -1
    _waits = BUSY_MS

    async def _connect(self) -> ThreadConnection:
        """Open the file; where it cannot be opened the thread has ended, too, when that is said.

        It would tell its end to a loop that may be closed by then.
        """
        try:
            await super()._connect()
        except BaseException:
            self._thread.join()
            raise
        return self

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        if getattr(_here, "connection", None) is self or not self._may_wait(fn, args):
            return fn(*args, **kwargs)
        if args[:1] == (LOCKING,):
            with contextlib.suppress(sqlite3.OperationalError):
                return self._at_once(fn, *args)
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]

    def _at_once(self, fn: Callable[..., Any], *args: Any) -> Any:  # noqa: ANN401
        """Take the write lock where it is free, as it nearly always is; raise where it is not."""
        self._let_wait(0)
        try:
            begun = fn(*args)
            self._changes_before = self._conn.total_changes
            return begun
        finally:
            self._let_wait(BUSY_MS)

    def _may_wait(self, fn: Callable[..., Any], args: tuple[Any, ...]) -> bool:
        if fn.__name__ == "commit" and self._conn.total_changes == self._changes_before:
            # Nothing was written, so there is nothing to put on disk.
            return False
        return may_wait(fn, args)

    @property
    def here(self) -> sqlite3.Connection:
        """Give the connection itself, for what is done where the caller is."""
        return self._conn

    async def begin(self) -> None:
        """Begin a transaction that will write, on a connection that does nothing else.

        How long it waits for a lock stays as it is set here until ``give_back``.
        """
        try:
            self._let_wait(0)
            self._conn.execute(LOCKING)
        except sqlite3.OperationalError:
            self._let_wait(BUSY_MS)
            await super()._execute(self._conn.execute, LOCKING)  # type: ignore[no-untyped-call]
        self._changes_before = self._conn.total_changes

    def give_back(self) -> None:
        """Make it again what all others are: it may be used for something else."""
        with contextlib.suppress(sqlite3.Error):
            self._let_wait(BUSY_MS)

    def _let_wait(self, milliseconds: int) -> None:
        """Tell SQLite how long this connection waits for somebody else's lock."""
        if self._waits != milliseconds:
            self._conn.execute(f"PRAGMA busy_timeout={milliseconds}")
            self._waits = milliseconds

    async def run(self, work: Work[T]) -> T:
        """Run a coroutine function in the connection's thread, to its end."""
        result: T = await super()._execute(self._to_the_end, work)  # type: ignore[no-untyped-call]
        return result

    def _to_the_end(self, work: Work[T]) -> T:
        coroutine = work()
        _here.connection = self
        try:
            coroutine.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            _here.connection = None
            coroutine.close()
        raise RuntimeError("a unit waited for something else than its connection")


def may_wait(fn: Callable[..., Any], args: tuple[Any, ...]) -> bool:
    """Tell whether a call may have to wait for the disk or for a lock."""
    if fn.__name__ in WAITING_CALLS:
        return isinstance(getattr(fn, "__self__", None), sqlite3.Connection)
    return bool(args) and isinstance(args[0], str) and args[0].startswith(WAITING_STATEMENTS)


def connect(path: str, **more: Any) -> ThreadConnection:  # noqa: ANN401 - the driver's own
    """Open a connection, as ``aiosqlite.connect`` does."""
    opening = partial(
        sqlite3.connect,
        path,
        **{**more, "check_same_thread": False, "cached_statements": STATEMENTS},
    )
    made = ThreadConnection(opening, iter_chunk_size=64)
    # A thread that waits for its next call must not keep a process alive.
    made._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy sets it on those it opens itself
    return made


def driver_of(connection: AsyncConnection) -> ThreadConnection:
    """Find SQLite's own connection below SQLAlchemy's."""
    sync = connection.sync_connection
    driver = None if sync is None else sync.connection.driver_connection
    assert isinstance(driver, ThreadConnection)  # noqa: S101 - the engine opens no others
    return driver


async def in_its_thread(connection: AsyncConnection, work: Work[T]) -> T:
    """Run what uses a connection and nothing else: on SQLite in its thread, else where we are.

    Where the caller is cancelled the read is broken off: it may look through all there is, and the
    connection is in use until its end.
    """
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, ThreadConnection):
        return await work()
    running = asyncio.ensure_future(driver.run(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            driver.here.interrupt()
            # Between two statements there is nothing to break off.
            await asyncio.wait([running], timeout=0.1)
        running.exception()
        raise
