"""Comparisons of the threads that are disturbed while they go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.elapsed import elapsed
from bridgebot.errors import SlackError
from bridgebot.sandbox.slack.state import Channel
from bridgebot.session import open_session
from bridgebot.slack.capture import EDITED_ON_ITS_WAY
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.pacing import Pacer
from bridgebot.slack.timekeeper import Timekeeper, utc_now
from bridgebot.store import conversations, records
from bridgebot.store.corrections import OFFERED
from bridgebot.store.database import Store
from bridgebot.store.outbox import DELETED, GONE, by_ts, capture, send_held
from bridgebot.store.rows import OutboxRow
from bridgebot.store.schema import alerts, inbox, outbox
from bridgebot.workers import catchup
from bridgebot.workers.catchup import CURSOR, LEFT, MARGIN_MS, Catchup
from bridgebot.workers.context import Context, Routing
from tests.e2e.world import ALERTS, ANNA, BOT, GUESTS, World, serve
from tests.store.build import about

OTHER = "C0OTHER"


@dataclass(slots=True)
class Clock:
    """The time of day, and what tests add to it; the machine's clock may be ``off``."""

    more: timedelta = timedelta(0)
    off: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Tell the time."""
        return utc_now() + self.more

    def wall(self) -> datetime:
        """Tell what the machine's clock says."""
        return self.now() + self.off

    def ran(self) -> float:
        """Tell the seconds that have passed."""
        return elapsed() + self.more.total_seconds()


class Disturbed(Gateway):
    """A gateway before whose n-th reading of a thread something happens, or after each."""

    happens: list[Callable[[], object] | None]
    follows: Callable[[str], Awaitable[object]] | None = None

    async def thread(
        self, channel: str, ts: str, *, oldest: str | None = None, limit: int = 200
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Let it happen, then walk the thread."""
        now = self.happens.pop(0) if self.happens else None
        if now is not None:
            now()
        async for message in super().thread(channel, ts, oldest=oldest, limit=limit):
            yield message
        if self.follows is not None:
            await self.follows(ts)


@dataclass(slots=True)
class Absence:
    """Two threads in which Anna wrote while nobody listened, and who compares them."""

    world: World
    store: Store
    gateway: Disturbed
    context: Context
    clock: Clock
    catchup: Catchup = field(init=False)
    roots: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.catchup = self.another()

    def another(self, look_seconds: float | None = None) -> Catchup:
        """Make what compares, as a process of its own would have it."""
        return Catchup(
            self.context,
            self.gateway,
            bot_user=BOT.user_id,
            connected=lambda: True,
            after_seconds=3.0,
            look_seconds=look_seconds,
        )

    async def bind(self, name: str, channel: str, ts: str) -> None:
        """Make a root the thread of a conversation."""

        async def unit(connection: AsyncConnection) -> None:
            now = self.context.ms()
            row = await conversations.ensure(connection, about(name), channel=channel, now=now)
            await conversations.bind_thread(connection, row.id, channel, ts)

        await self.store.write(unit)

    def writes(self, number: int, text: str) -> str:
        """Let Anna write in a thread."""
        workspace = self.world.slack.workspace
        return workspace.person_writes(ANNA, GUESTS, text, thread_ts=self.roots[number])

    def vanish(self, number: int) -> None:
        """Delete a thread: its replies, then its root."""
        workspace = self.world.slack.workspace
        for ts in [*workspace.channels[GUESTS].threads[self.roots[number]], self.roots[number]]:
            workspace.person_deletes(GUESTS, ts)

    async def found(self) -> set[str]:
        """List the replies that were found, by ts."""
        return set((await self.store.read(lambda c: c.execute(select(outbox.c.ts)))).scalars())

    async def kept(self, ts: str) -> OutboxRow:
        """Read what is kept of a reply."""
        row = await self.store.read(lambda c: by_ts(c, GUESTS, ts))
        assert row is not None
        return row


@pytest.fixture
async def absence(tmp_path: Path) -> AsyncIterator[Absence]:
    """Give two conversations with a thread each; the last presence was before them."""
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    async with serve(tmp_path) as world, open_session() as session:
        client = make_client(BOT.bot_token, f"http://127.0.0.1:{world.port}/slack/api/", session)
        clock = Clock()
        world.slack.workspace.now = lambda: clock.now().timestamp()
        time = Timekeeper(clock.wall, clock.ran)
        gateway = Disturbed(
            client,
            Pacer(posts_per_second=0),
            sleep=lambda _seconds: asyncio.sleep(0),
            heard=time.heard,
        )
        gateway.happens = []
        context = Context(
            store=store,
            owner="host:1:a",
            now=time.now,
            chance=lambda: 0.0,
            routing=Routing(guests=GUESTS, alerts=ALERTS, by_property={"other": OTHER}),
            providers={},
        )
        world.slack.workspace.add_channel(Channel(OTHER, "other", members={ANNA, BOT.user_id}))
        at = context.ms()
        await store.write(lambda c: records.set_cursor(c, CURSOR, {"at": at}))
        opened = Absence(world, store, gateway, context, clock)
        for name in ("c1", "c2"):
            ts = await gateway.post(GUESTS, name)
            opened.roots.append(ts)
            await opened.bind(name, GUESTS, ts)
        yield opened
    await store.close()


@pytest.mark.parametrize("number", [0, 1])
async def test_a_thread_that_vanishes_during_a_comparison_does_not_stop_it(
    absence: Absence, number: int
) -> None:
    """It was listed and is gone when it is read; the other one is read all the same."""
    absence.writes(number, "In the thread that goes")
    kept = absence.writes(1 - number, "In the one that stays")
    absence.gateway.happens = [lambda: absence.vanish(number)]

    await absence.catchup.step()

    assert kept in await absence.found()
    assert absence.catchup.held() == set()


async def test_a_cut_during_a_comparison_is_an_absence_of_its_own(absence: Absence) -> None:
    """What is written in a thread that was read already, while nobody listens, is found as well."""
    first, second = absence.writes(0, "One"), absence.writes(1, "Two")
    late: list[str] = []

    def cut() -> None:
        late.extend([absence.writes(0, "Three"), absence.writes(1, "Four")])
        absence.catchup.was_absent(0.5)
        assert absence.catchup.held() is None

    absence.gateway.happens = [None, cut]
    await absence.catchup.step()

    assert await absence.found() == {first, second, *late}
    assert absence.catchup.held() == set()


async def _is_out(absence: Absence, ts: str) -> None:
    """Let a reply be one whose answer was lost."""
    values = {"kind": "reply", "content": "x", "state": "uncertain"}
    await absence.store.write(
        lambda c: c.execute(update(outbox).where(outbox.c.ts == ts).values(**values))
    )


async def test_a_reply_that_may_be_out_is_not_sent_again_once_it_was_deleted(
    absence: Absence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deleted while nobody listened: should it turn out that it never arrived, it stays so."""
    monkeypatch.setattr(catchup, "SKEW_MS", -1000)
    gone, stays = absence.writes(0, "Never mind"), absence.writes(1, "Welcome")
    await absence.catchup.step()
    for ts in (gone, stays):
        await _is_out(absence, ts)
    absence.world.slack.workspace.person_deletes(GUESTS, gone)
    absence.catchup.was_absent(0.5)

    await absence.catchup.step()

    deleted = await absence.kept(gone)
    kept = await absence.kept(stays)
    assert (deleted.event.get(GONE), kept.event.get(GONE)) == (True, None)


@pytest.mark.parametrize("what", ["discarded", "held"])
async def test_what_was_written_before_an_absence_can_be_deleted_in_it(
    absence: Absence, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A given-up reply's alert is closed, and a held one cannot be sent by its button any more."""
    monkeypatch.setattr(catchup, "SKEW_MS", -1000)
    gone, stays = absence.writes(0, "Never mind"), absence.writes(1, "Welcome")
    await absence.catchup.step()
    for ts in (gone, stays):
        await _given_up(absence, ts, what)
    absence.world.slack.workspace.person_deletes(GUESTS, gone)
    # The absence began when both had long been written.
    absence.catchup.was_absent(-2 * MARGIN_MS / 1000)

    await absence.catchup.step()

    row, other = await absence.kept(gone), await absence.kept(stays)
    assert (row.kind, row.error) == ("refused", DELETED)
    assert other.error != DELETED
    assert not await absence.store.write(lambda c: send_held(c, row.id, now=0))
    closed = select(alerts.c.subject).where(alerts.c.closed_at.is_not(None))
    found = (await absence.store.read(lambda c: c.execute(closed))).scalars().all()
    assert found == [f"outbox:{row.id}"]


async def _given_up(absence: Absence, ts: str, what: str) -> None:
    """Let a reply be one that is not sent before somebody acts, and about which an alert stands."""
    kind, state = ("held", "cancelled") if what == "held" else ("reply", "discarded")
    values = {"kind": kind, "content": "x", "state": state, "finished_at": 1}
    row = await absence.kept(ts)

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(update(outbox).where(outbox.c.ts == ts).values(**values))
        await records.raise_alert(
            connection,
            kind="undelivered",
            provider="booking",
            subject=f"outbox:{row.id}",
            title="Not delivered",
            now=1,
        )

    await absence.store.write(unit)


async def test_an_edit_in_an_absence_of_a_reply_that_is_out_is_offered(absence: Absence) -> None:
    """As it is where the edit is heard at once."""
    ts = absence.writes(0, "Room 12")
    await absence.catchup.step()
    await _is_out(absence, ts)
    absence.world.slack.workspace.person_edits(ANNA, GUESTS, ts, "Room 14")
    absence.catchup.was_absent(0.5)

    await absence.catchup.step()

    row = await absence.kept(ts)
    assert (row.event["text"], row.event[OFFERED]) == ("Room 14", True)
    notices = await absence.store.read(lambda c: c.execute(select(inbox.c.notice)))
    assert EDITED_ON_ITS_WAY in str(notices.all())


async def test_the_hold_begins_when_somebody_listens(absence: Absence) -> None:
    """However long a start waits for Slack, replies are held for the comparison after it."""
    absence.catchup.was_absent(1.0)
    absence.clock.more += timedelta(hours=1)
    assert absence.catchup.held() is None


async def test_a_channel_without_the_bot_stops_no_other_and_is_read_later(absence: Absence) -> None:
    """The others are compared; what was said there is found when the bot is back.

    Even if another process runs by then.
    """
    members = absence.world.slack.workspace.channels[OTHER].members
    root = await absence.gateway.post(OTHER, "c3")
    await absence.bind("c3", OTHER, root)
    here = absence.writes(0, "Here")
    there = absence.world.slack.workspace.person_writes(ANNA, OTHER, "There", thread_ts=root)
    members.discard(BOT.user_id)

    await absence.catchup.step()

    assert await absence.found() == {here}
    assert absence.catchup.held() == set()
    successor = absence.another()
    await successor.step()
    assert await absence.found() == {here}
    members.add(BOT.user_id)
    absence.clock.more += timedelta(minutes=2)
    await successor.step()
    assert await absence.found() == {here, there}
    left = await absence.store.read(lambda c: records.get_cursors(c, LEFT))
    assert left == {}


async def test_a_machine_that_slept_has_been_absent(absence: Absence) -> None:
    """The socket looks as before; what was written meanwhile is read all the same."""
    await absence.catchup.step()
    written = absence.writes(0, "While it slept")
    await absence.catchup.step()
    assert await absence.found() == set()

    absence.clock.more += timedelta(hours=1)
    await absence.catchup.step()

    assert await absence.found() == {written}


async def test_a_channel_may_be_left_while_one_of_its_threads_is_read(
    absence: Absence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot is taken out, said by another worker, just when a call fails: nothing dies of it."""
    absence.writes(0, "Here")

    async def read(*_where: object) -> int:
        await absence.catchup.missing(GUESTS, 0)
        raise SlackError("Slack is away", code="http_503")

    monkeypatch.setattr(absence.catchup, "_read", read)
    with pytest.raises(SlackError):
        await absence.catchup.step()

    assert absence.catchup.held() == set()


@pytest.mark.parametrize("off", [60.0, -60.0])
async def test_a_reply_written_while_its_thread_is_read_was_not_deleted(
    absence: Absence, off: float
) -> None:
    """Its event comes right after the reading, and it is in nothing that was read."""
    absence.clock.off = timedelta(seconds=off)
    absence.writes(0, "One")
    late: list[str] = []

    async def write(thread_ts: str) -> None:
        if thread_ts == absence.roots[0]:
            late.append(absence.writes(0, "Two"))
            event = absence.world.slack.workspace.message(GUESTS, late[0]) | {"channel": GUESTS}
            await absence.store.write(lambda c: capture(c, event, now=1, ours=True))

    absence.gateway.follows = write
    await absence.catchup.step()

    assert (await absence.kept(late[0])).error is None


@pytest.mark.parametrize("off", [150.0, -150.0])
async def test_what_was_written_after_a_sudden_end_is_found_whatever_the_clock_says(
    absence: Absence, off: float
) -> None:
    """The last presence is told by Slack's time, as what is looked for."""
    absence.clock.off = timedelta(seconds=off)
    await absence.gateway.whoami()
    await absence.catchup.step()
    written = absence.writes(0, "Right after the end")

    await absence.another().step()

    assert await absence.found() == {written}


async def _pass(absence: Absence, catchup: Catchup, seconds: float) -> None:
    """Let time pass, in which the process is as busy as ever."""
    for _ in range(int(seconds / 50)):
        absence.clock.more += timedelta(seconds=50)
        await catchup.step()


def _refuse() -> None:
    raise SlackError("Slack is away", code="http_503")


async def _fails(absence: Absence, catchup: Catchup) -> None:
    """Let a moment pass, after which Slack does not answer."""
    absence.clock.more += timedelta(seconds=50)
    with pytest.raises(SlackError):
        await catchup.step()


async def test_an_absence_that_nothing_tells_of_is_found_by_a_look(absence: Absence) -> None:
    """Events are posted to us, and a proxy keeps them for an hour: the roots show the replies."""
    posted = absence.another(look_seconds=120)
    await posted.step()
    for number in (0, 1):
        written = absence.writes(number, "Kept back by the proxy")
        assert posted.held() == set()

        await _pass(absence, posted, 150)

        assert written in await absence.found()


async def test_a_look_that_fails_is_made_again(absence: Absence) -> None:
    """Slack does not answer: the next look begins where the last one that succeeded did."""
    posted = absence.another(look_seconds=120)
    await posted.step()
    written = absence.writes(0, "Kept back by the proxy")
    absence.world.slack.faults.add("conversations.history", "503", times=99)
    for _ in range(2):
        await _pass(absence, posted, 100)
        await _fails(absence, posted)
    absence.world.slack.faults.clear()

    await _pass(absence, posted, 150)

    assert await absence.found() == {written}


async def test_a_look_that_fails_keeps_no_known_thread_from_being_read(absence: Absence) -> None:
    """The threads that the last look named are read, though the next one fails each time."""
    posted = absence.another(look_seconds=50)
    await posted.step()
    written = absence.writes(0, "Kept back by the proxy")
    absence.gateway.happens = [_refuse]
    await _fails(absence, posted)
    absence.world.slack.faults.add("conversations.history", "503", times=99)
    await _fails(absence, posted)
    assert await absence.found() == set()

    await posted.step()

    assert await absence.found() == {written}


async def test_a_start_reads_from_the_last_look_on(absence: Absence) -> None:
    """That the process ran says nothing where events are posted to us."""
    posted = absence.another(look_seconds=600)
    await posted.step()
    written = absence.writes(0, "Kept back by the proxy")
    await _pass(absence, posted, 200)
    assert await absence.found() == set()

    await absence.another(look_seconds=600).step()

    assert await absence.found() == {written}
