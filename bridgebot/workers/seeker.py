"""Searches what a source did not deliver: once a day, after an outage, and after a switch.

A queue that was reset, messages that another consumer took, a confirm that took effect late and a
notification that never came leave holes which nothing but the provider's search shows. It is heavy
at the provider, so it looks back over hours and not over weeks. Conversations that are read leave
no holes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.spans import windows
from bridgebot.errors import ProviderError
from bridgebot.model import ProviderName
from bridgebot.providers.base import Search
from bridgebot.store import leases, notifications, records
from bridgebot.store.rows import from_ms, to_ms
from bridgebot.workers import trail
from bridgebot.workers.backfill import QUIET
from bridgebot.workers.context import Context
from bridgebot.workers.intake import Manner, store_batch
from bridgebot.workers.outage import KINDS, SEARCH, Outage, Words
from bridgebot.workers.receiver import MISSED, missed_alert

log = structlog.get_logger()

LONGEST_PAUSE = 30.0
ON_ITS_WAY = timedelta(minutes=5)
"""A notification that is younger may still come."""
AGAIN = timedelta(minutes=1)
"""A process that ends again and again must not make a search each time."""
SOON, LATEST = timedelta(seconds=30), timedelta(hours=1)
"""A search that failed is made again after twice as long each time: it is heavy at the provider."""
DOUBLINGS = 10
WORDS = Words(
    trouble="does not work",
    meaning="What a source did not deliver is not found meanwhile; it is tried again once an hour.",
    over="what was missing is in the threads",
)
QUEUE, CONVERSATIONS, NOTIFICATIONS = "queue", "conversations", "notifications"
PARTS = (CONVERSATIONS, MISSED, SEARCH)
"""Subjects of alerts about one of several sources, and about the search between them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Routine:
    """When to search: so often, so far back, and after the source was silent for so long.

    ``longest`` is the longest span of one search; ``sources`` are those that are in use.
    """

    every: timedelta
    back: timedelta
    silence: timedelta
    longest: timedelta
    sources: tuple[str, ...] = (QUEUE,)

    @property
    def has_holes(self) -> bool:
        """Whether what comes in may be incomplete."""
        return set(self.sources) != {CONVERSATIONS}

    @property
    def is_pushed_alone(self) -> bool:
        """Whether a search that finds something shows that notifications do not arrive."""
        return set(self.sources) == {NOTIFICATIONS}


class Seeker:
    """Fills holes in what one account's source delivered."""

    def __init__(
        self,
        context: Context,
        name: ProviderName,
        search: Search,
        routine: Routine,
        *,
        heard_at: Callable[[], datetime | None],
    ) -> None:
        self.name = f"seeker:{name}"
        self._context = context
        self._provider = name
        self._search = search
        self._routine = routine
        self._heard_at = heard_at
        self._started = context.ms()
        # While no process listened notifications may have gone by; whether they come again is not
        # documented.
        self._owes = routine.is_pushed_alone
        self._pause = min(LONGEST_PAUSE, routine.every.total_seconds() / 4)
        self._outage = Outage(context, name, part=SEARCH, words=WORDS)
        self._failures = 0
        self._failed_at: datetime | None = None

    async def step(self) -> float:
        """Search if it is time; see ``Worker.step``."""
        now, heard = self._context.now(), self._heard_at()
        # Only the node that polls knows when the source was heard.
        if heard is None:
            return min(1.0, self._pause)
        if not await self._hold_lease():
            return self._pause
        cursor = await self._context.store.read(lambda c: records.get_cursor(c, self._cursor))
        begun = cursor.get("heard") or await self._context.store.read(
            lambda c: notifications.newest_message(c, self._provider, before=self._started)
        )
        if begun is None:
            log.info("searches_from_now", provider=self._provider)
            self._owes = False
        searched = int(cursor.get("searched", begun or to_ms(now)))
        last_heard = from_ms(int(begun or to_ms(heard)))
        silent = heard - last_heard > self._routine.silence
        switched = begun is not None and cursor.get("sources") != list(self._routine.sources)
        owed = self._owes and begun is not None
        age = now - from_ms(searched)
        due = age >= self._routine.every or (owed and age >= AGAIN)
        if self._routine.has_holes and (silent or switched or due):
            ordinary = self._routine.is_pushed_alone and not (silent or switched or owed)
            end = now - ON_ITS_WAY if ordinary else now
            start = min(from_ms(searched), last_heard, end) - self._routine.back
            found = await self._attempt(start, end, heard)
            if found is None:
                # Nothing is written down: the next search begins where this one did.
                return self._pause
            searched, self._owes = to_ms(end), False
            if found and ordinary:
                await self._tell_missed(found)
        if not self._routine.has_holes:
            searched = to_ms(heard)
        await self._keep(searched, heard, switched=switched)
        return self._pause

    async def _attempt(self, start: datetime, end: datetime, heard: datetime) -> int | None:
        """Search a span; ``None`` where that failed, or failed a short time ago."""
        if not self._may_search(heard):
            return None
        try:
            found = await self._fill(start, end)
        except ProviderError as error:
            self._failures += 1
            self._failed_at = self._context.now()
            await self._outage.failed(error)
            return None
        self._failures, self._failed_at = 0, None
        await self._outage.succeeded()
        return found

    def _may_search(self, heard: datetime) -> bool:
        """Tell whether it is time to try again, after a search that failed.

        While its source is silent too the provider is away, which is told by whoever hears it.
        """
        if self._failed_at is None:
            return True
        wait = min(LATEST, SOON * 2 ** min(self._failures, DOUBLINGS))
        return heard > self._failed_at and self._context.now() >= self._failed_at + wait

    async def _keep(self, searched: int, heard: datetime, *, switched: bool) -> None:
        mark = {"searched": searched, "heard": to_ms(heard), "sources": list(self._routine.sources)}

        async def unit(connection: AsyncConnection) -> None:
            await records.set_cursor(connection, self._cursor, mark)
            for part, kind in product(PARTS, KINDS) if switched else ():
                # A source that is not used any more cannot say that it works again.
                await records.close_alert(
                    connection,
                    kind=kind,
                    provider=self._provider,
                    subject=part,
                    now=self._context.ms(),
                    line="The sources were changed.",
                )

        await self._context.store.write(unit)

    async def _tell_missed(self, found: int) -> None:
        label = self._context.label(self._provider)
        title, lines = missed_alert(label, found)
        await self._context.store.write(
            lambda c: records.raise_alert(
                c,
                kind="provider_down",
                provider=self._provider,
                subject=MISSED,
                title=title,
                lines=lines,
                now=self._context.ms(),
            )
        )
        self._context.signals.views.set()

    @property
    def _cursor(self) -> str:
        return f"search:{self._provider}"

    async def _hold_lease(self) -> bool:
        """Let one node search."""
        owner, now = self._context.owner, self._context.leased_at()
        return await self._context.store.write(
            lambda c: leases.take(c, self._cursor, owner=owner, now=now)
        )

    async def _fill(self, after: datetime, before: datetime) -> int:
        manner = Manner(waits_from=to_ms(before - QUIET))
        found = 0
        for start, end in windows(after, before, self._routine.longest):
            async for batch in self._search.pages(after=start, before=end):
                stored = await self._context.store.write(
                    lambda c, batch=batch: store_batch(  # type: ignore[misc]
                        c, self._context, self._provider, batch, manner
                    )
                )
                trail.arrived(self._context, self._provider, stored.queued, began=stored.began)
                found += stored.shown
        log.log(30 if found else 20, "searched", provider=self._provider, missing=found)
        if found:
            self._context.signals.all()
        return found
