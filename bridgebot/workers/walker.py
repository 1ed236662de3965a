"""Takes messages from properties' lists of conversations, where what is new stands in front.

Nothing is confirmed to anybody. A conversation counts as read only together with its messages, in
one transaction, under the mark that the list showed before it was read; how far back the next walk
has to go is moved only when all that the last one found is read. So a process may end anywhere.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import backoff
from bridgebot.bridge.walking import Reach, Visit, floor_of, goes_on, to_visit, visited
from bridgebot.elapsed import elapsed
from bridgebot.errors import ProviderError
from bridgebot.model import Batch, Glimpse, PropertyId, RecentPage
from bridgebot.providers.base import Provider, Recent
from bridgebot.store import notifications, records
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.rows import from_ms, to_ms
from bridgebot.workers.context import Context
from bridgebot.workers.intake import Manner, Stored, announce, store_batch
from bridgebot.workers.lease import STANDBY_SECONDS, Lease
from bridgebot.workers.outage import Outage
from bridgebot.workers.shut import Shut

log = structlog.get_logger()

LONGEST_PAUSE = 60.0
READS_BETWEEN = 10
"""Conversations read before the lists are looked at again, however overdue that is."""
MOST_PAGES = 400
NEWS = timedelta(days=1)
"""What is younger than this when the source is used for the first time is shown."""
QUIET = timedelta(days=1)
"""Nobody is alerted for a guest who wrote longer ago than this."""


class Walker:
    """Walks one account's lists, as its only reader; one call for each step."""

    def __init__(
        self,
        context: Context,
        provider: Provider,
        recent: Recent,
        *,
        alone: bool = True,
        monotonic: Callable[[], float] = elapsed,
    ) -> None:
        self.name = f"walker:{provider.name}"
        self.heard_at: datetime | None = None
        self.caught_up = False
        self._context = context
        self._provider = provider
        self._recent = recent
        self._monotonic = monotonic
        # Beside a queue's consumer: its lease must never be renewed by anybody but itself.
        self._alone = alone
        self._lease = Lease(context, provider.name, kind="list", monotonic=monotonic)
        self._outage = Outage(context, provider.name, part="" if alone else "conversations")
        self._shut = Shut(context, provider, monotonic=monotonic)
        self._known: dict[str, Visit] | None = None
        self._reach: dict[str, Reach] = {}
        self._floor: dict[str, datetime] = {}
        self._round: deque[PropertyId] = deque()
        self._page: str | None = None
        self._pages = 0
        self._found: dict[str, Glimpse] = {}
        self._todo: dict[str, tuple[PropertyId, Glimpse]] = {}
        self._reads = 0
        self._look_at = 0.0
        self._failures = 0

    @property
    def poll_seconds(self) -> float:
        """How long this worker pauses where there is nothing to do."""
        return self._provider.poll_seconds

    @property
    def standby(self) -> bool:
        """Whether another node reads."""
        return self._lease.standby

    def heard(self) -> datetime | None:
        """Tell when the source was last heard by this process."""
        return self.heard_at

    async def step(self) -> float:
        """Look at a page of a list, or read a conversation; see ``Worker.step``."""
        if not await self._lease.hold():
            self._known = None
            return STANDBY_SECONDS
        if self._known is None:
            await self._begin()
        wait = self._recent.ready_in() or self._pause()
        if wait > 0:
            return min(wait, LEASE_MS / 3000)
        try:
            await (self._read() if self._is_reading() else self._look())
        except ProviderError as error:
            return await self._failed(error)
        self.heard_at = self._context.now()
        self.caught_up = self.caught_up or not (self._todo or self._round)
        self._failures = 0
        await self._outage.succeeded()
        return 0.0

    def _is_reading(self) -> bool:
        """Tell whether a conversation is read next, and not a list."""
        if not self._todo or self._page is not None:
            return False
        return self._monotonic() < self._look_at or self._reads < READS_BETWEEN

    def _pause(self) -> float:
        """Tell how long there is nothing to do."""
        is_busy = self._todo or self._round
        return 0.0 if is_busy else max(0.0, self._look_at - self._monotonic())

    async def _begin(self) -> None:
        """Learn what was read before, by this node or by another."""
        store = self._context.store
        rows = await store.read(lambda c: records.get_cursors(c, self._prefix("visited")))
        walked = await store.read(lambda c: records.get_cursors(c, self._prefix("walked")))
        self._known = {name: _to_visit(row) for name, row in rows.items()}
        self._reach = {name: _to_reach(row) for name, row in walked.items()}
        new = [each for each in self._provider.properties if each not in self._reach]
        if new:
            self._reach |= await store.write(lambda c: self._begin_new(c, new))
        self._floor = {name: reach.until for name, reach in self._reach.items()}
        self._todo.clear()
        self._round.clear()
        self._start_list()
        self._look_at = 0.0

    async def _begin_new(
        self, connection: AsyncConnection, new: list[PropertyId]
    ) -> dict[str, Reach]:
        """Decide, once, from when on a property's messages are shown.

        Where another source was used before, that is from before its last message: what it did not
        deliver any more is found by this one.
        """
        now = self._context.now()
        newest = await notifications.newest_message(connection, self._provider.name)
        since = (now if newest is None else min(now, from_ms(newest))) - NEWS
        reach = Reach(since=since, until=since)
        for each in new:
            await self._keep_reach(connection, each, reach)
        return dict.fromkeys(map(str, new), reach)

    def _prefix(self, what: str) -> str:
        return f"{what}:{self._provider.name} "

    def _start_list(self) -> None:
        self._page, self._pages, self._found = None, 0, {}

    async def _look(self) -> None:
        """Read a page of a property's list; after its last one decide what is read."""
        if not self._round:
            self._round.extend(each for each in self._provider.properties if self._shut.opens(each))
            self._reads = 0
            self._look_at = self._monotonic() + self._provider.poll_seconds
        if not self._round:
            return
        property_id = self._round[0]
        try:
            page = await self._recent.page(property_id, self._page)
        except ProviderError as error:
            if not error.permanent or error.auth:
                raise
            await self._refused(property_id, error)
            return
        await self._shut.opened(property_id)
        await self._take(property_id, page)

    async def _take(self, property_id: PropertyId, page: RecentPage) -> None:
        assert self._known is not None  # noqa: S101 - loaded by step
        if page.unreadable:
            odd = Batch(unreadable=page.unreadable)
            self._tell(await self._context.store.write(lambda c: self._store(c, odd)))
        self._found |= {str(each.conversation_id): each for each in page.glimpses}
        self._pages += 1
        more = goes_on(page.glimpses, self._known, self._floor[property_id])
        if page.following is not None and more and self._pages < MOST_PAGES:
            self._page = page.following
            return
        now, reach = self._context.now(), self._reach[property_id]
        found = self._found.values()
        for each in to_visit(found, self._known, since=reach.since, now=now):
            self._todo[each.conversation_id] = (property_id, each)
        self._floor[property_id] = floor_of(found, self._floor[property_id], now=now)
        self._round.popleft()
        self._start_list()
        moved = self._moved(property_id)
        if moved is not None:
            await self._context.store.write(lambda c: self._keep_reach(c, property_id, moved))
            self._reach[property_id] = moved

    async def _refused(self, property_id: PropertyId, error: ProviderError) -> None:
        """Leave a property that is refused; the others go on."""
        if self._page is not None:
            # The page's id may be what is refused: begin the list again.
            self._start_list()
            return
        await self._shut.refused(property_id, error)
        self._todo = {key: each for key, each in self._todo.items() if each[0] != property_id}
        self._floor[property_id] = self._reach[property_id].until
        if self._round and self._round[0] == property_id:
            self._round.popleft()
        self._start_list()

    async def _read(self) -> None:
        """Read the conversation of the newest news, and store it with its mark."""
        assert self._known is not None  # noqa: S101 - loaded by step
        self._reads += 1
        property_id, glimpse = max(self._todo.values(), key=lambda each: each[1].active_at)
        name = str(glimpse.conversation_id)
        try:
            batch = await self._recent.read(property_id, glimpse.conversation_id)
        except ProviderError as error:
            if not error.permanent or error.auth:
                raise
            if error.code == "forbidden":
                await self._refused(property_id, error)
                return
            # It is read again when the list shows something else.
            log.warning("conversation_unreadable", provider=self._provider.name, code=error.code)
            batch = Batch()
        visit = visited(glimpse, self._known.get(name), now=self._context.now())
        batch = _with_history(batch, self._reach[property_id].since)
        moved = self._moved(property_id, but=name)

        async def unit(connection: AsyncConnection) -> Stored:
            await records.set_cursor(connection, self._prefix("visited") + name, _from_visit(visit))
            if moved is not None:
                await self._keep_reach(connection, property_id, moved)
            return await self._store(connection, batch)

        stored = await self._context.store.write(unit)
        del self._todo[name]
        self._known[name] = visit
        self._reach[property_id] = moved or self._reach[property_id]
        self._tell(stored)

    async def _store(self, connection: AsyncConnection, batch: Batch) -> Stored:
        waits_from = to_ms(self._context.now() - QUIET)
        manner = Manner(waits_from=waits_from, beside=not self._alone)
        return await store_batch(connection, self._context, self._provider.name, batch, manner)

    def _tell(self, stored: Stored) -> None:
        if stored.shown or stored.kept or stored.echoes or stored.unreadable:
            announce(self._context, self._provider.name, stored)

    def _moved(self, property_id: PropertyId, but: str = "") -> Reach | None:
        """Tell how far a property is read once a conversation is; ``None``: no farther."""
        left = (place for name, (place, _) in self._todo.items() if name != but)
        reach, floor = self._reach[property_id], self._floor[property_id]
        if property_id in left or floor <= reach.until:
            return None
        return replace(reach, until=floor)

    async def _keep_reach(
        self, connection: AsyncConnection, property_id: PropertyId, reach: Reach
    ) -> None:
        row = {"since": to_ms(reach.since), "until": to_ms(reach.until)}
        await records.set_cursor(connection, self._prefix("walked") + property_id, row)

    async def _failed(self, error: ProviderError) -> float:
        self._failures += 1
        self.caught_up = True
        await self._outage.failed(error)
        wait = backoff(self._failures, self._context.chance())
        return min(max(error.after or 0.0, wait), LONGEST_PAUSE)


def _with_history(batch: Batch, since: datetime) -> Batch:
    """Mark what is from before the source was used."""
    messages = (replace(each, history=each.message.sent_at < since) for each in batch.messages)
    return replace(batch, messages=tuple(messages))


def _from_visit(visit: Visit) -> dict[str, Any]:
    read_at = to_ms(visit.read_at) if visit.read_at is not None else None
    return {"mark": visit.mark, "read_at": read_at, "settled": visit.settled}


def _to_visit(row: Mapping[str, Any]) -> Visit:
    read_at = from_ms(row["read_at"]) if row["read_at"] is not None else None
    return Visit(mark=row["mark"], read_at=read_at, settled=row["settled"])


def _to_reach(row: Mapping[str, Any]) -> Reach:
    return Reach(since=from_ms(row["since"]), until=from_ms(row["until"]))
