"""Booking.com's workers between a store and the stand-in, with a clock that is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from aiohttp import web
from sqlalchemy import select

from bridgebot.model import PropertyId
from bridgebot.providers.base import Provider
from bridgebot.providers.booking import booking_provider
from bridgebot.providers.wire import open_http
from bridgebot.sandbox.messaging.booking import Booking, Conversation
from bridgebot.sandbox.messaging.standin import BookingStandIn
from bridgebot.sandbox.messaging.switches import Switches
from bridgebot.store.database import Store
from bridgebot.store.rows import to_ms
from bridgebot.store.schema import alerts, inbox, messages
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.poller import Poller
from bridgebot.workers.receiver import Receiver
from bridgebot.workers.walker import Walker
from tests.workers.bench import Clock

HOTELS = ("4410021", "4410022")


class BookingBench:
    """What such a test holds."""

    def __init__(self, store: Store, http: httpx.AsyncClient, switches: Switches) -> None:
        self.store = store
        self.http = http
        self.clock = Clock()
        self.booking = Booking(now=self.clock.now, switches=switches)
        for each in HOTELS:
            self.booking.add_property(each, "Hotel Example")
        self.account = self.booking.add_account("id", "secret", HOTELS)
        self.stand_in = BookingStandIn(self.booking)
        self.base = ""

    def guest(self, name: str, text: str, hotel: str = HOTELS[0]) -> str:
        """Let a guest write, in a conversation that is opened if need be."""
        if name not in self.booking.conversations:
            self.booking.add_conversation(Conversation(name, hotel, "Ada Example", f"9{name}"))
        return self.booking.guest_writes(name, text)

    def provider(self, *sources: str, **more: Any) -> Provider:
        """Make the provider."""
        given: dict[str, Any] = {
            "http": self.http,
            "api_url": f"{self.base}/booking/messaging",
            "token_url": f"{self.base}/booking/token-based-authentication/exchange",
            "client_id": "id",
            "client_secret": "secret",
            "now": self.clock.now,
            "properties": tuple(map(PropertyId, HOTELS)),
            "sleep": self.clock.sleep,
            "chance": lambda: 0.5,
            "clock": self.clock.monotonic,
            "sources": sources,
            "reads_per_minute": 6000.0,
        }
        return booking_provider(**(given | more))

    def context(self, provider: Provider, owner: str = "host:1:a") -> Context:
        """Make what every worker is given."""
        return Context(
            store=self.store,
            owner=owner,
            now=self.clock.now,
            chance=lambda: 0.5,
            routing=Routing(guests="C1", alerts="C2"),
            providers={provider.name: provider},
            leased_at=self.context_ms,
        )

    def context_ms(self) -> int:
        """Tell the time in milliseconds."""
        return to_ms(self.clock.now())

    def walker(self, owner: str = "host:1:a", **more: Any) -> Walker:
        """Make a walker, as a process of its own would have it."""
        provider = self.provider("conversations", **more)
        assert provider.recent is not None
        context = self.context(provider, owner)
        return Walker(context, provider, provider.recent, monotonic=self.clock.monotonic)

    def both(self) -> tuple[Walker, Poller]:
        """Make a walker and the queue's poller of one process."""
        provider = self.provider("queue", "conversations")
        assert provider.recent is not None
        assert provider.source is not None
        context = self.context(provider)
        walker = Walker(
            context, provider, provider.recent, alone=False, monotonic=self.clock.monotonic
        )
        return walker, Poller(context, provider, provider.source, monotonic=self.clock.monotonic)

    def receiver(self, owner: str = "host:1:a") -> Receiver:
        """Make a receiver, as a process of its own would have it."""
        provider = self.provider("notifications")
        assert provider.push is not None
        context = self.context(provider, owner)
        return Receiver(context, provider, provider.push, monotonic=self.clock.monotonic)

    async def work(self, walker: Walker, steps: int = 2_000) -> None:
        """Let the walker work until it has nothing to do, or so many steps."""
        for _ in range(steps):
            pause = await walker.step()
            if pause >= 2.0:
                return
            await self.clock.sleep(pause)

    async def look(self, walker: Walker, *, seconds: float = 5.0) -> None:
        """Let time pass, then let the walker work until it has nothing to do."""
        await self.clock.sleep(seconds)
        await self.work(walker)

    async def shown(self) -> list[str]:
        """List the ids of the messages that are on their way into threads, in order."""
        query = select(messages.c.message_id).join(inbox, inbox.c.message == messages.c.id)
        return [row[0] for row in await self.rows(query.order_by(inbox.c.id))]

    async def alerts(self) -> list[tuple[str, str, str]]:
        """List kind, title and state of all alerts."""
        query = select(alerts.c.kind, alerts.c.title, alerts.c.state).order_by(alerts.c.id)
        return await self.rows(query)

    async def rows(self, query: Any) -> list[tuple[Any, ...]]:
        """Run a query."""

        async def read(connection: Any) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in await connection.execute(query)]

        return await self.store.read(read)

    def calls(self, what: str) -> int:
        """Count the calls of an endpoint so far."""
        return sum(call["what"] == what for call in self.booking.wire)


@asynccontextmanager
async def booking_bench(directory: Path, **switches: Any) -> AsyncIterator[BookingBench]:
    """Serve the stand-in under some switches, with an empty store."""
    store = await Store.open(f"sqlite:///{directory}/bench.db")
    async with open_http() as http:
        bench = BookingBench(store, http, Switches(**switches))
        app = web.Application()
        bench.stand_in.add_routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        bench.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield bench
        await runner.cleanup()
    await store.close()
