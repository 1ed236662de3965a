"""Erases what is older than it may be, a little at a time, and cleans up after it."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import audit, cleaning, retention
from bridgebot.store.database import Store
from bridgebot.store.retention import Erased

log = structlog.get_logger()

DAY_MS = 86_400_000
BATCH = 200
"""Rows of each kind in one transaction; deliveries go on between two of them."""

BETWEEN = 0.2
PAUSE = 6 * 3600.0
"""Cleaning up touches the whole full-text index: a few times a day is enough."""


class Pruner:
    """Keeps ``RETENTION_DAYS`` and ``AUDIT_DAYS``; 0 days keep for good."""

    name = "pruner"

    def __init__(
        self, store: Store, *, days: float, audit_days: float, now: Callable[[], int]
    ) -> None:
        self._store = store
        self._days = days
        self._audit_days = audit_days
        self._now = now

    async def step(self) -> float:
        """Erase one batch, or clean up after the last one; see ``Worker.step``."""
        erased, trail = await self.batch()
        if erased.counts() or trail:
            log.info("pruned", **erased.counts(), audit=trail)
            return BETWEEN
        return BETWEEN if await cleaning.clean(self._store) else PAUSE

    async def batch(self) -> tuple[Erased, int]:
        """Erase one batch; return what was erased, and how many lines of the audit trail."""
        now = self._now()
        return await self._store.write(lambda c: self._batch(c, now))

    async def _batch(self, connection: AsyncConnection, now: int) -> tuple[Erased, int]:
        erased, trail = Erased(), 0
        if self._days:
            before = now - int(self._days * DAY_MS)
            erased = await retention.erase_old(connection, before=before, now=now, limit=BATCH)
        if erased.counts():
            await cleaning.want(connection)
            await audit.note(
                connection, at=now, actor=audit.BRIDGE, act="pruned", detail=erased.counts()
            )
        if self._audit_days:
            before = now - int(self._audit_days * DAY_MS)
            trail = await audit.prune(connection, before=before, limit=BATCH)
        return erased, trail
