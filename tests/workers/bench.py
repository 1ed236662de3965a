"""A reader between a store and the Hostel Mate stand-in, with a clock that is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web
from sqlalchemy import select

from bridgebot.model import Conversation
from bridgebot.providers.base import Provider
from bridgebot.providers.hostelmate import hostelmate_provider
from bridgebot.providers.wire import open_http
from bridgebot.sandbox.hostelmate.hostel import HostelMate
from bridgebot.sandbox.hostelmate.limits import Limits
from bridgebot.sandbox.hostelmate.standin import HostelMateStandIn
from bridgebot.sandbox.hostelmate.switches import Switches
from bridgebot.store import conversations
from bridgebot.store.database import Store
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.rows import to_ms
from bridgebot.store.schema import alerts, inbox, messages
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.reader import Reader

KEY, HOSTEL = "hm_live_test", "hostelmate"


class Clock:
    """A time that tests move."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def now(self) -> datetime:
        """Tell the time of day."""
        return datetime(2026, 5, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """Tell the seconds."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.seconds += seconds


def bare_context(store: Store, clock: Clock, **more: Any) -> Context:
    """Make the context of a node that nobody else is there for; ``more`` goes over its fields."""
    values: dict[str, Any] = {
        "store": store,
        "owner": "host:1:a",
        "now": clock.now,
        "chance": lambda: 0.0,
        "routing": Routing(guests="C1", alerts="C2"),
        "providers": {},
    }
    return Context(**{**values, **more})


class Bench:
    """What a reader's test holds; ``look`` lets it work until it has nothing to do."""

    def __init__(self, store: Store, stand_in: HostelMateStandIn, http: httpx.AsyncClient) -> None:
        self.store = store
        self.stand_in = stand_in
        self.mate = stand_in.mate
        self.http = http
        self.clock = Clock()
        self.mate.now = self.clock.now
        stand_in.limits.clock = self.clock.monotonic
        self.base = ""

    def provider(self, **more: Any) -> Provider:
        """Make the provider."""
        return hostelmate_provider(
            **{
                "http": self.http,
                "api_url": self.base,
                "api_key": KEY,
                "skip_channels": ["BOOKING_COM"],
                "sleep": self.clock.sleep,
                "chance": lambda: 0.5,
                "clock": self.clock.monotonic,
                **more,
            }
        )

    def context(self, owner: str = "host:1:a", *providers: Provider) -> Context:
        """Make what every worker is given."""
        return Context(
            store=self.store,
            owner=owner,
            now=self.clock.now,
            chance=lambda: 0.5,
            routing=Routing(guests="C1", alerts="C2"),
            providers={provider.name: provider for provider in providers},
            leased_at=lambda: to_ms(self.clock.now()),
        )

    def reader(self, owner: str = "host:1:a", **more: Any) -> Reader:
        """Make a reader, as a process of its own would have it."""
        provider = self.provider(**more)
        context = self.context(owner, provider)
        assert provider.listing is not None
        return Reader(context, provider, provider.listing, monotonic=self.clock.monotonic)

    async def look(self, reader: Reader, *, seconds: float = 30.0) -> None:
        """Let time pass, then let the reader work until it has nothing to do."""
        await self.clock.sleep(seconds)
        await self.work(reader)

    async def work(self, reader: Reader, steps: int = 2_000) -> None:
        """Let the reader work until it has nothing to do, or so many steps."""
        for _ in range(steps):
            pause = await reader.step()
            if pause >= LEASE_MS / 3000:
                return
            await self.clock.sleep(pause)

    async def shown(self) -> list[str]:
        """List the ids of the messages that are on their way into threads, in order."""
        query = select(messages.c.message_id).join(inbox, inbox.c.message == messages.c.id)
        return await self._scalars(query.order_by(inbox.c.id))

    async def stored(self) -> set[str]:
        """List the ids of all messages that are stored."""
        return set(await self._scalars(select(messages.c.message_id)))

    async def alerts(self) -> list[tuple[str, str, str]]:
        """List kind, title and lines of all alerts."""

        async def read(connection: Any) -> list[tuple[str, str, str]]:
            query = select(alerts.c.kind, alerts.c.title, alerts.c.lines).order_by(alerts.c.id)
            return [tuple(row) for row in await connection.execute(query)]

        return await self.store.read(read)

    async def conversation(self, thread_id: str) -> Conversation:
        """Read what is stored of a conversation."""
        row = await self.store.read(lambda c: conversations.find(c, "hostelmate", thread_id))
        assert row is not None
        return row.about

    async def _scalars(self, query: Any) -> list[str]:
        async def read(connection: Any) -> list[str]:
            return list((await connection.execute(query)).scalars())

        return await self.store.read(read)


@asynccontextmanager
async def bench_on(directory: Path, **switches: Any) -> AsyncIterator[Bench]:
    """Serve the stand-in under some switches, with an empty store."""
    mate = HostelMate(switches=Switches(**switches))
    mate.add_hostel(HOSTEL, KEY)
    stand_in = HostelMateStandIn(mate, limits=Limits())
    app = web.Application()
    stand_in.add_routes(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    store = await Store.open(f"sqlite:///{directory}/bench.db")
    async with open_http() as http:
        bench = Bench(store, stand_in, http)
        bench.base = f"http://127.0.0.1:{runner.addresses[0][1]}/hostelmate"
        yield bench
    await store.close()
    await runner.cleanup()
