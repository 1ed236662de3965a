"""Brings what Slack shows in line with the store: marks on replies, root cards, alerts.

All of it is a view: coalesced, made again after a restart, and never in the way of a delivery.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.errors import SlackError
from bridgebot.slack.faults import LOST
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.pacing import POST
from bridgebot.store import marks, records
from bridgebot.store.records import AlertRow
from bridgebot.store.rows import ConversationRow, OutboxRow, conversation_row
from bridgebot.store.schema import conversations as table
from bridgebot.workers.cards import card_of
from bridgebot.workers.context import Context
from bridgebot.workers.lease import STANDBY_SECONDS, Lease
from bridgebot.workers.pool import HasId

log = structlog.get_logger()


Row = TypeVar("Row", bound=HasId)

PAUSE = 1.0
AT_ONCE = 20
LEAST_SECONDS = 3.0
"""How long the lease must still last when something is drawn."""

SLOW_SECONDS = 10.0
"""How long after its undo window a reply that is still open gets its hourglass."""


class Presenter:
    """Draws what changed."""

    name = "presenter"

    def __init__(
        self,
        context: Context,
        gateway: Gateway,
        *,
        undo: float,
        draw_alert: Callable[[AlertRow], Awaitable[None]],
        ready_in: Callable[[str], float] = lambda _method: 0.0,
    ) -> None:
        self._context = context
        self._gateway = gateway
        self._undo = undo
        self._draw_alert = draw_alert
        self._ready_in = ready_in
        self._not_before: dict[str, int] = {}
        self._lease = Lease(context, "slack", kind="views")

    async def step(self) -> float:
        """Draw marks first, then alerts, then cards; see ``Worker.step``.

        One node draws: an alert that two draw for the first time would be posted twice.
        """
        if not await self._lease.hold():
            return STANDBY_SECONDS
        with self._context.pulse.since(self._context.pulse.epoch):
            return await self._draw_all()

    async def _draw_all(self) -> float:
        return 0.0 if await self._marks() + await self._alerts() + await self._cards() else PAUSE

    async def _marks(self) -> int:
        slow = self._context.ms() - int((self._undo + SLOW_SECONDS) * 1000)
        rows = await self._context.store.peek(
            lambda c: marks.unmarked(c, slow_before=slow, limit=AT_ONCE)
        )
        return await self._draw("mark", "reactions.add", rows, self._mark)

    async def _alerts(self) -> int:
        leased_at, me = self._context.leased_at(), self._context.owner
        rows = await self._context.store.peek(
            lambda c: records.unshown_alerts(c, AT_ONCE, owner=me, leased_at=leased_at)
        )
        fresh = [row for row in rows if row.ts is None]
        known = [row for row in rows if row.ts is not None]
        drawn = await self._draw("alert", POST, fresh, self._draw_alert)
        return drawn + await self._draw("alert", "chat.update", known, self._draw_alert)

    async def _cards(self) -> int:
        rows = await self._context.store.peek(_stale_cards)
        return await self._draw("card", "chat.update", rows, self._card)

    async def _draw(
        self,
        kind: str,
        method: str,
        rows: Sequence[Row],
        draw: Callable[[Row], Awaitable[None]],
    ) -> int:
        """Draw as many as the method's budget allows now; the others' turn comes later."""
        drawn = 0
        for row in rows:
            if self._ready_in(method) > 0 or not self._lease.lasts(LEAST_SECONDS):
                break
            drawn += await self._try(f"{kind}:{row.id}", row, draw)
        return drawn

    async def _try(self, key: str, row: Row, draw: Callable[[Row], Awaitable[None]]) -> bool:
        """Draw one thing; what Slack refuses now is tried again later."""
        if self._not_before.get(key, 0) > self._context.ms():
            return False
        try:
            await draw(row)
        except SlackError as error:
            wait = error.after or 15.0
            self._not_before[key] = self._context.ms() + int(wait * 1000)
            log.info("not_drawn", view=key, code=error.code)
            return False
        self._not_before.pop(key, None)
        return True

    async def _mark(self, row: OutboxRow) -> None:
        wanted = row.mark_wanted or "hourglass_flowing_sand"
        try:
            if row.mark_shown:
                await self._gateway.unreact(row.channel, row.ts, row.mark_shown)
            await self._gateway.react(row.channel, row.ts, wanted)
        except SlackError as error:
            if error.code not in LOST:
                raise
        await self._context.store.write(lambda c: marks.note_mark(c, row.id, wanted))

    async def _card(self, row: ConversationRow) -> None:
        card = card_of(row, self._context)
        try:
            await self._gateway.update(
                row.channel, row.thread_ts or "", card.text, blocks=card.blocks
            )
        except SlackError as error:
            if error.code not in LOST:
                raise
        await self._context.store.write(lambda c: _note_card(c, row))


async def _stale_cards(connection: AsyncConnection) -> list[ConversationRow]:
    query = (
        select(table)
        .where(table.c.card_wanted != table.c.card_shown, table.c.thread_ts.is_not(None))
        .order_by(table.c.id)
        .limit(AT_ONCE)
    )
    return [conversation_row(row) for row in (await connection.execute(query)).mappings()]


async def _note_card(connection: AsyncConnection, row: ConversationRow) -> None:
    await connection.execute(
        update(table).where(table.c.id == row.id).values(card_shown=row.card_wanted)
    )
