"""Each provider with its stand-in, behind the few words that the contract suite needs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import httpx
from aiohttp import web

from bridgebot.model import Batch, ConversationId, PropertyId, Received, Unreadable
from bridgebot.providers.base import Provider
from bridgebot.providers.booking import booking_provider
from bridgebot.providers.hostelmate import hostelmate_provider
from bridgebot.providers.wire import open_http
from bridgebot.sandbox.hostelmate.hostel import HostelMate
from bridgebot.sandbox.hostelmate.limits import Limits
from bridgebot.sandbox.hostelmate.standin import HostelMateStandIn
from bridgebot.sandbox.messaging.booking import Booking, Conversation
from bridgebot.sandbox.messaging.faults import Faults, Kind
from bridgebot.sandbox.messaging.standin import BookingStandIn

SECRET = "hush-hush"


async def no_sleep(_seconds: float) -> None:
    """Let no time pass."""


class Account(ABC):
    """One account at a provider: what people do there, and the provider that reads it."""

    provider: Provider
    property_id: PropertyId
    faults: Faults

    @abstractmethod
    def connect(self, base: str, http: httpx.AsyncClient) -> None:
        """Make the provider, for a stand-in served at an address."""

    @abstractmethod
    def open(self, name: str) -> ConversationId:
        """Open a conversation for a guest of that name."""

    @abstractmethod
    def guest(self, conversation: ConversationId, text: str) -> str:
        """Let the guest write."""

    @abstractmethod
    def hotel(self, conversation: ConversationId, text: str) -> str:
        """Let the property write, elsewhere."""

    @abstractmethod
    def spoil(self, conversation: ConversationId) -> None:
        """Put something unreadable beside the messages of a conversation."""

    @abstractmethod
    def lock_out(self) -> None:
        """Refuse the provider's credentials from now on."""

    async def received(self) -> tuple[list[Received], list[Unreadable]]:
        """Take all that is there, as a worker does."""
        messages: list[Received] = []
        unreadable: list[Unreadable] = []
        async for batch in self._batches():
            messages += batch.messages
            unreadable += batch.unreadable
        return messages, unreadable

    async def _batches(self) -> AsyncIterator[Batch]:
        source, listing = self.provider.source, self.provider.listing
        if source is not None:
            while (batch := await source.receive()).receipt:
                yield batch
                await source.confirm(batch.receipt)
        if listing is not None:
            offset: int | None = 0
            while offset is not None:
                page = await listing.page(offset)
                for glimpse in page.glimpses:
                    yield await listing.read(glimpse, quiet=False)
                offset = page.following


class BookingAccount(Account):
    """Booking.com."""

    def __init__(self, app: web.Application) -> None:
        self.property_id = PropertyId("4410021")
        self._booking = Booking()
        self._booking.add_property(self.property_id, "Hotel Example")
        self._booking.add_account("id", SECRET, [self.property_id])
        stand_in = BookingStandIn(self._booking)
        stand_in.add_routes(app)
        self.faults = stand_in.faults

    def connect(self, base: str, http: httpx.AsyncClient) -> None:
        """Make the provider."""
        self.provider = booking_provider(
            http=http,
            api_url=f"{base}/booking/messaging",
            token_url=f"{base}/booking/token-based-authentication/exchange",
            client_id="id",
            client_secret=SECRET,
            now=lambda: datetime.now(UTC),
            sleep=no_sleep,
        )

    def open(self, name: str) -> ConversationId:
        """Open a conversation."""
        made = Conversation(f"c-{name}", self.property_id, name, f"9{name}")
        return ConversationId(self._booking.add_conversation(made).conversation_id)

    def guest(self, conversation: ConversationId, text: str) -> str:
        """Let the guest write."""
        return self._booking.guest_writes(conversation, text)

    def hotel(self, conversation: ConversationId, text: str) -> str:
        """Let the property write in the extranet."""
        return self._booking.property_writes(conversation, text)

    def spoil(self, conversation: ConversationId) -> None:
        """Queue an entry that nobody can read."""
        self._booking.queue_junk({"message_id": None, "conversation": [conversation]})

    def lock_out(self) -> None:
        """Change the secret and end all tokens."""
        account = self._booking.accounts["id"]
        account.client_secret = "another"
        account.tokens.clear()


class HostelMateAccount(Account):
    """Hostel Mate."""

    def __init__(self, app: web.Application) -> None:
        self.property_id = PropertyId("hostelmate")
        self._mate = HostelMate()
        self._mate.add_hostel("h", SECRET)
        self._seconds = 0.0
        stand_in = HostelMateStandIn(self._mate, limits=Limits(clock=self._clock))
        stand_in.add_routes(app)
        self.faults = stand_in.faults

    def connect(self, base: str, http: httpx.AsyncClient) -> None:
        """Make the provider."""
        self.provider = hostelmate_provider(
            http=http,
            api_url=f"{base}/hostelmate",
            api_key=SECRET,
            sleep=self._sleep,
            clock=self._clock,
        )

    def _clock(self) -> float:
        return self._seconds

    async def _sleep(self, seconds: float) -> None:
        self._seconds += seconds

    def open(self, name: str) -> ConversationId:
        """Open a thread."""
        return ConversationId(self._mate.open_thread("h", guest_name=name).thread_id)

    def open_for(self, booking_id: str) -> ConversationId:
        """Open a thread of a booking."""
        return ConversationId(self._mate.open_thread("h", booking_id=booking_id).thread_id)

    def guest(self, conversation: ConversationId, text: str) -> str:
        """Let the guest write."""
        return self._mate.guest_writes(conversation, text)

    def hotel(self, conversation: ConversationId, text: str) -> str:
        """Let the property write in the inbox."""
        return self._mate.property_writes(conversation, text)

    def spoil(self, conversation: ConversationId) -> None:
        """Make a message that nobody can read."""
        message = self._mate.guest_writes(conversation, "")
        thread = self._mate.threads[conversation]
        (broken,) = (each for each in thread.messages if each.message_id == message)
        broken.content = ["not", "a", "text"]  # type: ignore[assignment]

    def lock_out(self) -> None:
        """Make a new key."""
        self._mate.rotate_key("h")


ACCOUNTS = {"booking": BookingAccount, "hostelmate": HostelMateAccount}


@asynccontextmanager
async def account_at(name: str) -> AsyncIterator[Account]:
    """Serve a provider's stand-in, with the provider connected to it."""
    app = web.Application()
    account = ACCOUNTS[name](app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with open_http() as http:
        account.connect(f"http://127.0.0.1:{runner.addresses[0][1]}", http)
        yield account
    await runner.cleanup()


def always(account: Account, kind: Kind, times: int = 100) -> None:
    """Let each call fail."""
    account.faults.add("*", kind, times=times)
