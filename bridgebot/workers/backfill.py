"""Fetches a span of the past again, by the provider's search, and shows what was missing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.spans import OVERLAP, Span, windows
from bridgebot.errors import ProviderError
from bridgebot.model import Batch, PropertyId
from bridgebot.providers.base import Provider, Search
from bridgebot.store import records
from bridgebot.store.rows import from_ms, to_ms
from bridgebot.workers import trail
from bridgebot.workers.context import Context
from bridgebot.workers.intake import Manner, Stored, store_batch

log = structlog.get_logger()

QUIET = timedelta(days=1)
"""Nobody is alerted for a guest who wrote longer ago than this."""

SPARE = 1.1
"""Posts of the past leave some of a channel's budget to the present."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """How far it is and what it came to; ``share`` runs from 0 to 1."""

    share: float = 0.0
    at: datetime | None = None
    shown: int = 0
    known: int = 0
    unreadable: int = 0

    def plus(self, stored: Stored) -> Tally:
        """Add what a batch came to."""
        return replace(
            self,
            shown=self.shown + stored.shown,
            known=self.known + stored.duplicates + stored.echoes,
            unreadable=self.unreadable + stored.unreadable,
        )

    def in_words(self) -> str:
        """Say what was found."""
        words = f"{self.shown} new, {self.known} known already"
        return words + (f", {self.unreadable} unreadable and put aside" if self.unreadable else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mark:
    """Where a backfill goes on: which target, from when, and when its next post is due."""

    key: str
    target: int
    at: int
    due: int


class Backfill:
    """Runs one span for one account; what was broken off goes on where it was."""

    def __init__(self, context: Context, provider: Provider, *, posts_per_second: float) -> None:
        self._context = context
        self._provider = provider
        self._gap = int(1000 * SPARE / posts_per_second) if posts_per_second else 0

    async def run(self, span: Span, report: Callable[[Tally], None]) -> Tally:
        """Fetch and store; raises ``ProviderError``, after which it can be run again."""
        search = self._provider.search
        if search is None:
            return Tally(share=1.0)
        targets: tuple[str | None, ...] = span.properties or (None,)
        before = span.before or self._context.now()
        mark, tally = await self._begin(span), Tally()
        for number in range(mark.target, len(targets)):
            if number > mark.target:
                mark = replace(mark, target=number, at=to_ms(span.after))
            asked = targets[number]
            after = max(span.after, from_ms(mark.at) - OVERLAP)
            for window in windows(after, before, self._provider.limits.search_span):
                async for batch in _pages(search, window, asked):
                    mark, stored = await self._take(mark, batch)
                    tally = replace(
                        tally.plus(stored),
                        share=(number + _share(span.after, before, mark.at)) / len(targets),
                        at=from_ms(mark.at),
                    )
                    report(tally)
                mark = await self._keep(replace(mark, at=max(mark.at, to_ms(window[1]))))
        await self._context.store.write(lambda c: records.set_cursor(c, self._cursor, {}))
        log.info("backfilled", provider=self._provider.name, new=tally.shown, known=tally.known)
        return replace(tally, share=1.0)

    async def attempt(self, span: Span, report: Callable[[Tally], None]) -> tuple[bool, str]:
        """Run a span; tell whether it was fetched, and in words what came of it.

        Raises ``ProviderError`` as ``run`` does; but an account that refuses a property, or our
        login, does not keep the others from theirs.
        """
        label, several = self._provider.label, len(self._context.providers) > 1
        try:
            tally = await self.run(span, report)
        except ProviderError as error:
            if not several or not (error.permanent or error.auth):
                raise
            log.warning("not_backfilled", provider=self._provider.name, code=error.code)
            return False, f"{label}: could not be fetched: {error}."
        return True, f"{label}: {tally.in_words()}."

    @property
    def _cursor(self) -> str:
        return f"backfill:{self._provider.name}"

    async def _begin(self, span: Span) -> _Mark:
        """Go on where the same span was broken off, else begin."""
        kept = await self._context.store.read(lambda c: records.get_cursor(c, self._cursor))
        if kept.get("key") == span.key():
            log.info("backfill_goes_on", provider=self._provider.name)
            return _Mark(**kept)
        return _Mark(key=span.key(), target=0, at=to_ms(span.after), due=0)

    async def _keep(self, mark: _Mark) -> _Mark:
        value = asdict(mark)
        await self._context.store.write(lambda c: records.set_cursor(c, self._cursor, value))
        return mark

    async def _take(self, mark: _Mark, batch: Batch) -> tuple[_Mark, Stored]:
        """Store a page and where to go on in one transaction."""
        context = self._context
        due = max(mark.due, context.ms())
        manner = Manner(waits_from=to_ms(context.now() - QUIET), due_at=due, gap=self._gap)
        newest = max((to_ms(each.message.sent_at) for each in batch.messages), default=mark.at)

        async def unit(connection: AsyncConnection) -> tuple[_Mark, Stored]:
            stored = await store_batch(connection, context, self._provider.name, batch, manner)
            later = replace(mark, at=max(mark.at, newest), due=due + stored.shown * self._gap)
            await records.set_cursor(connection, self._cursor, asdict(later))
            return later, stored

        later, stored = await context.store.write(unit)
        trail.arrived(context, self._provider.name, stored.queued, began=stored.began)
        context.signals.inbox.set()
        context.signals.views.set()
        return later, stored


def shared_out(span: Span, providers: Iterable[Provider]) -> list[tuple[Provider, Span]]:
    """Share a span among the accounts that can search: a property goes to the one that names it.

    One that none of them names is asked for at each.
    """
    searching = [each for each in providers if each.search is not None]
    owners: dict[str, str] = {name: each.name for each in searching for name in each.properties}
    parts = []
    for each in searching:
        mine = [one for one in span.properties if owners.get(one, each.name) == each.name]
        if mine or not span.properties:
            parts.append((each, replace(span, properties=tuple(mine))))
    return parts


def _pages(
    search: Search, window: tuple[datetime, datetime], asked: str | None
) -> AsyncIterator[Batch]:
    property_id = None if asked is None else PropertyId(asked)
    return search.pages(after=window[0], before=window[1], property_id=property_id)


def _share(after: datetime, before: datetime, at: int) -> float:
    whole = max(1, to_ms(before) - to_ms(after))
    return min(1.0, max(0.0, (at - to_ms(after)) / whole))
