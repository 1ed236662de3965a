"""Group commit: writes that wait at the same moment share one durable transaction."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridgebot.elapsed import elapsed
from bridgebot.errors import StoreError
from bridgebot.store.engine import FAULTS, is_crowded, is_lost
from bridgebot.store.lasting import Lasting

T = TypeVar("T")
Unit = Callable[[AsyncConnection], Awaitable[T]]

GROUP = 128
PAUSE = 0.05
PATIENCE = 14.0
"""Seconds for which a unit waits for another node's lock: longer than a node that stands still may
keep it (``STALLED_MS`` and two looks of ``workers/neighbours.py``)."""
LAST_PATIENCE = 3.0
"""The same when the store is about to be closed."""
BESIDE = 4
"""How many units try at the same time, for the first time and again, each on its connection."""
BREATH = 0.002
"""Seconds of work after which others have a turn of the loop."""


@dataclass(slots=True, eq=False)
class _Waiting:
    unit: Unit[Any]
    done: asyncio.Future[Any]


class Writer:
    """Runs units of work, in the order they came, and answers each when it is on disk.

    A unit is a function of a connection and waits for nothing else. It may run twice (when another
    unit of its group fails, the group is rolled back and each is tried alone), so it must have no
    effect outside the database. Its result is handed out only after the commit. ``doubts`` counts
    the transactions of which nobody knows whether they took effect, since the connection went away,
    and the times that the database was away.
    On PostgreSQL a unit that another node's lock keeps out waits for it beside those behind it, so
    that only a caller that waits for its first unit before it hands in the next has them in order.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._connection = Lasting(engine)
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._beside: set[asyncio.Task[None]] = set()
        self._first_places, self._places = asyncio.Semaphore(BESIDE), asyncio.Semaphore(BESIDE)
        self._ends_at = math.inf
        self.commits = 0
        self.doubts = 0

    async def start(self) -> None:
        """Begin to serve."""
        self._ends_at = math.inf
        self._task = asyncio.create_task(self._serve(), name="writer")

    async def stop(self) -> None:
        """Finish what waits, then end; nothing more is taken."""
        self._ends_at = elapsed() + LAST_PATIENCE
        await self._queue.join()
        await asyncio.gather(*self._beside, return_exceptions=True)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._connection.close()

    async def run(self, unit: Unit[T]) -> T:
        """Run a unit and return its result once it is durable.

        Raises ``StoreError`` where the database refuses, and whatever the unit itself raises.
        """
        if self._task is None or self._task.done() or self._ends_at < math.inf:
            raise StoreError("the store is closed")
        waiting = _Waiting(unit, asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        result: T = await waiting.done
        return result

    def doubt(self) -> None:
        """Take note that the database was away: the server that answers now may know less."""
        self.doubts += 1

    async def _serve(self) -> None:
        while True:
            group = [await self._queue.get()]
            while len(group) < GROUP and not self._queue.empty():
                group.append(self._queue.get_nowait())
            try:
                await self._commit(group, open_to_more=True)
            except BaseException:
                for waiting in group:
                    waiting.done.cancel()
                raise
            finally:
                for _ in group:
                    self._queue.task_done()

    def _joining(self, group: list[_Waiting]) -> Iterator[_Waiting]:
        """Walk a group, and those that come while it is run: they share its commit."""
        for number in itertools.count():
            if number == len(group) and number < GROUP and not self._queue.empty():
                group.append(self._queue.get_nowait())
            if number == len(group):
                return
            yield group[number]

    async def _commit(self, group: list[_Waiting], *, open_to_more: bool = False) -> None:
        """Commit a group together; when that fails, each alone, so that each has its answer."""
        try:
            results = await self._transaction(group, open_to_more=open_to_more)
        except Exception as error:  # noqa: BLE001 - handed to the caller that waits
            await self._failed(group, error)
            return
        for waiting, result in zip(group, results, strict=True):
            if not waiting.done.done():
                waiting.done.set_result(result)

    async def _failed(self, group: list[_Waiting], error: Exception) -> None:
        """Try again what may be tried again.

        Not where the connection went away: it may have taken effect, and each caller knows best
        what follows from that.
        """
        if is_lost(error):
            self.doubt()
            for waiting in group:
                _refuse(waiting, error)
        elif is_crowded(error):
            for waiting in group:
                task = asyncio.create_task(self._wait_beside(waiting))
                self._beside.add(task)
                task.add_done_callback(self._beside.discard)
        elif len(group) > 1:
            for waiting in group:
                await self._commit([waiting])
        else:
            _refuse(group[0], error)

    async def _wait_beside(self, waiting: _Waiting) -> None:
        """Try alone, and again until nobody is in the way; those behind are not held up by it."""
        # Who wants no lock at all goes before those that try again.
        until, places = elapsed() + PATIENCE, self._first_places
        while not waiting.done.done():
            try:
                async with places:
                    [result] = await self._transaction([waiting])
            except Exception as error:  # noqa: BLE001 - handed to the caller that waits
                if is_crowded(error) and elapsed() < min(until, self._ends_at):
                    places = self._places
                    await asyncio.sleep(PAUSE)
                    continue
                self.doubts += is_lost(error)
                _refuse(waiting, error)
            except BaseException:
                waiting.done.cancel()
                raise
            else:
                if not waiting.done.done():
                    waiting.done.set_result(result)

    async def _transaction(self, group: list[_Waiting], *, open_to_more: bool = False) -> list[Any]:
        units = self._joining(group) if open_to_more else iter(group)
        async with self._connection.to_write() as connection:
            results, breathed = [], elapsed()
            for waiting in units:
                results.append(await waiting.unit(connection))
                # Others get a turn of the loop: on SQLite no statement gives them one. What they
                # write then joins this group.
                if waiting is group[-1] or elapsed() - breathed > BREATH:
                    await asyncio.sleep(0)
                    breathed = elapsed()
        self.commits += 1
        return results


def _refuse(waiting: _Waiting, error: Exception) -> None:
    if waiting.done.done():
        return
    if isinstance(error, FAULTS):
        refused = StoreError(f"the database refused: {in_words(error)}")
        refused.__cause__ = error
        waiting.done.set_exception(refused)
    else:
        waiting.done.set_exception(error)


READ_ONLY = "; see that its file and directory are writable for the user who runs the bridge"


def in_words(error: Exception) -> str:
    """Say what the driver said, without the statement and its values."""
    cause = getattr(error, "orig", None) or error
    said = str(cause).splitlines()[0][:200] if str(cause) else type(cause).__name__
    return f"{said}{READ_ONLY}" if "readonly database" in said else said
