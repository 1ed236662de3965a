"""Brings what Slack shows in line with the store: marks on replies, root cards, alerts.

All of it is a view: coalesced, made again after a restart, and never in the way of a delivery.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import structlog

from bridgebot.errors import SlackError
from bridgebot.rendering.to_slack import message_posts
from bridgebot.slack.faults import LOST
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.pacing import POST
from bridgebot.store import cards, marks, records, redactions
from bridgebot.store.cards import Shown
from bridgebot.store.records import AlertRow
from bridgebot.store.rows import ConversationRow, InboxRow, OutboxRow
from bridgebot.workers.cards import card_of, digest
from bridgebot.workers.context import Context
from bridgebot.workers.lease import STANDBY_SECONDS, Lease
from bridgebot.workers.pool import HasId

log = structlog.get_logger()


Row = TypeVar("Row", bound=HasId)
Drawn = TypeVar("Drawn")

PAUSE = 1.0
AT_ONCE = 20
CARDS_MS = 1_000
"""Cards are drawn once in this time: a burst of messages changes a card once, not each time."""

LEAST_SECONDS = 3.0
"""How long the lease must still last when something is drawn."""

SLOW, SLOW_SECONDS = "hourglass_flowing_sand", 10.0
"""The mark of a reply that is still open so long after its undo window."""


class Presenter:
    """Draws what changed; ``breath`` is how many seconds at least lie between two looks.

    What changes meanwhile is drawn, and written down, together.
    """

    name = "presenter"

    def __init__(
        self,
        context: Context,
        gateway: Gateway,
        *,
        undo: float,
        draw_alert: Callable[[AlertRow], Awaitable[None]],
        ready_in: Callable[[str], float] = lambda _method: 0.0,
        breath: float = 0.0,
    ) -> None:
        self._context = context
        self._gateway = gateway
        self._undo = undo
        self._draw_alert = draw_alert
        self._ready_in = ready_in
        self._not_before: dict[str, int] = {}
        self._cards_at = 0
        self._breath_ms = int(breath * 1000)
        self._calm_at = 0
        # What a predecessor drew last may not be written down.
        self._trusts = False
        self._lease = Lease(context, "slack", kind="views")

    async def step(self) -> float:
        """Draw marks first, then alerts, then cards; see ``Worker.step``.

        One node draws: an alert that two draw for the first time would be posted twice.
        """
        if not await self._lease.hold():
            self._trusts = False
            return STANDBY_SECONDS
        left = self._calm_at + self._breath_ms - self._context.ms()
        if 0 < left <= self._breath_ms:
            return left / 1000
        with self._context.pulse.since(self._context.pulse.epoch):
            pause = await self._draw_all()
        if pause:
            self._calm_at = self._context.ms()
        return pause

    async def _draw_all(self) -> float:
        if await self._marks() + await self._alerts() + await self._redacted():
            return 0.0
        wait = self._cards_at - self._context.ms()
        # A clock that was set back keeps no card waiting.
        if 0 < wait <= CARDS_MS:
            return min(PAUSE, wait / 1000)
        if await self._cards():
            self._cards_at = self._context.ms() + CARDS_MS
        return PAUSE

    async def _marks(self) -> int:
        slow = self._slow_before()
        rows = await self._context.store.peek(
            lambda c: marks.unmarked(c, slow_before=slow, limit=AT_ONCE)
        )
        drawn = await self._draw("mark", "reactions.add", rows, self._mark)
        if drawn:
            await self._context.store.write(lambda c: marks.note_marks(c, drawn))
        return len(drawn)

    def _slow_before(self) -> int:
        return self._context.ms() - int((self._undo + SLOW_SECONDS) * 1000)

    async def _alerts(self) -> int:
        leased_at, me = self._context.leased_at(), self._context.owner
        rows = await self._context.store.peek(
            lambda c: records.unshown_alerts(c, AT_ONCE, owner=me, leased_at=leased_at)
        )
        fresh = [row for row in rows if row.ts is None]
        known = [row for row in rows if row.ts is not None]
        drawn = await self._draw("alert", POST, fresh, self._draw_alert)
        drawn += await self._draw("alert", "chat.update", known, self._draw_alert)
        return len(drawn)

    async def _redacted(self) -> int:
        most = self._most("redaction")
        rows = await self._context.store.peek(lambda c: redactions.stale(c, most))
        return len(await self._draw("redaction", "chat.update", rows, self._take_back))

    def _most(self, kind: str) -> int:
        """Tell how many to list, so that what Slack refused lately keeps no others waiting."""
        return AT_ONCE + sum(key.startswith(f"{kind}:") for key in self._not_before)

    async def _cards(self) -> int:
        """Draw cards that differ; what changes again within a second is drawn once."""
        most = self._most("card")
        rows = await self._context.store.peek(lambda c: cards.stale(c, most))
        drawn: list[Shown] = []
        fresh = []
        for row in rows:
            key = f"card:{row.id}"
            if self._waits(key):
                continue
            card = digest(card_of(row, self._context))
            # After a call that failed nobody knows what Slack shows.
            if card == row.card_drawn and self._trusts and key not in self._not_before:
                drawn.append(Shown(row.id, row.card_wanted, card))
            else:
                fresh.append(row)
        self._trusts = self._trusts or len(rows) < most
        shown = await self._draw("card", "chat.update", fresh[:AT_ONCE], self._card)
        if drawn or shown:
            await self._context.store.write(lambda c: cards.note_shown(c, [*drawn, *shown]))
        return len(shown)

    async def _draw(
        self,
        kind: str,
        method: str,
        rows: Sequence[Row],
        draw: Callable[[Row], Awaitable[Drawn]],
    ) -> list[Drawn]:
        """Draw as many as the method's budget allows now; the others' turn comes later."""
        drawn: list[Drawn] = []
        for row in rows:
            if self._ready_in(method) > 0 or not self._lease.lasts(LEAST_SECONDS):
                break
            drawn += await self._try(f"{kind}:{row.id}", row, draw)
        return drawn

    async def _try(
        self, key: str, row: Row, draw: Callable[[Row], Awaitable[Drawn]]
    ) -> list[Drawn]:
        """Draw one thing, or none; what Slack refuses now is tried again later."""
        if self._waits(key):
            return []
        try:
            drawn = await draw(row)
        except SlackError as error:
            wait = error.after or 15.0
            self._not_before[key] = self._context.ms() + int(wait * 1000)
            log.info("not_drawn", view=key, code=error.code)
            return []
        self._not_before.pop(key, None)
        return [drawn]

    def _waits(self, key: str) -> bool:
        """Tell whether Slack refused something lately."""
        return self._not_before.get(key, 0) > self._context.ms()

    async def _mark(self, row: OutboxRow) -> tuple[int, str]:
        wanted = row.mark_wanted or SLOW
        before = row.mark_shown
        if before is None and wanted != SLOW and row.created_at < self._slow_before():
            # An hourglass that was drawn may not have been written down.
            before = SLOW
        try:
            if before:
                await self._gateway.unreact(row.channel, row.ts, before)
            await self._gateway.react(row.channel, row.ts, wanted)
        except SlackError as error:
            if error.code not in LOST:
                raise
        return row.id, wanted

    async def _take_back(self, row: InboxRow) -> None:
        """Put plain words where a text stands that the provider has redacted since."""
        if row.message is not None:
            about = row.conversation.about
            label, now = self._context.label(about.provider), self._context.now()
            (post, *_) = message_posts(
                about.provider,
                row.message,
                guest_name=about.guest_name,
                provider_label=label,
                shown_at=now,
                pictures_follow=True,
                older=row.older,
            )
            for ts in row.posted:
                try:
                    await self._gateway.update(
                        row.conversation.channel, ts, post.text, blocks=post.blocks
                    )
                except SlackError as error:
                    if error.code not in LOST:
                        raise
        await self._context.store.write(lambda c: redactions.note_fresh(c, row.id))
        log.info("redacted", conversation=row.conversation.id, delivery=row.id)

    async def _card(self, row: ConversationRow) -> Shown:
        card = card_of(row, self._context)
        try:
            await self._gateway.update(
                row.channel, row.thread_ts or "", card.text, blocks=card.blocks
            )
        except SlackError as error:
            if error.code not in LOST:
                raise
        return Shown(row.id, row.card_wanted, digest(card))
