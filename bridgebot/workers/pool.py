"""Keeps a bounded number of deliveries in flight."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Generic, Protocol, TypeVar, cast

import structlog

from bridgebot.errors import BridgebotError
from bridgebot.workers.context import Pulse, nudge

log = structlog.get_logger()

GATHER = 0.02
"""How long places are gathered at most before a claim, in seconds."""
DOUBTFUL, AGAIN, ALWAYS = 60.0, 5.0, 60.0
"""For how many seconds a claim whose answer was lost is looked for every so often, and how often
after that: the server commits when its disk comes back, whether or not the client still waits."""
RECOVER_AGAIN, RECOVER_TOLD = 1.0, 60
"""Seconds after which a row is recovered again where that was refused, and at each how many-th
refusal the log says so."""


class HasId(Protocol):
    """A row with the store's own id."""

    @property
    def id(self) -> int:
        """Return the id."""
        ...


Row = TypeVar("Row", bound=HasId)


class Pool(Generic[Row]):
    """Claims rows while there is room and handles each in a task of its own.

    So one slow call holds up one place and not those behind it. ``wake`` is set when a place
    comes free, so nobody needs to look again before. A row whose end could not be written down (the
    database was away, or somebody has locked it) keeps its place until ``recover`` has taken it;
    any other error that a handler lets out is raised by the next ``fill``.

    ``doubts`` counts how often a write's outcome became unknown; after such a one, and at times,
    ``release`` gives back what was claimed without this pool's knowledge. Nothing is claimed while
    this node's lease has run out.
    """

    def __init__(
        self,
        *,
        size: int,
        claim: Callable[[int], Awaitable[Sequence[Row]]],
        handle: Callable[[Row], Awaitable[None]],
        recover: Callable[[Row], Awaitable[None]],
        release: Callable[[Collection[int]], Awaitable[None]],
        doubts: Callable[[], int],
        pulse: Pulse,
        wake: asyncio.Event,
    ) -> None:
        self._size = size
        self._claim = claim
        self._handle = handle
        self._recover = recover
        self._release = release
        self._doubts = doubts
        self._doubted = doubts()
        self._pulse = pulse
        self._release_at, self._doubtful_until = pulse.time() + ALWAYS, 0.0
        self._wake = wake
        self._running: dict[asyncio.Task[None], Row] = {}
        self._claimed_at = -GATHER
        self._held_back = False
        self._failed: list[BaseException] = []

    @property
    def busy(self) -> int:
        """Count what is in flight."""
        return len(self._running)

    @property
    def gathers(self) -> float:
        """Tell in how many seconds to ask again where the last ``fill`` gathered places.

        A claim that found too little is no reason to look again so soon: what comes wakes.
        """
        return self._gathers() if self._held_back else 0.0

    def _gathers(self) -> float:
        """Tell for how many seconds more places are gathered, so that one claim serves several.

        Never where half of them are free: what comes to a pool with room is taken at once.
        """
        if 2 * len(self._running) <= self._size:
            return 0.0
        return max(0.0, self._claimed_at + GATHER - self._pulse.time())

    async def fill(self) -> int:
        """Claim as many rows as there is room for; return how many were started."""
        if self._failed:
            raise self._failed.pop(0)
        await self._release_unknown()
        if not self._pulse.beats():
            # Nothing of it could be sent, and others would take it for work of a node that died.
            return 0
        room = self._size - len(self._running)
        self._held_back = room > 0 and self._gathers() > 0
        if room <= 0 or self._held_back:
            return 0
        self._claimed_at = self._pulse.time()
        epoch = self._pulse.epoch
        rows = await self._claim(room)
        for row in rows:
            self._running[asyncio.create_task(self._run(row, epoch))] = row
        return len(rows)

    async def _release_unknown(self) -> None:
        """Give back what was claimed without this pool's knowledge."""
        doubts, now = self._doubts(), self._pulse.time()
        if doubts != self._doubted:
            self._doubted, self._release_at, self._doubtful_until = doubts, now, now + DOUBTFUL
        if now >= self._release_at:
            await self._release([row.id for row in self._running.values()])
            self._release_at = now + (AGAIN if now < self._doubtful_until else ALWAYS)

    async def _run(self, row: Row, epoch: int) -> None:
        try:
            with self._pulse.since(epoch):
                await self._handle(row)
        except BridgebotError as error:
            log.warning("end_not_recorded", reason=str(error))
            await self._recover_in_time(row)
        except Exception as error:  # noqa: BLE001 - raised by the next `fill`
            self._failed.append(error)
        finally:
            # Here and not when the task is done, a turn later: who looks meanwhile looks again.
            self._running.pop(cast("asyncio.Task[None]", asyncio.current_task()), None)
            nudge(self._wake)

    async def _recover_in_time(self, row: Row) -> None:
        """Recover a row as soon as it can be; meanwhile others are worked on."""
        for tries in itertools.count():
            try:
                await self._recover(row)
            except BridgebotError as error:
                if tries % RECOVER_TOLD == 0:
                    log.warning("not_recovered", delivery=row.id, reason=str(error))
                await asyncio.sleep(RECOVER_AGAIN)
            except Exception as error:  # noqa: BLE001 - raised by the next `fill`
                self._failed.append(error)
                return
            else:
                return

    async def drain(self) -> None:
        """Wait until nothing is in flight."""
        while self._running:
            await asyncio.wait(self._running)
        if self._failed:
            raise self._failed.pop(0)
