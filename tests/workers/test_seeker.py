"""When the seeker searches, and how far back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bridgebot.errors import ProviderError
from bridgebot.model import Batch, PropertyId, ProviderName, Received
from bridgebot.store.rows import to_ms
from bridgebot.workers.outage import close_departed
from bridgebot.workers.seeker import Routine, Seeker
from tests.store.build import about, message
from tests.workers.bench import Bench, bench_on

ROUTINE = Routine(
    every=timedelta(hours=24),
    back=timedelta(hours=6),
    silence=timedelta(hours=1),
    longest=timedelta(days=90),
)


class Spans:
    """A search that finds nothing and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[timedelta] = []

    async def pages(
        self, *, after: datetime, before: datetime, property_id: PropertyId | None = None
    ) -> AsyncIterator[Batch]:
        """Yield one empty page of all properties."""
        assert property_id is None
        self.asked.append(before - after)
        yield Batch(messages=(), unreadable=())


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Give a store and a clock."""
    async with bench_on(tmp_path) as made:
        yield made


async def _steps(bench: Bench, spans: Spans, *hours: float) -> None:
    """Let a process live that hears its source and steps after each pause."""
    name = ProviderName("booking")
    seeker = Seeker(bench.context(), name, spans, ROUTINE, heard_at=bench.clock.now)
    for each in hours:
        await bench.clock.sleep(each * 3600)
        await seeker.step()


async def test_it_searches_once_a_day_with_an_overlap(bench: Bench) -> None:
    """Nothing at the first start; after a day all since then and some hours more."""
    spans = Spans()

    await _steps(bench, spans, 0, *[0.5] * 50)

    assert spans.asked == [timedelta(hours=30)]


async def test_a_long_silence_is_searched_at_once(bench: Bench) -> None:
    """The span begins where the source was last heard."""
    spans = Spans()
    await _steps(bench, spans, 0, 0.5)

    await _steps(bench, spans, 3)

    assert spans.asked == [timedelta(hours=9.5)]


class Finds(Spans):
    """A search that finds a message, once."""

    async def pages(
        self, *, after: datetime, before: datetime, property_id: PropertyId | None = None
    ) -> AsyncIterator[Batch]:
        """Yield a message of an hour before the end."""
        assert property_id is None
        self.asked.append(before - after)
        told = message(f"m{len(self.asked)}", at=to_ms(before - timedelta(hours=1)))
        yield Batch(messages=(Received(conversation=about(), message=told, raw="{}"),))


async def _use(bench: Bench, spans: Spans, *sources: str, hours: float = 0.1) -> None:
    routine = replace(ROUTINE, sources=sources)
    name = ProviderName("booking")
    seeker = Seeker(bench.context(), name, spans, routine, heard_at=bench.clock.now)
    await bench.clock.sleep(hours * 3600)
    await seeker.step()


async def test_another_source_is_followed_by_a_search(bench: Bench) -> None:
    """What the one did not deliver is found at once; reading conversations needs none."""
    spans = Spans()
    await _use(bench, spans, "queue")
    await _use(bench, spans, "conversations", hours=48)
    assert spans.asked == []

    await _use(bench, spans, "notifications")
    await _use(bench, spans, "queue", "notifications")

    assert spans.asked == [timedelta(hours=6.1)] * 2


async def test_a_restart_without_a_listener_is_followed_by_a_search(bench: Bench) -> None:
    """Notifications of that time may be gone; who restarts all the time asks once a minute."""
    spans = Spans()
    await _use(bench, spans, "notifications")
    await _use(bench, spans, "notifications", hours=0.01)
    assert spans.asked == []

    await _use(bench, spans, "notifications", hours=0.01)

    assert len(spans.asked) == 1


async def test_notifications_that_do_not_arrive_are_told(bench: Bench) -> None:
    """Where they come alone, what the daily search finds should have come by them."""
    spans = Finds()
    await _use(bench, spans, "notifications")
    await _steps_of(bench, spans, 50)

    ((kind, title, lines),) = await bench.alerts()
    assert (kind, "notifications do not arrive" in title) == ("provider_down", True)
    assert "A message was found" in lines
    await _use(bench, spans, "queue")
    assert "The sources were changed." in (await bench.alerts())[0][2]


async def _steps_of(bench: Bench, spans: Spans, many: int) -> None:
    """Let a process that is notified live for half an hour many times."""
    routine = replace(ROUTINE, sources=("notifications",))
    name = ProviderName("booking")
    seeker = Seeker(bench.context(), name, spans, routine, heard_at=bench.clock.now)
    for _ in range(many):
        await bench.clock.sleep(1800)
        await seeker.step()


class Refused(Spans):
    """A search that is refused so many times."""

    def __init__(self, error: ProviderError, many: int) -> None:
        super().__init__()
        self._error, self._left = error, many

    async def pages(
        self, *, after: datetime, before: datetime, property_id: PropertyId | None = None
    ) -> AsyncIterator[Batch]:
        """Refuse, or yield an empty page."""
        async for each in super().pages(after=after, before=before, property_id=property_id):
            self._left -= 1
            if self._left >= 0:
                raise self._error
            yield each


FORBIDDEN = ProviderError("403: switch /messages/search on", code="forbidden", permanent=True)


async def test_a_search_that_is_refused_is_told_and_made_ever_more_rarely(bench: Bench) -> None:
    """One alert with the reason; a job an hour at last, and what it owes is not forgotten."""
    spans = Refused(FORBIDDEN, 14)
    await _steps(bench, spans, 0, 0.5)

    with capture_logs() as logs:
        await _steps(bench, spans, 3, *[30 / 3600] * 120 * 9)
    (alert,) = await bench.alerts()
    assert [each["event"] for each in logs].count("provider_away") == 1
    assert (alert[0], "(search) does not work" in alert[1]) == ("provider_down", True)
    assert "switch /messages/search on" in alert[2]
    assert "Over" not in alert[2]
    assert len(spans.asked) == 14

    # Another process takes over: it searches at once, since then and some hours more.
    await _steps(bench, spans, 0.5)

    assert spans.asked[-1] == timedelta(hours=6 + 0.5 + 3 + 9 + 0.5)
    ((_, _, lines),) = await bench.alerts()
    assert "Over; what was missing is in the threads." in lines
    await _steps(bench, spans, 0.5)
    assert len(spans.asked) == 15


async def test_a_search_that_fails_once_disturbs_nobody(bench: Bench) -> None:
    """A minute later it is made again."""
    spans = Refused(ProviderError("no answer", code="timeout"), 1)
    await _steps(bench, spans, 0)

    await _steps(bench, spans, 24, *[30 / 3600] * 10)

    assert spans.asked == [timedelta(hours=30), timedelta(hours=30, seconds=60)]
    assert await bench.alerts() == []


async def test_no_search_is_tried_again_before_its_source_is_heard(bench: Bench) -> None:
    """A provider that is away is told by whoever polls it; on its return the search is made."""
    spans = Refused(ProviderError("no answer", code="connect"), 1)
    await _steps(bench, spans, 0)
    await bench.clock.sleep(24 * 3600)
    heard = bench.clock.now()
    name = ProviderName("booking")
    seeker = Seeker(bench.context(), name, spans, ROUTINE, heard_at=lambda: heard)
    for _ in range(200):
        await seeker.step()
        await bench.clock.sleep(30)
    assert (len(spans.asked), await bench.alerts()) == (1, [])

    heard = bench.clock.now()
    await seeker.step()

    assert len(spans.asked) == 2


async def test_switching_searches_off_closes_what_was_told(bench: Bench) -> None:
    """Nobody else would: the account goes on without one."""
    spans = Refused(FORBIDDEN, 100)
    await _steps(bench, spans, 0)
    await _steps(bench, spans, 24, 0.5)
    context = bench.context("host:2:b", bench.provider())
    named = replace(context, providers={"booking": bench.provider()})

    await close_departed(named, ["booking"])
    assert "Over" not in (await bench.alerts())[0][2]
    await close_departed(named, [])

    assert "Searches are switched off." in (await bench.alerts())[0][2]


async def test_half_a_year_of_silence_is_cut_into_spans_the_provider_takes(bench: Bench) -> None:
    """A bridge that was off for the season starts like any other."""
    spans = Spans()
    await _steps(bench, spans, 0)

    await _steps(bench, spans, 24 * 180)

    assert len(spans.asked) == 3
    assert max(spans.asked) <= ROUTINE.longest
