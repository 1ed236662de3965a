"""The queue's confirms: only for what is stored, by who holds the lease, and never two in a row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from bridgebot.model import Batch
from bridgebot.providers.base import Source
from bridgebot.providers.http import fenced
from bridgebot.store.leases import LEASE_MS
from bridgebot.workers.context import Pulse
from bridgebot.workers.lease import STANDBY_SECONDS
from bridgebot.workers.poller import BREATH, Poller
from tests.workers.booking_bench import BookingBench, booking_bench

LEASE = LEASE_MS / 1000
FIRST, OTHER = "host:1:a", "host:2:b"

Event = Callable[[], Awaitable[object]]


class DiedError(Exception):
    """The process ends here."""


async def dies() -> None:
    """End the process."""
    raise DiedError


async def nothing() -> None:
    """Let nothing happen."""


@dataclass(slots=True)
class Disturbed:
    """A source after whose fetch, and before and after whose confirm, something happens."""

    inner: Source
    fetched: Event = nothing
    confirming: Event = nothing
    confirmed: Event = nothing

    async def receive(self) -> Batch:
        """Fetch, then let it happen."""
        batch = await self.inner.receive()
        await self.fetched()
        return batch

    async def confirm(self, receipt: int) -> None:
        """Let it happen, confirm, and let the rest happen."""
        await self.confirming()
        await self.inner.confirm(receipt)
        await self.confirmed()


@dataclass(slots=True)
class Queue:
    """A queue on a bench, and who polls it."""

    bench: BookingBench
    sources: dict[str, Source] = field(default_factory=dict)

    def poller(
        self,
        owner: str = FIRST,
        http: httpx.AsyncClient | None = None,
        name: str = "booking",
        **happens: Event,
    ) -> Poller:
        """Make a poller, as a process of its own would have it."""
        provider = self.bench.provider("queue", name=name, **({"http": http} if http else {}))
        assert provider.source is not None
        self.sources[owner] = provider.source
        source = Disturbed(provider.source, **happens)
        context = self.bench.context(provider, owner)
        return Poller(context, provider, source, monotonic=self.bench.clock.monotonic)

    async def until_empty(self, poller: Poller) -> None:
        """Let a poller work until the queue is empty."""
        while self.bench.account.queue:
            await self.bench.clock.sleep(await poller.step())

    def fetches(self) -> int:
        """Count the fetches so far."""
        return self.bench.calls("messages.latest")

    def confirms(self) -> int:
        """Count the confirms so far."""
        return self.bench.calls("messages.confirm")


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[Queue]:
    """Give a queue with one message."""
    async with booking_bench(tmp_path) as bench:
        bench.guest("c1", "one")
        yield Queue(bench)


async def test_who_stalls_past_its_lease_and_wakes_up_confirms_nothing(queue: Queue) -> None:
    """Another node has confirmed and fetched anew: the old count would take away what it holds."""
    other = queue.poller(OTHER)
    unseen: list[str] = []

    async def stall() -> None:
        await queue.bench.clock.sleep(LEASE + 1)
        await other.step()
        unseen.append(queue.bench.guest("c1", "two"))
        await queue.sources[OTHER].receive()

    first = queue.poller(fetched=stall)
    with capture_logs() as logs:
        await first.step()

    assert "confirm_left_out" in {each["event"] for each in logs}
    assert queue.confirms() == 1
    assert len(queue.bench.account.queue) == 1
    assert (await first.step(), first.standby) == (STANDBY_SECONDS, True)
    await queue.until_empty(other)
    assert (await queue.bench.shown())[1:] == unseen


async def test_who_stalls_alone_confirms_when_it_wakes_up(queue: Queue) -> None:
    """Nobody took the lease meanwhile, so that nobody has fetched: the count still fits."""
    first = queue.poller(fetched=lambda: queue.bench.clock.sleep(10 * LEASE))

    await first.step()

    assert (queue.confirms(), len(queue.bench.account.queue)) == (1, 0)


async def test_a_lease_that_is_about_to_end_is_renewed_before_a_confirm(queue: Queue) -> None:
    """So that nobody takes it, and fetches, while the confirm is on its way."""
    other = queue.poller(OTHER)
    pauses: list[float] = []

    async def slow() -> None:
        await queue.bench.clock.sleep(5)
        pauses.append(await other.step())

    first = queue.poller(fetched=lambda: queue.bench.clock.sleep(LEASE - 1), confirming=slow)
    await first.step()

    assert (pauses, queue.fetches(), queue.confirms()) == ([STANDBY_SECONDS], 1, 1)


async def test_a_process_that_stands_still_right_before_the_confirm_sends_none(
    queue: Queue,
) -> None:
    """After the look at the lease nothing is in between but the request, which looks once more."""
    pulse = Pulse(queue.bench.clock.monotonic)
    pulse.beat(queue.bench.clock.monotonic())
    hooks = fenced(pulse.beats)

    async with httpx.AsyncClient(trust_env=False, event_hooks=hooks) as http:
        first = queue.poller(http=http, confirming=lambda: queue.bench.clock.sleep(LEASE + 1))
        await first.step()

    assert (queue.confirms(), len(queue.bench.account.queue)) == (0, 1)


async def test_only_a_full_batch_is_followed_by_the_next_at_once(queue: Queue) -> None:
    """One that was not full left nothing behind: else each copy of a reply would cost a call."""
    for number in range(100):
        queue.bench.guest("c2", f"message {number}")
    poller = queue.poller()

    assert await poller.step() == 0.0
    assert 0.0 < await poller.step() <= BREATH
    assert not queue.bench.account.queue


async def test_between_two_confirms_there_is_a_fetch(queue: Queue) -> None:
    """Batch by batch: fetched, stored, confirmed."""
    for number in range(250):
        queue.bench.guest(f"c{number % 7}", f"message {number}")

    await queue.until_empty(queue.poller())

    calls = [each["what"] for each in queue.bench.booking.wire if each["what"] != "token"]
    assert calls == ["messages.latest", "messages.confirm"] * 3
    assert len(await queue.bench.shown()) == 251


async def _wait(queue: Queue, poller: Poller, seconds: float) -> None:
    """Let a poller go on until so many seconds are over."""
    end = queue.bench.clock.seconds + seconds
    while queue.bench.clock.seconds < end:
        left = end - queue.bench.clock.seconds
        await queue.bench.clock.sleep(min(left, max(0.1, await poller.step())))


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "500"])
async def test_after_an_unknown_confirm_the_next_fetch_waits(queue: Queue, kind: str) -> None:
    """Longer than the other side may be at work; then all is fetched, stored and confirmed."""
    queue.bench.stand_in.faults.add("messages.confirm", kind)  # type: ignore[arg-type]
    poller = queue.poller()
    settle = queue.bench.context(queue.bench.provider("queue")).settle
    await poller.step()
    later = queue.bench.guest("c1", "two")

    await _wait(queue, poller, settle - 0.1)
    assert (queue.fetches(), queue.confirms()) == (1, 1)
    await _wait(queue, poller, 1)

    assert queue.fetches() > 1
    await queue.until_empty(poller)
    assert (await queue.bench.shown())[-1] == later
    assert len(await queue.bench.shown()) == 2


@pytest.mark.parametrize("when", ["confirming", "confirmed"])
@pytest.mark.parametrize("owner", [FIRST, OTHER])
async def test_who_follows_one_that_died_in_a_confirm_waits_as_well(
    queue: Queue, when: str, owner: str
) -> None:
    """A restart, or another node: the mark of the confirm is stored with its batch."""
    before = when == "confirming"
    died = queue.poller(confirming=dies) if before else queue.poller(confirmed=dies)
    with pytest.raises(DiedError):
        await died.step()
    fetched = queue.fetches()
    settle = queue.bench.context(queue.bench.provider("queue")).settle
    successor = queue.poller(owner)

    await _wait(queue, successor, settle - 0.1)
    assert queue.fetches() == fetched
    later = queue.bench.guest("c1", "two")
    await _wait(queue, successor, 1 + STANDBY_SECONDS)

    assert queue.fetches() > fetched
    await queue.until_empty(successor)
    assert (await queue.bench.shown())[-1] == later


async def test_a_node_that_takes_over_after_an_unknown_confirm_waits(queue: Queue) -> None:
    """It was the consumer before, and looks again for the mark of a confirm."""
    first, other = queue.poller(), queue.poller(OTHER)
    await other.step()
    await queue.bench.clock.sleep(LEASE + 1)
    queue.bench.guest("c1", "two")
    queue.bench.stand_in.faults.add("messages.confirm", "drop_after")
    await first.step()
    assert await other.step() == STANDBY_SECONDS
    fetched = queue.fetches()

    # The first is gone; its lease runs out long before the other side's time is over.
    await _wait(queue, other, 29)
    assert not other.standby
    assert queue.fetches() == fetched
    await _wait(queue, other, 2)
    assert queue.fetches() > fetched


async def test_the_wait_after_an_unknown_confirm_runs_from_its_end(queue: Queue) -> None:
    """However long the call took, a token asked for first perhaps: for who takes over as well."""

    async def slow() -> None:
        await queue.bench.clock.sleep(LEASE - 2)

    queue.bench.stand_in.faults.add("messages.confirm", "drop_after")
    await queue.poller(confirming=slow).step()
    fetched = queue.fetches()
    await queue.bench.clock.sleep(LEASE + 1)
    other = queue.poller(OTHER)
    await _wait(queue, other, 30 - (LEASE + 1) - 1)
    assert not other.standby
    assert queue.fetches() == fetched

    await _wait(queue, other, 3)
    assert queue.fetches() > fetched


async def test_a_late_confirm_finds_the_queue_untouched(queue: Queue) -> None:
    """It takes effect within the other side's time: nothing was fetched that it could take."""
    queue.bench.stand_in.faults.add("messages.confirm", "drop_before")
    poller = queue.poller()
    await poller.step()
    for number in range(3):
        queue.bench.guest("c1", f"later {number}")
    await _wait(queue, poller, 25)
    # The one message that it counted.
    queue.bench.account.queue.popleft()

    await _wait(queue, poller, 10)
    await queue.until_empty(poller)

    assert len(await queue.bench.shown()) == 4


async def test_a_count_that_does_not_fit_is_told_and_the_smaller_one_confirmed(
    queue: Queue,
) -> None:
    """The batch states one more than it holds; what came meanwhile is not confirmed with it."""
    queue.bench.stand_in.faults.add("messages.latest", "mismatch")
    unseen: list[str] = []

    async def writes() -> None:
        if not unseen:
            unseen.append(queue.bench.guest("c1", "two"))

    poller = queue.poller(fetched=writes)
    await poller.step()

    sent = [each["path"] for each in queue.bench.booking.wire if each["method"] == "PUT"]
    assert [each.partition("?")[2] for each in sent] == ["number_of_messages=1"]
    ((kind, title, state),) = await queue.bench.alerts()
    assert (kind, state) == ("quarantined", "open")
    assert "count" in title
    await queue.until_empty(poller)
    assert (await queue.bench.shown())[1:] == unseen
    ((_, _, state),) = await queue.bench.alerts()
    assert state == "closed"


async def test_an_account_that_one_node_knows_by_another_name_has_one_consumer(
    queue: Queue,
) -> None:
    """Nodes are started anew one by one; also the wait after an unknown confirm is one."""
    before, after = queue.poller(), queue.poller(OTHER, name="booking:lake")
    queue.bench.stand_in.faults.add("messages.confirm", "drop_after")
    await before.step()
    fetched = queue.fetches()

    assert await after.step() == STANDBY_SECONDS
    await _wait(queue, after, 29)
    assert not after.standby
    assert queue.fetches() == fetched
