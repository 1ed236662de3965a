"""Reads entries again that were put aside, when an operator asks for it."""

from __future__ import annotations

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Batch, Unreadable
from bridgebot.store import quarantined
from bridgebot.store.quarantined import Aside
from bridgebot.workers import trail
from bridgebot.workers.context import Context
from bridgebot.workers.intake import Stored, store_batch

log = structlog.get_logger()

PAUSE = 2.0
SWITCHED_OFF = "its provider is not switched on, or cannot read single entries"


class Rereader:
    """Takes what ``bridgebot deliveries retry q…`` names."""

    name = "rereader"

    def __init__(self, context: Context) -> None:
        self._context = context

    async def step(self) -> float:
        """Read again what was asked for; see ``Worker.step``."""
        for row in await self._context.store.read(quarantined.wanted):
            stored = await self._context.store.write(lambda c, row=row: self._unit(c, row))  # type: ignore[misc]
            log.info("read_again", entry=row.id, readable=stored is not None)
            if stored is not None:
                trail.arrived(self._context, row.provider, stored.queued, began=stored.began)
                self._context.signals.all()
        return PAUSE

    async def _unit(self, connection: AsyncConnection, row: Aside) -> Stored | None:
        """Store an entry like any other if it can be read now; else say why not, again."""
        batch, now = self._read(row), self._context.ms()
        if batch.unreadable:
            reason = batch.unreadable[0].reason
            await quarantined.refuse(connection, row.id, reason)
            return None
        stored = await store_batch(connection, self._context, row.provider, batch)
        line = "It could be read after all."
        await quarantined.resolve(connection, row.id, line=line, now=now)
        return stored

    def _read(self, row: Aside) -> Batch:
        provider = self._context.providers.get(row.provider)
        if provider is None or provider.reread is None:
            return Batch(messages=(), unreadable=(Unreadable(raw=row.raw, reason=SWITCHED_OFF),))
        return provider.reread(row.raw)
