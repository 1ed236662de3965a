"""Nodes on one database that look after guests who wait, with a Slack and a clock that is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from bridgebot.bridge.hours import parse_hours
from bridgebot.bridge.waiting import MINUTE, Desk, Rules, Step
from bridgebot.model import (
    Batch,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    PropertyId,
    ProviderName,
    Received,
    SenderKind,
)
from bridgebot.session import open_session
from bridgebot.slack.files import Files
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.guests import Guests
from bridgebot.slack.pacing import Pacer
from bridgebot.store import conversations, leases
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow, to_ms
from bridgebot.workers.alerts import Alerts
from bridgebot.workers.context import Context, Pulse, Routing
from bridgebot.workers.heartbeat import Heartbeat
from bridgebot.workers.intake import store_batch
from bridgebot.workers.presenter import Presenter
from bridgebot.workers.watchman import Watchman
from tests.e2e.world import ALERTS, BOT, GUESTS, World, serve
from tests.workers.bench import Clock

BOOKING = ProviderName("booking")


@dataclass(slots=True)
class Node:
    """One process: what of it looks after guests who wait."""

    context: Context
    watchman: Watchman
    presenter: Presenter
    pacer: Pacer
    gateway: Gateway
    files: Files

    async def work(self) -> None:
        """Renew the lease, look, and draw, until there is nothing to do."""
        await Heartbeat(self.context).step()
        while await self.watchman.step() == 0.0:
            pass
        while await self.presenter.step() == 0.0:
            pass

    async def dies(self) -> None:
        """End the node's lease, as the next start on this host does."""
        await self.context.store.write(lambda c: leases.end(c, self.context.owner))


@dataclass(slots=True)
class Office:
    """A database, a Slack and a clock; ``node`` starts a process."""

    address: str
    world: World
    stack: AsyncExitStack
    session: aiohttp.ClientSession
    clock: Clock
    desk: Desk = field(default_factory=lambda: rules())  # noqa: PLW0108 - defined below
    written: int = 0

    async def node(
        self, name: str = "a", stall: Callable[[float], Awaitable[None]] | None = None
    ) -> Node:
        """Start a process on the database; ``stall`` is how it waits for its turn at Slack."""
        pacer = Pacer(self.clock.monotonic, stall or self.clock.sleep, posts_per_second=0)
        url = f"http://127.0.0.1:{self.world.port}/slack/api/"
        client = make_client(BOT.bot_token, url, self.session)
        gateway = Gateway(client, pacer, sleep=self.clock.sleep)
        store = await Store.open(self.address)
        self.stack.push_async_callback(store.close)
        context = Context(
            store=store,
            owner=f"host-{name}:1:{name}",
            now=self.clock.now,
            chance=lambda: 0.5,
            routing=Routing(guests=GUESTS, alerts=ALERTS),
            providers={},
            pulse=Pulse(self.clock.monotonic),
            leased_at=lambda: to_ms(self.clock.now()),
        )
        guests = Guests(store, gateway, self.desk, label=context.label, now=context.ms)
        draw = Alerts(context, gateway, guests, zone=ZoneInfo("UTC")).draw
        presenter = Presenter(context, gateway, undo=0.0, draw_alert=draw)
        await Heartbeat(context).step()
        watchman, files = Watchman(context, self.desk), Files(gateway, client)
        return Node(context, watchman, presenter, pacer, gateway, files)

    def later(self, minutes: float) -> None:
        """Let time pass."""
        self.clock.seconds += minutes * 60

    async def guest(
        self, node: Node, name: str = "c1", text: str = "Hello?", *, place: str = "p1"
    ) -> ConversationRow:
        """Let a guest write; what came in is stored by a node."""
        self.written += 1
        about = Conversation(
            provider=BOOKING, conversation_id=ConversationId(name), property_id=PropertyId(place)
        )
        message = Message(
            message_id=MessageId(f"m{self.written}"),
            sender=SenderKind.GUEST,
            content=text,
            sent_at=self.clock.now(),
        )
        batch = Batch(messages=(Received(conversation=about, message=message, raw="{}"),))
        store = node.context.store
        await store.write(lambda c: store_batch(c, node.context, BOOKING, batch))
        found = await store.read(lambda c: conversations.find(c, BOOKING, name))
        assert found is not None
        return found

    async def answer(self, node: Node, row: ConversationRow) -> None:
        """Let somebody answer a guest."""
        now = node.context.ms()
        await node.context.store.write(
            lambda c: conversations.note_answer(c, row.id, now, "slack:U1")
        )

    def alerts(self) -> list[dict[str, Any]]:
        """List what stands in the alerts channel itself."""
        return [each for each in self._posts() if each.get("thread_ts") in {None, each["ts"]}]

    def states(self) -> list[str]:
        """List how the alerts stand."""
        return [each["metadata"]["event_payload"]["state"] for each in self.alerts()]

    def calls(self) -> list[str]:
        """List what stands below alerts."""
        return [
            each["text"]
            for each in self._posts()
            if each.get("thread_ts") not in {None, each["ts"]}
        ]

    def _posts(self) -> list[dict[str, Any]]:
        posts = self.world.slack.workspace.channels[ALERTS].messages.values()
        return [each for each in posts if each.get("subtype") != "tombstone"]


def rules(hours: str = "always", flood: int = 20, **more: Any) -> Desk:
    """Make rules: an alert after 15 minutes, a call after an hour."""
    steps = (Step(after=60 * MINUTE, to="here"),)
    own = Rules(**{"hours": parse_hours(hours, "UTC"), "steps": steps, **more})
    return Desk(default=own, flood=flood)


@asynccontextmanager
async def open_office(address: str, directory: Path) -> AsyncIterator[Office]:
    """Open an office on an empty database."""
    clock = Clock()
    async with serve(directory) as world, open_session() as session, AsyncExitStack() as stack:
        world.slack.workspace.now = lambda: clock.now().timestamp()
        yield Office(address, world, stack, session, clock)
