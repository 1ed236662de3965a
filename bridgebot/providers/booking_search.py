"""Search jobs at Booking.com: make one, ask until it is ready, read its pages.

What a job that is not ready answers is not documented (reference, section 12): here an answer with
a list of messages is a result, and anything else is waited for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bridgebot.errors import ProviderError
from bridgebot.model import Batch, PropertyId, ProviderName
from bridgebot.providers.booking_api import MOST_PAGES, BookingApi
from bridgebot.providers.booking_payloads import next_page, read_entries

SPAN = timedelta(days=90)
"""The longest span of one search ("The maximum date range is 90 days", Searching messages)."""

PATIENCE = 900.0
"""Seconds a job may take; "these queries can be very intensive and slow"."""

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
JOBS = 3
"""Jobs made for one span at most, where one expires before all its pages are read."""

NOT_THERE = frozenset({"http_404", "http_409", "http_425"})
EXPIRED = frozenset({"http_404", "http_410"})


class _ExpiredError(Exception):
    """A job that has to be made again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingSearch:
    """Searches of one machine account."""

    api: BookingApi
    name: ProviderName
    sleep: Callable[[float], Awaitable[None]]

    async def pages(
        self, *, after: datetime, before: datetime, property_id: PropertyId | None = None
    ) -> AsyncIterator[Batch]:
        """Yield the messages of a span page by page; see ``Search.pages``."""
        if before - after > SPAN:
            raise ValueError("a search spans 90 days at most")
        params = {"after": _stamp(after), "before": _stamp(before), "order_by": "asc"}
        if property_id is not None:
            params["property_id"] = property_id
        seen: set[str] = set()
        for _ in range(JOBS):
            try:
                # A job that was made again starts over, and what was read is left out.
                async for batch in self._result(await self._make(params)):
                    yield _without(batch, seen)
                    seen |= _ids(batch)
            except _ExpiredError:
                continue
            return
        raise ProviderError("Booking.com let the search expire", code="search_expired")

    async def _make(self, params: Mapping[str, str]) -> str:
        job = (await self.api.search(params)).get("job_id")
        if not job:
            raise ProviderError("Booking.com's answer names no search job", code="unclear")
        return str(job)

    async def _result(self, job: str) -> AsyncIterator[Batch]:
        data = await self._ready(job)
        met: set[str | None] = {None}
        while True:
            received, unreadable = read_entries(data["messages"], self.name)
            yield Batch(messages=tuple(received), unreadable=tuple(unreadable))
            page = next_page(data)
            if page in met or len(met) >= MOST_PAGES:
                return
            met.add(page)
            data = await self._page(job, page)

    async def _ready(self, job: str) -> Mapping[str, Any]:
        """Ask for the first page until there is one."""
        waited, pause = 0.0, FIRST_PAUSE
        while True:
            try:
                data = await self.api.search_result(job)
                if isinstance(data.get("messages"), list):
                    return data
            except ProviderError as error:
                if error.code not in NOT_THERE:
                    raise _expired_or(error) from error
            if waited >= PATIENCE:
                raise ProviderError("Booking.com's search took too long", code="search_slow")
            await self.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_PAUSE)

    async def _page(self, job: str, page: str | None) -> Mapping[str, Any]:
        try:
            data = await self.api.search_result(job, page)
        except ProviderError as error:
            raise _expired_or(error) from error
        if not isinstance(data.get("messages"), list):
            raise ProviderError("a page of Booking.com's search holds no list", code="unclear")
        return data


def _expired_or(error: ProviderError) -> Exception:
    """Tell an expired job from other failures: its status is not documented."""
    return _ExpiredError() if error.code in EXPIRED else error


def _stamp(at: datetime) -> str:
    """Write a time as the search wants it: UTC, milliseconds, ``Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ids(batch: Batch) -> set[str]:
    return {each.message.message_id for each in batch.messages}


def _without(batch: Batch, seen: set[str]) -> Batch:
    fresh = tuple(each for each in batch.messages if each.message.message_id not in seen)
    return Batch(messages=fresh, unreadable=batch.unreadable)
