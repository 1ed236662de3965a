"""Searches what the queue did not deliver: once a day, and after an outage.

A queue that was reset, messages that another consumer took, and a confirm that took effect late
leave holes which nothing but the provider's search shows. It is heavy at the provider, so it looks
back over hours and not over weeks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bridgebot.bridge.spans import windows
from bridgebot.model import ProviderName
from bridgebot.providers.base import Search
from bridgebot.store import leases, records
from bridgebot.store.rows import from_ms, to_ms
from bridgebot.workers.backfill import QUIET
from bridgebot.workers.context import Context
from bridgebot.workers.intake import Manner, store_batch

log = structlog.get_logger()

LONGEST_PAUSE = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Routine:
    """When to search: so often, so far back, and after the source was silent for so long.

    ``longest`` is the longest span of one search.
    """

    every: timedelta
    back: timedelta
    silence: timedelta
    longest: timedelta


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
        self._pause = min(LONGEST_PAUSE, routine.every.total_seconds() / 4)

    async def step(self) -> float:
        """Search if it is time; see ``Worker.step``."""
        now, heard = self._context.now(), self._heard_at()
        # Only the node that polls knows when the source was heard.
        if heard is None:
            return min(1.0, self._pause)
        if not await self._hold_lease():
            return self._pause
        cursor = await self._context.store.read(lambda c: records.get_cursor(c, self._cursor))
        if not cursor:
            log.info("searches_from_now", provider=self._provider)
        searched = int(cursor.get("searched", to_ms(now)))
        last_heard = from_ms(int(cursor.get("heard", to_ms(heard))))
        silent = heard - last_heard > self._routine.silence
        if silent or now - from_ms(searched) >= self._routine.every:
            await self._fill(min(from_ms(searched), last_heard) - self._routine.back, now)
            searched = to_ms(now)
        mark = {"searched": searched, "heard": to_ms(heard)}
        await self._context.store.write(lambda c: records.set_cursor(c, self._cursor, mark))
        return self._pause

    @property
    def _cursor(self) -> str:
        return f"search:{self._provider}"

    async def _hold_lease(self) -> bool:
        """Let one node search."""
        owner, now = self._context.owner, self._context.leased_at()
        return await self._context.store.write(
            lambda c: leases.take(c, self._cursor, owner=owner, now=now)
        )

    async def _fill(self, after: datetime, before: datetime) -> None:
        manner = Manner(waits_from=to_ms(before - QUIET))
        found = 0
        for start, end in windows(after, before, self._routine.longest):
            async for batch in self._search.pages(after=start, before=end):
                stored = await self._context.store.write(
                    lambda c, batch=batch: store_batch(  # type: ignore[misc]
                        c, self._context, self._provider, batch, manner
                    )
                )
                found += stored.shown
        log.log(30 if found else 20, "searched", provider=self._provider, missing=found)
        if found:
            self._context.signals.all()
