"""The stand-in served over HTTP, and a provider that talks to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from bridgebot.model import ConversationId, PropertyId
from bridgebot.providers.base import Provider
from bridgebot.providers.booking import booking_provider
from bridgebot.providers.wire import open_http
from bridgebot.sandbox.messaging.booking import Account, Booking, Conversation
from bridgebot.sandbox.messaging.standin import BookingStandIn
from bridgebot.sandbox.messaging.switches import Switches, variants

HOTEL = PropertyId("4410021")
C1 = ConversationId("c1")
VARIANTS = dict(variants())


class Side:
    """The stand-in and a provider that talks to it; ``waits`` are the pauses it made."""

    def __init__(self, stand_in: BookingStandIn, provider: Provider, waits: list[float]) -> None:
        self.stand_in = stand_in
        self.booking = stand_in.booking
        self.provider = provider
        self.waits = waits

    @property
    def account(self) -> Account:
        """Return the machine account."""
        return self.booking.accounts["id"]


@asynccontextmanager
async def serve(switches: Switches) -> AsyncIterator[Side]:
    """Serve the stand-in with one hotel, one account and one conversation."""
    booking = Booking(switches=switches)
    booking.add_property(HOTEL, "Hotel Example")
    booking.add_account("id", "secret", [HOTEL])
    booking.add_conversation(Conversation("c1", HOTEL, "Ada Example", "931"))
    stand_in = BookingStandIn(booking)
    app = web.Application()
    stand_in.add_routes(app)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}/booking"
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with open_http() as http:
        provider = booking_provider(
            http=http,
            api_url=f"{base}/messaging",
            token_url=f"{base}/token-based-authentication/exchange",
            client_id="id",
            client_secret="secret",
            now=lambda: datetime.now(UTC),
            sleep=sleep,
        )
        yield Side(stand_in, provider, waits)
    await runner.cleanup()
