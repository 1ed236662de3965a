"""Comparisons of the threads that are disturbed while they go on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.app import utc_now
from bridgebot.slack.capture import EDITED_LATE
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.pacing import Pacer
from bridgebot.slack.session import open_session
from bridgebot.store import conversations, records
from bridgebot.store.corrections import OFFERED
from bridgebot.store.database import Store
from bridgebot.store.outbox import GONE, by_ts
from bridgebot.store.rows import OutboxRow
from bridgebot.store.schema import inbox, outbox
from bridgebot.workers import catchup
from bridgebot.workers.catchup import CURSOR, Catchup
from bridgebot.workers.context import Context, Routing
from tests.e2e.world import ALERTS, ANNA, BOT, GUESTS, World, serve
from tests.store.build import about


class Disturbed(Gateway):
    """A gateway before whose n-th reading of a thread something happens."""

    happens: list[Callable[[], object] | None]

    async def thread(
        self, channel: str, ts: str, *, oldest: str | None = None, limit: int = 200
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Let it happen, then walk the thread."""
        now = self.happens.pop(0) if self.happens else None
        if now is not None:
            now()
        async for message in super().thread(channel, ts, oldest=oldest, limit=limit):
            yield message


@dataclass(slots=True)
class Absence:
    """Two threads in which Anna wrote while nobody listened, and who compares them."""

    world: World
    store: Store
    gateway: Disturbed
    catchup: Catchup
    roots: list[str] = field(default_factory=list)

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
        gateway = Disturbed(client, Pacer(posts_per_second=0))
        gateway.happens = []
        context = Context(
            store=store,
            owner="host:1:a",
            now=utc_now,
            chance=lambda: 0.0,
            routing=Routing(guests=GUESTS, alerts=ALERTS),
            providers={},
        )
        at = context.ms()
        await store.write(lambda c: records.set_cursor(c, CURSOR, {"at": at}))
        catchup = Catchup(
            context, gateway, bot_user=BOT.user_id, connected=lambda: True, after_seconds=3.0
        )
        opened = Absence(world, store, gateway, catchup)
        for name in ("c1", "c2"):
            ts = await gateway.post(GUESTS, name)
            opened.roots.append(ts)

            async def unit(connection: AsyncConnection, name: str = name, ts: str = ts) -> None:
                row = await conversations.ensure(connection, about(name), channel=GUESTS, now=at)
                await conversations.bind_thread(connection, row.id, GUESTS, ts)

            await store.write(unit)
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
    assert EDITED_LATE in str(notices.all())


async def test_the_hold_begins_when_somebody_listens(absence: Absence) -> None:
    """However long a start waits for Slack, replies are held for the comparison after it."""
    absence.catchup.was_absent(1.0)
    clock = absence.catchup._context.now() + timedelta(hours=1)
    object.__setattr__(absence.catchup._context, "now", lambda: clock)
    assert absence.catchup.held() is None
