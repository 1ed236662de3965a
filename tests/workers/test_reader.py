"""Reading a provider that has no queue: nothing lost, each message once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.sandbox.hostelmate.switches import Switches, variants
from bridgebot.store import conversations
from bridgebot.workers.lease import STANDBY_SECONDS
from tests.workers.bench import HOSTEL, Bench, bench_on

VARIANTS = dict(variants())


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Give a reader's surroundings with all defaults."""
    async with bench_on(tmp_path) as made:
        yield made


@pytest.fixture(params=sorted(VARIANTS))
async def varied(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """Give a reader's surroundings under one setting of what is not documented."""
    switches = VARIANTS[request.param]
    fields = {name: getattr(switches, name) for name in Switches.__dataclass_fields__}
    async with bench_on(tmp_path, **fields) as made:
        yield made


def _thread(bench: Bench, name: str, **more: str) -> str:
    return bench.mate.open_thread(HOSTEL, thread_id=name, **more).thread_id


async def test_every_message_is_shown_once_whatever_is_not_documented(varied: Bench) -> None:
    """New, back-dated and late messages of many threads, over several looks."""
    reader, sent = varied.reader(), []
    await varied.work(reader)
    for number in range(12):
        _thread(varied, f"t{number}", guest_name="Ada")
    for round_ in range(4):
        for number in range(12):
            thread = f"t{number}"
            early = varied.clock.now() - timedelta(hours=round_ + 1)
            sent.append(varied.mate.guest_writes(thread, f"{round_} now"))
            sent.append(varied.mate.guest_writes(thread, f"{round_} late", at=early))
            sent.append(varied.mate.property_writes(thread, f"{round_} ours"))
        await varied.look(reader)
    await varied.look(reader)

    assert sorted(await varied.shown()) == sorted(sent)
    assert varied.stand_in.limits.limited == 0


async def test_a_thread_of_many_pages_is_read_whole_and_in_order(bench: Bench) -> None:
    """A hundred a page, oldest first."""
    reader = bench.reader()
    await bench.work(reader)
    thread, sent = _thread(bench, "t"), []
    for number in range(250):
        bench.clock.seconds += 1
        sent.append(bench.mate.guest_writes(thread, f"message {number}"))

    await bench.look(reader)

    assert await bench.shown() == sent


async def test_a_message_that_slips_in_between_two_pages_of_a_thread_is_found(
    bench: Bench,
) -> None:
    """A back-dated message shifts the pages; the thread is read once more."""
    reader = bench.reader()
    await bench.work(reader)
    thread = _thread(bench, "t")
    sent = [bench.mate.guest_writes(thread, f"message {number}") for number in range(150)]
    early = bench.clock.now() - timedelta(hours=1)

    def slip() -> None:
        sent.append(bench.mate.guest_writes(thread, "slipped in", at=early))

    bench.stand_in.after("conversations.messages", slip)
    await bench.look(reader)

    assert len(sent) == 151
    assert sorted(await bench.shown()) == sorted(sent)


async def test_a_thread_that_jumps_over_a_page_of_the_list_is_met_at_once(bench: Bench) -> None:
    """The list shifts while it is paged through: what was hidden is seen in the same look."""
    reader = bench.reader()
    for number in range(150):
        bench.clock.seconds += 1
        bench.mate.guest_writes(_thread(bench, f"t{number}"), "Hello")
    await bench.work(reader)
    later: list[str] = []

    def jump() -> None:
        bench.clock.seconds += 1
        later.append(bench.mate.guest_writes("t0", "Again"))

    bench.stand_in.after("conversations.list", jump)
    await bench.look(reader)

    assert set(later) <= set(await bench.shown())
    assert len(await bench.shown()) == 151


async def test_a_late_message_that_the_list_does_not_show_is_found_by_reading_again(
    bench: Bench,
) -> None:
    """Read already, before the last one, not in any figure: found within ten minutes."""
    reader = bench.reader()
    await bench.work(reader)
    thread = _thread(bench, "t")
    bench.mate.guest_writes(thread, "Hello", is_read=True)
    await bench.look(reader)
    early = bench.clock.now() - timedelta(hours=1)
    late = bench.mate.guest_writes(thread, "late", at=early, is_read=True)

    await bench.look(reader)
    assert late not in await bench.shown()
    await bench.look(reader, seconds=600)

    assert late in await bench.shown()


async def test_an_old_account_floods_nobody(bench: Bench) -> None:
    """Of what was there before: shown is what waits or is young, kept is all."""
    long_ago = bench.clock.now() - timedelta(days=200)
    done = bench.mate.guest_writes(_thread(bench, "done"), "Thanks", at=long_ago, is_read=True)
    waits = bench.mate.guest_writes(_thread(bench, "waits"), "Anybody?", at=long_ago)
    archived = bench.mate.guest_writes(_thread(bench, "archived"), "Bye", at=long_ago, is_read=True)
    bench.mate.archive("archived")
    young = bench.mate.guest_writes(_thread(bench, "young"), "Hello", is_read=True)
    reader = bench.reader()

    await bench.work(reader)

    assert sorted(await bench.shown()) == sorted([waits, young])
    assert await bench.stored() == {done, waits, archived, young}
    later = bench.mate.guest_writes("done", "One more thing")
    await bench.look(reader)
    assert later in await bench.shown()
    assert done not in await bench.shown()


async def test_what_comes_while_an_old_thread_waits_to_be_read_is_shown(bench: Bench) -> None:
    """Between the first look at the list and the reading of a thread a guest writes."""
    long_ago = bench.clock.now() - timedelta(days=200)
    bench.mate.guest_writes(_thread(bench, "old"), "Thanks", at=long_ago, is_read=True)
    came: list[str] = []

    def write() -> None:
        came.append(bench.mate.guest_writes("old", "New"))
        came.append(bench.mate.guest_writes("old", "late", at=long_ago - timedelta(hours=1)))

    bench.stand_in.after("conversations.list", write)
    await bench.work(bench.reader())

    assert sorted(await bench.shown()) == sorted(came)


@pytest.mark.parametrize("steps", range(1, 12))
async def test_another_process_goes_on_where_one_died(bench: Bench, steps: int) -> None:
    """Whenever a reader ends, its successor shows what is missing and nothing again."""
    long_ago = bench.clock.now() - timedelta(days=200)
    bench.mate.switches = Switches(reading="marks")
    sent = []
    for number in range(4):
        _thread(bench, f"t{number}")
        sent.append(bench.mate.guest_writes(f"t{number}", "Hello", at=long_ago))
    first, second = bench.reader("host:1:a"), bench.reader("host:2:b")
    await bench.work(first, steps)
    sent.append(bench.mate.guest_writes("t2", "Again"))

    assert await second.step() == STANDBY_SECONDS
    bench.clock.seconds += 20
    await bench.work(second)

    assert sorted(await bench.shown()) == sorted(sent)


async def test_channels_that_another_provider_shows_are_left_out(bench: Bench) -> None:
    """Booking.com's own threads are neither read nor stored, until the setting says otherwise."""
    reader = bench.reader()
    await bench.work(reader)
    old = bench.mate.guest_writes(_thread(bench, "b", channel="BOOKING_COM"), "Hi", is_read=True)
    other = bench.mate.guest_writes(_thread(bench, "a", channel="SMOKE_SIGNAL"), "Hi")
    await bench.look(reader)

    assert await bench.stored() == {other}
    assert not any("/b/" in call["path"] for call in bench.mate.wire)

    bench.clock.seconds += 20
    all_of_them = bench.reader("host:2:b", skip_channels=[])
    await bench.work(all_of_them)
    new = bench.mate.guest_writes("b", "Anybody?")
    await bench.look(all_of_them)
    assert await bench.shown() == [other, new]
    assert await bench.stored() == {old, other, new}


async def test_a_message_that_cannot_be_read_is_put_aside_once(bench: Bench) -> None:
    """Its neighbours go on, and there is one alert even when it changes."""
    reader = bench.reader()
    await bench.work(reader)
    thread = _thread(bench, "t")
    bench.mate.guest_writes(thread, "Hello")
    good = bench.mate.guest_writes(thread, "Hello again")
    broken = bench.mate.threads[thread].messages[0]
    broken.content = ["not", "a", "text"]  # type: ignore[assignment]

    await bench.look(reader)
    bench.mate.read_in_inbox(thread)
    await bench.look(reader)

    assert await bench.shown() == [good]
    assert [kind for kind, _, _ in await bench.alerts()] == ["quarantined"]


async def test_a_thread_that_is_gone_holds_nobody_up(bench: Bench) -> None:
    """A 404 for a thread while the list is there: the thread is left, the others go on."""
    reader = bench.reader()
    await bench.work(reader)
    _thread(bench, "gone")
    other = bench.mate.guest_writes(_thread(bench, "t"), "Hello")
    bench.stand_in.after("conversations.list", lambda: bench.mate.threads.pop("gone"))

    await bench.look(reader)

    assert await bench.shown() == [other]
    assert await bench.alerts() == []


async def test_messaging_that_is_switched_off_is_said_in_words(bench: Bench) -> None:
    """After half a minute an alert says what the 404 means; it closes when it is over."""
    reader = bench.reader()
    await bench.work(reader)
    bench.mate.hostels[HOSTEL].enabled = False
    for _ in range(8):
        await bench.clock.sleep(30)
        await reader.step()

    ((kind, title, lines),) = await bench.alerts()
    assert (kind, title) == ("provider_down", "Hostel Mate cannot be reached")
    assert "messaging is not enabled" in lines
    bench.mate.hostels[HOSTEL].enabled = True
    message = bench.mate.guest_writes(_thread(bench, "t"), "Hello")
    await bench.look(reader, seconds=60)
    assert await bench.shown() == [message]
    assert "Over after" in (await bench.alerts())[0][2]


async def test_a_key_that_was_rotated_is_told_at_once(bench: Bench) -> None:
    """The alert names the setting, and never the key."""
    reader = bench.reader()
    await bench.work(reader)
    bench.mate.rotate_key(HOSTEL)
    await bench.look(reader)

    ((kind, title, lines),) = await bench.alerts()
    assert (kind, title) == ("credentials", "Hostel Mate refuses our credentials")
    assert "BRIDGEBOT_HOSTELMATE_API_KEY" in lines
    assert "hm_live" not in lines


@pytest.mark.parametrize("fault", ["503", "500", "429", "html", "drop_before", "drop_after"])
@pytest.mark.parametrize("call", ["conversations.list", "conversations.messages"])
async def test_passing_failures_lose_nothing(bench: Bench, call: str, fault: str) -> None:
    """Errors, limits and lost answers, however long they last."""
    reader = bench.reader()
    await bench.work(reader)
    sent = [bench.mate.guest_writes(_thread(bench, f"t{n}"), "Hello") for n in range(3)]
    bench.stand_in.faults.add(call, fault, times=9)  # type: ignore[arg-type]

    for _ in range(6):
        await bench.look(reader)

    assert bench.stand_in.faults.struck == 9
    assert sorted(await bench.shown()) == sorted(sent)


async def test_hundreds_of_threads_keep_the_limit_and_news_comes_through(bench: Bench) -> None:
    """While an account is read for the first time, new messages wait for minutes at most."""
    long_ago = bench.clock.now() - timedelta(days=200)
    for number in range(400):
        bench.mate.guest_writes(_thread(bench, f"t{number}"), "Hi", at=long_ago, is_read=True)
    reader = bench.reader()
    for _ in range(60):
        await bench.clock.sleep(await reader.step())
    began = bench.clock.seconds
    news = bench.mate.guest_writes("t399", "Now?")
    while news not in await bench.shown():
        await bench.clock.sleep(await reader.step())

    assert bench.clock.seconds - began < 60
    await bench.work(reader)
    assert await bench.shown() == [news]
    assert len(await bench.stored()) == 401
    assert bench.stand_in.limits.limited == 0


async def test_a_poll_that_is_set_too_short_keeps_the_limit(bench: Bench) -> None:
    """The rate limit is kept whatever the settings say, and threads are read all the same."""
    reader = bench.reader(poll_seconds=0.01)
    sent = [bench.mate.guest_writes(_thread(bench, f"t{n}"), "Hello") for n in range(50)]
    end = bench.clock.seconds + 180
    while bench.clock.seconds < end:
        await bench.clock.sleep(await reader.step())

    assert bench.stand_in.limits.limited == 0
    assert sorted(await bench.shown()) == sorted(sent)


async def test_what_is_stored_names_guest_channel_and_booking(bench: Bench) -> None:
    """The property is the account's name; automatic messages are no answer."""
    booking = "e7b7f6bb-6c0c-4e2c-9b3e-9c6f2a1c0a77"
    thread = _thread(bench, "t", booking_id=booking, channel="EMAIL", subject="Our stay")
    bench.mate.guest_writes(thread, "Hello")
    bench.mate.property_writes(thread, "Please check in online", source="CHECK_IN")
    await bench.work(bench.reader())

    about = await bench.conversation(thread)

    assert (about.property_id, about.reference) == ("hostelmate", booking)
    assert (about.conversation_type, about.guest_name) == ("EMAIL", "Sam Example")
    row = await bench.store.read(lambda c: _awaiting(c, thread))
    assert row is not None


async def _awaiting(connection: AsyncConnection, thread: str) -> int | None:
    row = await conversations.find(connection, "hostelmate", thread)
    return row.awaiting_since if row is not None else None


async def test_accounts_whose_names_begin_alike_know_their_own_conversations(bench: Bench) -> None:
    """What ``hostelmate:lake`` has read is not loaded for ``hostelmate``."""
    _thread(bench, "t1", guest_name="Ada")
    lake = bench.reader(name="hostelmate:lake")
    await bench.work(lake)
    plain = bench.reader("host:2:b")

    await plain.step()

    assert plain._known is not None
    assert set(plain._known) <= {"t1"}
