"""What Slack never answers about: looked up, tried ever more rarely, and given up aloud."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bridgebot.bridge.delivery import MAX_ATTEMPTS, NO_ANSWER
from bridgebot.store.schema import alerts, inbox
from bridgebot.workers.heartbeat import Heartbeat
from bridgebot.workers.poster import Poster
from bridgebot.workers.reconciler import Reconciler
from tests.e2e.world import BOT, GUESTS
from tests.workers.desk import Node, Office, open_office

HOURS = 40
POST = "chat.postMessage"


@dataclass(slots=True)
class Route:
    """A node's way from the inbox to Slack, with a clock that is moved."""

    office: Office
    node: Node
    poster: Poster
    reconciler: Reconciler

    async def work(self) -> None:
        """Post and look up what is due now."""
        await Heartbeat(self.node.context).step()
        await self.poster.step()
        await self.poster.pool.drain()
        await self.reconciler.step()

    async def goes_on(self, hours: float, *, minutes: float = 10.0) -> None:
        """Let hours pass."""
        for _ in range(int(hours * 60 / minutes)):
            await self.work()
            self.office.later(minutes)

    async def rows(self, query: Any) -> list[tuple[Any, ...]]:
        """Run a query."""

        async def read(connection: Any) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await connection.execute(query)]

        return await self.node.context.store.read(read)

    async def states(self) -> list[tuple[Any, ...]]:
        """List state, attempts and error of what goes to threads, in order."""
        columns = (inbox.c.state, inbox.c.attempts, inbox.c.error)
        return await self.rows(select(*columns).order_by(inbox.c.id))

    def texts(self) -> list[str]:
        """List what stands in the guests' channel below roots."""
        posts = self.office.world.slack.workspace.channels[GUESTS].messages.values()
        return [each["text"] for each in posts if each.get("thread_ts") not in {None, each["ts"]}]


@pytest.fixture
async def route(tmp_path: Path) -> AsyncIterator[Route]:
    """Give a guest whose thread is open."""
    async with open_office(f"sqlite:///{tmp_path}/bridgebot.db", tmp_path) as office:
        node = await office.node()
        poster = Poster(node.context, node.gateway, node.files)
        reconciler = Reconciler(node.context, node.gateway, inbox, bot_id=BOT.bot_id)
        made = Route(office, node, poster, reconciler)
        await office.guest(node, text="Hello?")
        await made.work()
        assert made.texts() == ["Hello?"]
        yield made


async def test_a_message_that_slack_never_answers_about_is_given_up_aloud(route: Route) -> None:
    """It does not go to and fro for ever: an alert stands, and what is behind it goes on."""
    await route.office.guest(route.node, text="Is there parking?")
    await route.office.guest(route.node, text="And breakfast?")
    route.office.world.slack.faults.add(POST, "503", times=MAX_ATTEMPTS)

    await route.goes_on(HOURS)

    first, lost, behind = await route.states()
    assert lost == ("discarded", MAX_ATTEMPTS, NO_ANSWER)
    assert (first[0], behind[0]) == ("completed", "completed")
    assert route.texts() == ["Hello?", "And breakfast?"]
    query = select(alerts.c.kind, alerts.c.subject, alerts.c.closed_at)
    assert await route.rows(query) == [("undelivered", "inbox:2", None)]


async def test_what_arrives_after_many_lost_answers_stands_once(route: Route) -> None:
    """A call that took effect at last is found, however often it was tried."""
    await route.office.guest(route.node, text="Is there parking?")
    faults = route.office.world.slack.faults
    faults.add(POST, "503", times=MAX_ATTEMPTS - 1)
    faults.add(POST, "drop_after")

    await route.goes_on(HOURS)

    assert route.texts() == ["Hello?", "Is there parking?"]
    assert [each[0] for each in await route.states()] == ["completed", "completed"]
