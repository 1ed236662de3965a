"""Tells the other nodes that this one lives, and takes over from those that do not."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

import structlog
from sqlalchemy import Table

from bridgebot.errors import StoreError
from bridgebot.store import leases, queues
from bridgebot.store.engine import was_crowded
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.schema import inbox, outbox
from bridgebot.workers.context import Context

log = structlog.get_logger()

PATIENCE = 2.0
"""Seconds that a rescue may take: the lease is not renewed meanwhile."""


class Heartbeat:
    """Renews this node's lease and rescues what dead nodes held."""

    name = "heartbeat"
    longest_pause = 2.0
    """While it pauses after a failure this node sends nothing."""

    def __init__(
        self, context: Context, *, on_return: Callable[[float], None] = lambda _seconds: None
    ) -> None:
        self._context = context
        self._on_return = on_return
        self._beat_at: float | None = None
        self._failed = False

    async def begin(self) -> None:
        """Take this node's lease and end those of predecessors known to be dead."""
        known = await self._context.store.read(leases.owners)
        for owner in known:
            if is_dead(owner, self._context.owner):
                await self._context.store.write(lambda c, owner=owner: leases.end(c, owner))  # type: ignore[misc]
        await self.step()

    async def step(self) -> float:
        """Renew, then rescue; see ``Worker.step``."""
        await self._beat()
        try:
            async with asyncio.timeout(PATIENCE):
                for table in (inbox, outbox):
                    await self._rescue(table)
        except TimeoutError:
            log.warning("not_rescued", reason="it took too long")
        # The next beat must not be late for it.
        late = self._context.pulse.time() - (self._beat_at or 0.0)
        return max(0.0, LEASE_MS / 3000 - late)

    async def _rescue(self, table: Table) -> None:
        """Take back what dead nodes held; where that is refused the next beat tries again."""
        try:
            await self._take_back(table)
        except StoreError as error:
            log.warning("not_rescued", queue=table.name, reason=str(error))

    async def _take_back(self, table: Table) -> None:
        """Take back what dead nodes held, ahead of all writes that wait."""
        now, leased_at = self._context.ms(), self._context.leased_at()
        settle = int(self._context.settle * 1000)
        rescued = await self._context.store.write_now(
            lambda c: queues.rescue(c, table, now, settle, leased_at=leased_at)
        )
        if rescued:
            log.warning("rescued", queue=table.name, deliveries=rescued)
            self._context.signals.reconcile.set()

    async def _beat(self) -> None:
        """Renew this node's lease, ahead of all writes that wait.

        After a time without the database there is something to make up for: what staff wrote could
        not be stored, and Slack may have given up telling of it.
        """
        name, owner, pulse = f"node:{self._context.owner}", self._context.owner, self._context.pulse
        began, leased_at = pulse.time(), self._context.leased_at()
        try:
            mine = await self._context.store.write_now(
                lambda c: leases.take(c, name, owner=owner, now=leased_at)
            )
        except StoreError as error:
            # A lock that is not to be had for a moment is no absence.
            self._failed = self._failed or not was_crowded(error)
            raise
        if not mine:
            raise StoreError("another process uses this node's name")
        pulse.beat(began)
        if self._failed and self._beat_at is not None:
            gap = pulse.time() - self._beat_at
            log.warning("database_back", seconds=round(gap, 1))
            self._context.store.writer.doubt()
            self._on_return(gap)
            self._context.signals.nudge_all()
        self._failed, self._beat_at = False, began

    async def end(self) -> None:
        """Give this node's leases up, so that another may take over at once."""
        with contextlib.suppress(StoreError):
            await self._context.store.write(lambda c: leases.release(c, self._context.owner))


def is_dead(owner: str, me: str) -> bool:
    """Tell whether a node surely is no more: it was a process of this host that is gone.

    Of other hosts nothing is known but their lease; nor of other containers, which may share the
    host's name and count their processes for themselves (the number behind the dot).
    """
    try:
        host, pid, word = owner.split(":")
        my_host, my_pid, my_word = me.split(":")
        if host != my_host or owner == me or _space(word) != _space(my_word):
            return False
        if pid == my_pid:
            return True
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (ValueError, OSError):
        return False
    return False


def _space(word: str) -> str:
    return word.partition(".")[2]
