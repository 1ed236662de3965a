"""Tells the other nodes that this one lives, and takes over from those that do not."""

from __future__ import annotations

import contextlib
import os

import structlog

from bridgebot.errors import StoreError
from bridgebot.store import leases, queues
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.schema import inbox, outbox
from bridgebot.workers.context import Context

log = structlog.get_logger()


class Heartbeat:
    """Renews this node's lease and rescues what dead nodes held."""

    name = "heartbeat"

    def __init__(self, context: Context) -> None:
        self._context = context

    async def begin(self) -> None:
        """Take this node's lease and end those of predecessors known to be dead."""
        known = await self._context.store.read(leases.owners)
        for owner in known:
            if is_dead(owner, self._context.owner):
                await self._context.store.write(lambda c, owner=owner: leases.end(c, owner))  # type: ignore[misc]
        await self.step()

    async def step(self) -> float:
        """Renew, then rescue; see ``Worker.step``."""
        name, owner = f"node:{self._context.owner}", self._context.owner
        now = self._context.ms()
        if not await self._context.store.write(
            lambda c: leases.take(c, name, owner=owner, now=now)
        ):
            raise StoreError("another process uses this node's name")
        settle = int(self._context.settle * 1000)
        for table in (inbox, outbox):
            rescued = await self._context.store.write(
                lambda c, table=table: queues.rescue(c, table, now, settle)  # type: ignore[misc]
            )
            if rescued:
                log.warning("rescued", queue=table.name, deliveries=rescued)
                self._context.signals.reconcile.set()
        return LEASE_MS / 3000

    async def end(self) -> None:
        """Give this node's leases up, so that another may take over at once."""
        with contextlib.suppress(StoreError):
            await self._context.store.write(lambda c: leases.release(c, self._context.owner))


def is_dead(owner: str, me: str) -> bool:
    """Tell whether a node surely is no more: it was a process of this host that is gone.

    Of other hosts nothing is known but their lease.
    """
    try:
        host, pid, _ = owner.split(":")
        my_host, my_pid, _ = me.split(":")
        if host != my_host or owner == me:
            return False
        if pid == my_pid:
            return True
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except (ValueError, OSError):
        return False
    return False
