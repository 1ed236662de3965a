"""Takes messages from a provider that has no queue: looks at its list, reads what changed.

Nothing is confirmed to anybody, so nothing can be lost by reading: a conversation counts as read
only together with its messages, in one transaction, under the mark that the list showed before it
was read. What a list hid because it shifted between two pages is met when it is read again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import backoff
from bridgebot.bridge.listing import Known, first_sight, to_read
from bridgebot.elapsed import elapsed
from bridgebot.errors import ProviderError
from bridgebot.model import Batch, Glimpse, ListPage
from bridgebot.providers.base import Listing, Provider
from bridgebot.store import records
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.rows import from_ms, to_ms
from bridgebot.workers.context import Context
from bridgebot.workers.intake import Stored, announce, store_batch
from bridgebot.workers.lease import STANDBY_SECONDS, Lease
from bridgebot.workers.outage import Outage

log = structlog.get_logger()

LONGEST_PAUSE = 60.0
READS_BETWEEN = 10
"""Conversations read before the list is looked at again, however overdue that is."""
LOOKS_AGAIN = 3
"""How often a list that shifted is read again at once."""


class Reader:
    """Reads one account's conversations, as its only reader; one call for each step."""

    def __init__(
        self,
        context: Context,
        provider: Provider,
        listing: Listing,
        *,
        monotonic: Callable[[], float] = elapsed,
    ) -> None:
        self.name = f"reader:{provider.name}"
        self.heard_at: datetime | None = None
        self.caught_up = False
        self._context = context
        self._provider = provider
        self._listing = listing
        self._monotonic = monotonic
        self._lease = Lease(context, provider.queue, monotonic=monotonic)
        self._outage = Outage(context, provider.name)
        self._known: dict[str, Known] | None = None
        self._is_new = False
        self._seen: dict[str, Glimpse] = {}
        self._odd = 0
        self._offset = 0
        self._looks = 0
        self._todo: deque[Glimpse] = deque()
        self._reads = 0
        self._look_at = 0.0
        self._hinted = False
        self._failures = 0

    @property
    def poll_seconds(self) -> float:
        """How long this worker pauses where there is nothing to do."""
        return self._provider.poll_seconds

    @property
    def standby(self) -> bool:
        """Whether another node reads."""
        return self._lease.standby

    def hasten(self) -> None:
        """Let the next look at the list begin now: something is said to be new."""
        self._hinted = True
        self._look_at = min(self._look_at, self._monotonic())

    async def step(self) -> float:
        """Look at a page of the list, or read a conversation; see ``Worker.step``."""
        if not await self._lease.hold():
            self._known = None
            return STANDBY_SECONDS
        if self._known is None:
            await self._begin()
        wait = self._listing.ready_in() or self._pause()
        if wait > 0:
            return min(wait, LEASE_MS / 3000)
        try:
            await (self._read(self._todo.popleft()) if self._is_reading() else self._look())
        except ProviderError as error:
            return await self._failed(error)
        self.heard_at = self._context.now()
        self.caught_up = self.caught_up or not (self._todo or self._offset)
        self._failures = 0
        await self._outage.succeeded()
        return 0.0

    def _is_reading(self) -> bool:
        """Tell whether a conversation is read next, and not the list."""
        if not self._todo or self._offset:
            return False
        return self._monotonic() < self._look_at or self._reads < READS_BETWEEN

    def _pause(self) -> float:
        """Tell how long there is nothing to do."""
        is_busy = self._todo or self._offset
        return 0.0 if is_busy else max(0.0, self._look_at - self._monotonic())

    async def _begin(self) -> None:
        """Learn what was read before, by this node or by another."""
        rows = await self._context.store.read(lambda c: records.get_cursors(c, self._prefix))
        begun = await self._context.store.read(lambda c: records.get_cursor(c, self._account))
        self._known = {name: _to_known(row) for name, row in rows.items()}
        self._is_new = not begun
        self._todo.clear()
        self._start_over()
        self._look_at = 0.0

    def _start_over(self) -> None:
        self._seen, self._odd, self._offset = {}, 0, 0

    @property
    def _prefix(self) -> str:
        # The blank ends the name: no account's rows are found with those of another that begins so.
        return f"thread:{self._provider.name} "

    @property
    def _account(self) -> str:
        return f"listed:{self._provider.name}"

    async def _look(self) -> None:
        """Read a page of the list; after the last one decide what is read."""
        if not self._offset:
            self._hinted = False
        page = await self._listing.page(self._offset)
        fresh = [each for each in page.glimpses if each.conversation_id not in self._seen]
        self._seen |= {str(each.conversation_id): each for each in page.glimpses}
        self._odd += len(page.unreadable)
        await self._meet(page)
        # A page that brings nothing new would be followed for ever.
        if page.following is not None and fresh:
            self._offset = page.following
            return
        await self._decide(page.total)

    async def _meet(self, page: ListPage) -> None:
        """Write down how conversations are to be read that were never seen."""
        assert self._known is not None  # noqa: S101 - loaded by step
        now = self._context.now()
        met: dict[str, Known] = {}
        for each in page.glimpses:
            if each.conversation_id not in self._known:
                known = first_sight(each, is_account_new=self._is_new, now=now)
                # Reading may change what the list says, so a first decision stands.
                if self._is_new or known.quiet:
                    met[each.conversation_id] = known
        if met or page.unreadable:
            batch = Batch(unreadable=page.unreadable)
            stored = await self._context.store.write(lambda c: self._store(c, batch, met))
            if stored.unreadable:
                announce(self._context, self._provider.name, stored)
        self._known |= met

    async def _decide(self, total: int) -> None:
        assert self._known is not None  # noqa: S101 - loaded by step
        is_whole = len(self._seen) + self._odd >= total
        self._looks = 0 if is_whole else self._looks + 1
        if self._is_new and (is_whole or self._looks > LOOKS_AGAIN):
            mark = {"at": self._context.ms()}
            await self._context.store.write(lambda c: records.set_cursor(c, self._account, mark))
            self._is_new = False
        now = self._context.now()
        self._todo = deque(to_read(self._seen.values(), self._known, now=now))
        self._start_over()
        self._reads = 0
        again = self._hinted or 0 < self._looks <= LOOKS_AGAIN
        self._look_at = self._monotonic() + (0.0 if again else self._provider.poll_seconds)

    async def _read(self, glimpse: Glimpse) -> None:
        """Read a conversation and store it with the mark under which it was read."""
        assert self._known is not None  # noqa: S101 - loaded by step
        self._reads += 1
        quiet = self._known.get(glimpse.conversation_id, Known()).quiet
        try:
            batch = await self._listing.read(glimpse, quiet=quiet)
        except ProviderError as error:
            if not error.permanent or error.code == "not_enabled":
                raise
            # It is read again when the list shows something else, and now and then.
            log.warning("conversation_unreadable", provider=self._provider.name, code=error.code)
            batch = Batch()
        known = Known(mark=glimpse.mark, read_at=self._context.now())
        rows = {str(glimpse.conversation_id): known}
        stored = await self._context.store.write(lambda c: self._store(c, batch, rows))
        self._known |= rows
        if stored.shown or stored.kept or stored.unreadable:
            announce(self._context, self._provider.name, stored)

    async def _store(
        self, connection: AsyncConnection, batch: Batch, rows: Mapping[str, Known]
    ) -> Stored:
        stored = await store_batch(connection, self._context, self._provider.name, batch)
        for name, known in rows.items():
            await records.set_cursor(connection, self._prefix + name, _to_row(known))
        return stored

    async def _failed(self, error: ProviderError) -> float:
        self._failures += 1
        self.caught_up = True
        await self._outage.failed(error)
        wait = backoff(self._failures, self._context.chance())
        return min(max(error.after or 0.0, wait), LONGEST_PAUSE)


def _to_row(known: Known) -> dict[str, Any]:
    read_at = to_ms(known.read_at) if known.read_at is not None else None
    return {"mark": known.mark, "read_at": read_at, "quiet": known.quiet}


def _to_known(row: Mapping[str, Any]) -> Known:
    read_at = from_ms(row["read_at"]) if row["read_at"] is not None else None
    return Known(mark=row["mark"], read_at=read_at, quiet=row["quiet"])
