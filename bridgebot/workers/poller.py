"""Takes messages from a provider's source: fetch, store, then confirm by count.

The rules for the confirm are those of section 7 of the Messaging API's reference: a batch is
confirmed only when it is stored; never two confirms without a fetch between them; after one whose
outcome is unknown the other side gets its full time before the next fetch.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import backoff
from bridgebot.elapsed import elapsed
from bridgebot.errors import ProviderError
from bridgebot.model import Batch
from bridgebot.providers.base import Provider, Source
from bridgebot.store import records
from bridgebot.store.leases import LEASE_MS
from bridgebot.workers import trail
from bridgebot.workers.context import Context
from bridgebot.workers.intake import Stored, announce, store_batch
from bridgebot.workers.lease import STANDBY_SECONDS, Lease
from bridgebot.workers.outage import Outage

log = structlog.get_logger()

LONGEST_PAUSE = 60.0
BREATH = 0.5
"""Seconds at most until the next fetch after one that was not full."""

NOTHING = Batch(messages=())
LEASE_SPARE = 3.0
"""Seconds a lease must still last for a confirm to begin."""

COUNT = "count"
"""The subject of the alert about a queue that miscounts."""


class Poller:
    """Polls one source, as its only consumer."""

    def __init__(
        self,
        context: Context,
        provider: Provider,
        source: Source,
        *,
        monotonic: Callable[[], float] = elapsed,
    ) -> None:
        self.name = f"poller:{provider.name}"
        self.heard_at: datetime | None = None
        self.caught_up = False
        self._context = context
        self._provider = provider
        self._source = source
        self._lease = Lease(context, provider.queue, monotonic=monotonic)
        self._hold_until: int | None = None
        self._failures = 0
        self._outage = Outage(context, provider.name)
        # An alert of an earlier run may stand.
        self._miscounts = True

    @property
    def poll_seconds(self) -> float:
        """How long this worker pauses where there is nothing to do."""
        return self._provider.poll_seconds

    @property
    def standby(self) -> bool:
        """Whether another node polls."""
        return self._lease.standby

    def heard(self) -> datetime | None:
        """Tell when the source was last heard by this process, while it polls."""
        return None if self.standby else self.heard_at

    async def step(self) -> float:
        """Fetch once, store, confirm; see ``Worker.step``."""
        with self._context.pulse.since(self._context.pulse.epoch):
            return await self._turn()

    async def _turn(self) -> float:
        if not await self._lease.hold():
            self._hold_until, self._miscounts = None, True
            return STANDBY_SECONDS
        held = await self._held_back()
        if held > 0:
            return min(held, LEASE_MS / 3000)
        began = self._context.ms()
        try:
            batch = await self._source.receive()
        except ProviderError as error:
            return await self._failed(error)
        stored = Stored()
        if batch != NOTHING:
            stored = await self._context.store.write(lambda c: self._store(c, batch))
        if batch.receipt or batch.mismatch:
            self._miscounts = batch.mismatch
        self._heard(batch, stored, began)
        await self._outage.succeeded()
        self._failures = 0
        if not batch.receipt:
            self.caught_up = True
            return self._provider.poll_seconds
        wait = await self._confirm(batch, batch.receipt)
        # What was not full left nothing behind a moment ago: no need to ask at once.
        return wait if batch.full else max(wait, min(self._provider.poll_seconds, BREATH))

    async def _held_back(self) -> float:
        """Tell how many seconds an unknown confirm still forbids a fetch.

        The mark of a confirm under way is stored with its batch, so that a process that died in
        the middle of one, or another node that takes over, waits as well.
        """
        if self._hold_until is None:
            cursor = await self._context.store.peek(
                lambda c: records.get_cursor(c, self._cursor_name)
            )
            began = cursor.get("confirming")
            settle = int(self._context.settle * 1000)
            self._hold_until = int(began) + settle if began else 0
        # A clock that was set back makes no wait longer.
        return min((self._hold_until - self._context.ms()) / 1000, self._context.settle)

    @property
    def _cursor_name(self) -> str:
        return f"confirm:{self._provider.queue}"

    async def _store(self, connection: AsyncConnection, batch: Batch) -> Stored:
        stored = await store_batch(connection, self._context, self._provider.name, batch)
        await self._judge_count(connection, batch)
        if batch.receipt:
            mark = {"confirming": self._context.ms(), "count": batch.receipt}
            await records.set_cursor(connection, self._cursor_name, mark)
        return stored

    async def _judge_count(self, connection: AsyncConnection, batch: Batch) -> None:
        """Say where the queue miscounts, and that it does so no more."""
        if batch.mismatch:
            await records.raise_alert(
                connection,
                kind="quarantined",
                provider=self._provider.name,
                subject=COUNT,
                title="The queue's stated count and its entries differ",
                lines=("All entries are stored; the smaller number was confirmed.",),
                now=self._context.ms(),
            )
        elif batch.receipt and self._miscounts:
            await records.close_alert(
                connection,
                kind="quarantined",
                provider=self._provider.name,
                subject=COUNT,
                line="The next ones agree; what was not confirmed has come again.",
                now=self._context.ms(),
            )

    def _heard(self, batch: Batch, stored: Stored, began: int) -> None:
        self.heard_at = self._context.now()
        if batch.messages or batch.unreadable:
            announce(self._context, self._provider.name, stored, began)

    async def _confirm(self, batch: Batch, receipt: int) -> float:
        if not self._lease.lasts(LEASE_SPARE) and not await self._lease.renew():
            # Stalled: another node may have fetched meanwhile. The batch is stored and will come
            # again; confirming now could take away what nobody has seen.
            self._lease.doubt()
            log.warning("confirm_left_out", provider=self._provider.name, count=receipt)
            return 0.0
        began = self._context.ms()
        try:
            await self._source.confirm(receipt)
        except ProviderError as error:
            if not error.certain:
                await self._mark_again(receipt)
                log.warning("confirm_unknown", provider=self._provider.name, code=error.code)
                return 0.0
            await self._clear_mark()
            return await self._failed(error)
        await self._clear_mark()
        await trail.confirmed(self._context, self._provider.name, batch, began=began)
        return 0.0

    async def _mark_again(self, receipt: int) -> None:
        """Let the other side's time run from now, also for a node that takes over."""
        now = self._context.ms()
        self._hold_until = now + int(self._context.settle * 1000)
        mark = {"confirming": now, "count": receipt}
        await self._context.store.write(lambda c: records.set_cursor(c, self._cursor_name, mark))

    async def _clear_mark(self) -> None:
        await self._context.store.write(lambda c: records.set_cursor(c, self._cursor_name, {}))
        self._hold_until = 0

    async def _failed(self, error: ProviderError) -> float:
        self._failures += 1
        self.caught_up = True
        await self._outage.failed(error)
        wait = backoff(self._failures, self._context.chance())
        return min(max(error.after or 0.0, wait, self._provider.poll_seconds), LONGEST_PAUSE)
