"""Reading conversations in place of the queue: nothing lost, each message once, few calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bridgebot.sandbox.messaging.booking import Message
from bridgebot.store.schema import conversations, messages
from bridgebot.workers.lease import STANDBY_SECONDS
from tests.workers.booking_bench import HOTELS, BookingBench, booking_bench

LIST, ONE = "conversations.list", "conversations.by_id"
VARIANTS = [
    {},
    {"last_page": "empty"},
    {"page_ids": "base64"},
    {"empty_messages": "absent"},
    {"tag_entries": "on"},
    {"read_tags": "inside"},
]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[BookingBench]:
    """Give a walker's surroundings with all defaults."""
    async with booking_bench(tmp_path) as made:
        yield made


@pytest.mark.parametrize("switches", VARIANTS, ids=str)
async def test_every_message_is_shown_once_whatever_is_not_documented(
    tmp_path: Path, switches: dict[str, str]
) -> None:
    """Two hotels, several pages, guests and property, over several looks."""
    async with booking_bench(tmp_path, **switches) as bench:
        walker, sent = bench.walker(), []
        await bench.work(walker)
        for round_, many in ((0, 54), (1, 8)):
            for number in range(many):
                bench.clock.seconds += 1
                hotel = HOTELS[number == 7]
                sent.append(bench.guest(f"c{number}", f"{round_} hello", hotel))
            sent.append(bench.booking.property_writes("c3", f"{round_} from the extranet"))
            await bench.look(walker)
        await bench.look(walker)

        assert sorted(await bench.shown()) == sorted(sent)
        assert await bench.alerts() == []


async def test_a_quiet_look_costs_one_call_for_each_property(bench: BookingBench) -> None:
    """Sixty conversations of before: where nothing is new one page is looked at."""
    walker = bench.walker()
    await bench.work(walker)
    for number in range(60):
        bench.clock.seconds += 60
        bench.guest(f"c{number}", "Hello")
    await bench.look(walker)
    await bench.look(walker, seconds=300)
    before = (bench.calls(LIST), bench.calls(ONE))

    await bench.look(walker)

    assert (bench.calls(LIST) - before[0], bench.calls(ONE) - before[1]) == (2, 0)


async def test_the_pace_is_kept_whatever_the_poll_is(bench: BookingBench) -> None:
    """Sixty calls a minute and a first handful, with a poll of a hundredth of a second."""
    walker = bench.walker(reads_per_minute=60.0, poll_seconds=0.01)
    bench.guest("c1", "Hello")
    end = bench.clock.seconds + 60
    while bench.clock.seconds < end:
        await bench.clock.sleep(max(0.01, await walker.step()))

    assert 50 <= bench.calls(LIST) + bench.calls(ONE) <= 72
    assert len(await bench.shown()) == 1


@pytest.mark.parametrize("steps", range(1, 12))
async def test_another_process_goes_on_where_one_died(bench: BookingBench, steps: int) -> None:
    """Whenever a walker ends, its successor shows what is missing and nothing again."""
    await bench.work(bench.walker("host:0:z"))
    await bench.clock.sleep(20)
    sent = [bench.guest(f"c{number}", "Hello", HOTELS[number % 2]) for number in range(6)]
    first, second = bench.walker("host:1:a"), bench.walker("host:2:b")
    await bench.work(first, steps)
    sent.append(bench.guest("c2", "Again"))

    assert await second.step() == STANDBY_SECONDS
    bench.clock.seconds += 20
    await bench.work(second)

    assert sorted(await bench.shown()) == sorted(sent)


async def test_a_conversation_that_jumps_over_a_page_is_met_at_the_next_look(
    bench: BookingBench,
) -> None:
    """New activity while the list is paged through hides one; nothing of it is lost."""
    walker = bench.walker()
    await bench.work(walker)
    sent = []
    for number in range(80):
        bench.clock.seconds += 1
        sent.append(bench.guest(f"c{number}", "Hello"))
    await bench.clock.sleep(5)
    await walker.step()
    sent.append(bench.guest("c0", "Jumped to the front"))
    await bench.work(walker)
    await bench.look(walker)

    assert sorted(await bench.shown()) == sorted(sent)


async def test_two_messages_of_one_second_are_both_shown(bench: BookingBench) -> None:
    """The list goes on showing the first of them: the conversation is read a second time."""
    walker = bench.walker()
    await bench.work(walker)
    first = bench.guest("c1", "Hello")
    await bench.look(walker)
    thread = bench.booking.conversations["c1"].messages
    hidden = Message("hidden", "guest", "In the same second", thread[0].at)
    thread.insert(0, hidden)
    await bench.look(walker)
    assert await bench.shown() == [first]

    await bench.look(walker, seconds=130)

    assert await bench.shown() == [first, "hidden"]


async def test_years_of_conversations_flood_nobody(bench: BookingBench) -> None:
    """Shown is what is younger than a day; older words of a fresh conversation are kept."""
    old = [bench.guest(f"c{number}", "Long ago") for number in range(70)]
    await bench.clock.sleep(40 * 86_400)
    young = [bench.guest("c1", "I am back"), bench.guest("new", "Hello")]
    walker = bench.walker()

    await bench.work(walker)

    assert sorted(await bench.shown()) == sorted(young)
    assert bench.calls(ONE) == 2
    ((count,),) = await bench.rows(select(func.count()).select_from(messages))
    assert count == 3
    again = bench.guest("c2", "Me too")
    await bench.look(walker)
    assert again in await bench.shown()
    assert not set(old) & set(await bench.shown())


async def test_what_the_queue_still_holds_is_shown_whatever_its_age(bench: BookingBench) -> None:
    """Conversations are read first, as history; the queue then brings the guest who waits."""
    waits = bench.guest("c1", "Is anybody there?")
    await bench.clock.sleep(3 * 86_400)
    young = bench.guest("c1", "Hello?")
    walker, poller = bench.both()

    await bench.work(walker)
    await bench.look(walker, seconds=130)
    assert await bench.shown() == [young]
    for _ in range(5):
        await bench.clock.sleep(max(0.01, await poller.step()))

    assert await bench.shown() == [young, waits]


async def test_a_guest_of_long_ago_is_shown_and_starts_no_clock(bench: BookingBench) -> None:
    """After weeks without the bridge nobody is alerted for all of them at once."""
    walker = bench.walker()
    await bench.work(walker)
    old = bench.guest("c1", "Anybody?")
    await bench.clock.sleep(20 * 86_400)
    young = bench.guest("c2", "Hello")

    await bench.work(walker)

    assert sorted(await bench.shown()) == sorted([old, young])
    query = select(conversations.c.conversation_id, conversations.c.awaiting_since.is_not(None))
    assert dict(await bench.rows(query)) == {"c1": False, "c2": True}


async def test_a_property_that_is_refused_stops_nobody_else(bench: BookingBench) -> None:
    """A 403 names a property: an alert says which, the other goes on, and it heals by itself."""
    walker = bench.walker()
    await bench.work(walker)
    bench.account.properties = frozenset(HOTELS[1:])
    shut = bench.guest("c1", "Hello")
    other = bench.guest("c2", "Hello", HOTELS[1])
    await bench.look(walker)
    assert await bench.shown() == [other]
    ((kind, title, state),) = await bench.alerts()
    assert (kind, state) == ("provider_down", "open")
    assert HOTELS[0] in title

    bench.account.properties = frozenset(HOTELS)
    await bench.look(walker, seconds=301)

    assert await bench.shown() == [other, shut]
    assert (await bench.alerts())[0][2] == "closed"


async def test_an_unreadable_message_is_put_aside_and_its_neighbours_go_on(
    bench: BookingBench,
) -> None:
    """One alert, however often the conversation is read again."""
    walker = bench.walker()
    await bench.work(walker)
    bench.guest("c1", "Hello")
    bench.booking.conversations["c1"].messages[0].content = ["no", "text"]  # type: ignore[assignment]
    good = bench.guest("c1", "Hello again")

    await bench.look(walker)
    await bench.look(walker, seconds=130)

    assert await bench.shown() == [good]
    assert [kind for kind, _, _ in await bench.alerts()] == ["quarantined"]


@pytest.mark.parametrize("fault", ["503", "429", "html", "drop_before", "drop_after"])
@pytest.mark.parametrize("call", [LIST, ONE])
async def test_passing_failures_lose_nothing(bench: BookingBench, call: str, fault: str) -> None:
    """Errors, limits and lost answers, however long they last."""
    walker = bench.walker()
    await bench.work(walker)
    sent = [bench.guest(f"c{number}", "Hello") for number in range(3)]
    bench.stand_in.faults.add(call, fault, times=9)  # type: ignore[arg-type]

    for _ in range(4):
        await bench.look(walker, seconds=60)

    assert bench.stand_in.faults.struck == 9
    assert sorted(await bench.shown()) == sorted(sent)
