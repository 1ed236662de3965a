"""Search jobs against the stand-in, under every setting of what is not documented."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bridgebot.errors import ProviderError
from bridgebot.model import Batch, PropertyId, SenderKind
from bridgebot.providers.base import Search
from bridgebot.sandbox.messaging.booking import Conversation
from bridgebot.sandbox.messaging.jobs import Job
from bridgebot.sandbox.messaging.switches import Switches
from tests.providers.side import HOTEL, Side, serve


def _search(side: Side) -> Search:
    assert side.provider.search is not None
    return side.provider.search


def _lately(side: Side, property_id: PropertyId | None = None) -> AsyncIterator[Batch]:
    """Search the last day."""
    now = datetime.now(UTC)
    return _search(side).pages(
        after=now - timedelta(days=1), before=now + timedelta(minutes=1), property_id=property_id
    )


async def _ids(pages: AsyncIterator[Batch]) -> list[str]:
    return [each.message.message_id async for batch in pages for each in batch.messages]


async def test_a_search_finds_all_pages_oldest_first(side: Side) -> None:
    """Whatever "not ready" and "last page" look like, 120 messages come once and in order."""
    sent = [side.booking.guest_writes("c1", f"message {number}") for number in range(120)]

    found = await _ids(_lately(side))

    assert found == sent
    assert len(side.booking.jobs) == 1


async def test_nothing_found_is_a_result(side: Side) -> None:
    """An empty list ends the search; it is not waited for any longer."""
    assert await _ids(_lately(side)) == []
    assert len(side.waits) <= 2


async def test_a_message_found_is_as_good_as_one_of_the_queue(plain: Side) -> None:
    """Property, guest, sender and kind are there, under the search's own words."""
    plain.booking.guest_writes("c1", "Hello")
    plain.booking.property_writes("c1", "Welcome")

    batches = [each async for each in _lately(plain, HOTEL)]

    guest, hotel = batches[0].messages
    assert (guest.message.sender, hotel.message.sender) == (SenderKind.GUEST, SenderKind.PROPERTY)
    assert guest.conversation.guest_name == "Ada Example"
    assert guest.conversation.property_id == hotel.conversation.property_id == HOTEL
    assert batches[0].receipt == 0


async def test_one_property_and_one_span_are_asked_for(plain: Side) -> None:
    """Another hotel's messages and older ones stay out; both ends are included."""
    other = PropertyId("5")
    plain.booking.add_property(other, "Another")
    account = plain.booking.add_account("id", "secret", [HOTEL, other])
    plain.booking.add_conversation(Conversation("c2", other, None, "932"))
    at = datetime(2026, 1, 5, 12, tzinfo=UTC)
    plain.booking.now = lambda: at
    wanted = plain.booking.guest_writes("c1", "in")
    elsewhere = plain.booking.guest_writes("c2", "elsewhere")
    plain.booking.now = lambda: at + timedelta(seconds=1)
    plain.booking.guest_writes("c1", "later")
    # A real token's times are those of the wall clock.
    plain.booking.now = lambda: datetime.now(UTC)

    one = await _ids(_search(plain).pages(after=at, before=at, property_id=HOTEL))
    both = await _ids(_search(plain).pages(after=at, before=at))

    assert one == [wanted]
    assert both == [wanted, elsewhere]
    assert account.exchanges


async def test_a_span_of_more_than_ninety_days_is_no_search(plain: Side) -> None:
    """What the provider would do with it is not documented, so it is never asked."""
    now = datetime.now(UTC)
    span = plain.provider.limits.search_span
    assert span == timedelta(days=90)

    with pytest.raises(ValueError, match="90 days"):
        await _ids(_search(plain).pages(after=now - span - timedelta(seconds=1), before=now))

    assert not plain.booking.jobs
    assert await _ids(_search(plain).pages(after=now - span, before=now)) == []


@pytest.mark.parametrize("status", [404, 410])
async def test_a_job_that_expires_between_pages_is_made_again(status: int) -> None:
    """The pages start over with a new job, and nothing comes twice."""
    async with serve(Switches(search_expired=status)) as side:  # type: ignore[arg-type]
        sent = [side.booking.guest_writes("c1", f"message {number}") for number in range(120)]
        found: list[str] = []

        async for batch in _lately(side):
            found += [each.message.message_id for each in batch.messages]
            if len(side.booking.jobs) == 1:
                _expire(side)

        assert found == sent
        assert len(side.booking.jobs) == 2


def _expire(side: Side) -> None:
    for job in side.booking.jobs.values():
        job.expires_at = side.booking.now()


class _Jobs(dict[str, Job]):
    """Changes each job as it is made."""

    def __init__(self, **change: object) -> None:
        super().__init__()
        self._change = change

    def __setitem__(self, key: str, job: Job) -> None:
        for name, value in self._change.items():
            setattr(job, name, value)
        super().__setitem__(key, job)


async def test_a_job_that_always_expires_is_given_up(plain: Side) -> None:
    """Jobs are heavy: after some, the search fails and says so."""
    plain.booking.jobs = _Jobs(expires_at=datetime.now(UTC) - timedelta(hours=1))

    with pytest.raises(ProviderError) as caught:
        await _ids(_lately(plain))

    assert caught.value.code == "search_expired"
    assert len(plain.booking.jobs) == 3


async def test_a_job_that_is_never_ready_is_given_up(plain: Side) -> None:
    """After a quarter of an hour of ever longer pauses the search fails in words."""
    plain.booking.jobs = _Jobs(polls=10**6)

    with pytest.raises(ProviderError) as caught:
        await _ids(_lately(plain))

    assert caught.value.code == "search_slow"
    assert 900 <= sum(plain.waits) <= 960
    assert max(plain.waits) == 30


@pytest.mark.parametrize("kind", ["500", "drop_after", "429"])
async def test_a_job_is_made_once_and_its_result_may_be_asked_again(plain: Side, kind: str) -> None:
    """Each call of the one GET makes another job; the other GET only reads."""
    plain.booking.guest_writes("c1", "Hello")
    plain.stand_in.faults.add("search.result", kind, times=2)  # type: ignore[arg-type]
    assert len(await _ids(_lately(plain))) == 1
    assert len(plain.booking.jobs) == 1

    plain.stand_in.faults.add("search.create", kind)  # type: ignore[arg-type]
    with pytest.raises(ProviderError):
        await _ids(_lately(plain))
    assert plain.stand_in.faults.struck == 3


async def test_a_foreign_property_is_refused(plain: Side) -> None:
    """403 is about the property and permanent."""
    with pytest.raises(ProviderError) as caught:
        await _ids(_lately(plain, PropertyId("1")))
    assert (caught.value.code, caught.value.permanent) == ("forbidden", True)
