"""Hostel Mate as a provider of conversations: it can be read, and takes no replies."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

import httpx
from pydantic import ValidationError

from bridgebot.errors import ProviderError
from bridgebot.model import (
    Batch,
    ConversationId,
    Glimpse,
    ListPage,
    PropertyId,
    ProviderName,
    Received,
    Transcript,
)
from bridgebot.providers.base import Provider
from bridgebot.providers.budget import Budget
from bridgebot.providers.hostelmate_api import (
    PAGE,
    HostelMateApi,
    Whole,
    make_budget,
    plainly,
)
from bridgebot.providers.hostelmate_payloads import (
    MessageEntry,
    ThreadEntry,
    read_messages,
    read_threads,
    to_conversation,
    to_glimpse,
    to_message,
)
from bridgebot.providers.http import Caller

LABEL = "Hostel Mate"


def hostelmate_provider(
    *,
    http: httpx.AsyncClient,
    api_url: str,
    api_key: str,
    poll_seconds: float = 30.0,
    skip_channels: Iterable[str] = (),
    name: ProviderName = ProviderName("hostelmate"),  # noqa: B008 - a plain word
    label: str = LABEL,
    called: Callable[[str], str] = plainly,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    chance: Callable[[], float] = random.random,
    clock: Callable[[], float] = time.monotonic,
    budget: Budget | None = None,
) -> Provider:
    """Make the provider of one property; without replies, as no call that sends is documented.

    The rate limit counts by address, so accounts of one process share a ``budget``. ``called``
    says what an owner calls a setting of this account.
    """
    budget = budget or make_budget(clock=clock, sleep=sleep)
    caller = Caller(http=http, provider=label, sleep=sleep, chance=chance, turn=budget.turn)
    api = HostelMateApi(caller=caller, base=api_url.rstrip("/"), key=api_key, called=called)
    # One key opens one property, so the account's name stands for it.
    property_id = PropertyId(name.partition(":")[2] or name)
    skip = frozenset(each.upper() for each in skip_channels)
    listing = HostelMateListing(
        api=api, name=name, property_id=property_id, budget=budget, skip=skip
    )
    return Provider(
        name=name,
        label=label,
        poll_seconds=poll_seconds,
        listing=listing,
        history=HostelMateHistory(api=api, name=name, property_id=property_id),
        properties=(property_id,),
        probe=listing.probe,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class HostelMateListing:
    """The list of threads, and each thread's messages."""

    api: HostelMateApi
    name: ProviderName
    property_id: PropertyId
    budget: Budget
    skip: frozenset[str]

    def ready_in(self) -> float:
        """Tell when the rate limit has room; see ``Listing.ready_in``."""
        return self.budget.ready_in()

    async def page(self, offset: int) -> ListPage:
        """Read a page of the list; see ``Listing.page``."""
        entries, pagination = await self.api.conversations(offset)
        threads, unreadable = read_threads(entries)
        return ListPage(
            glimpses=tuple(to_glimpse(each, self.skip) for each in threads),
            unreadable=tuple(unreadable),
            total=pagination.total,
            following=offset + PAGE if pagination.has_more and entries else None,
        )

    async def read(self, glimpse: Glimpse, *, quiet: bool) -> Batch:
        """Read a whole thread; see ``Listing.read``."""
        whole = await self.api.messages(glimpse.conversation_id)
        thread = _thread(whole, glimpse.conversation_id)
        conversation = to_conversation(thread, self.name, self.property_id)
        messages, unreadable = read_messages(whole.entries, thread.id)
        received = (
            Received(
                conversation=conversation,
                message=to_message(entry, thread, glimpse.subject),
                raw=raw,
                history=quiet and _is_done(entry, glimpse),
            )
            for entry, raw in messages
        )
        ordered = sorted(received, key=lambda each: each.message.sent_at)
        return Batch(messages=tuple(ordered), unreadable=tuple(unreadable))

    async def probe(self) -> None:
        """Try the key and whether there are conversations; raises ``ProviderError`` in words."""
        await self.api.conversations()


@dataclass(frozen=True, kw_only=True, slots=True)
class HostelMateHistory:
    """Threads with their messages."""

    api: HostelMateApi
    name: ProviderName
    property_id: PropertyId

    async def by_id(self, property_id: PropertyId, conversation_id: ConversationId) -> Transcript:
        """Read a whole thread; see ``History.by_id``."""
        del property_id  # the key opens one alone
        whole = await self.api.messages(conversation_id)
        thread = _thread(whole, conversation_id)
        messages, _ = read_messages(whole.entries, thread.id)
        read = [to_message(entry, thread, None) for entry, _ in messages]
        return Transcript(
            conversation=to_conversation(thread, self.name, self.property_id),
            messages=tuple(sorted(read, key=lambda each: each.sent_at)),
        )

    async def by_reference(
        self, property_id: PropertyId, conversation_type: str, reference: str
    ) -> Transcript | None:
        """Find a thread by Hostel Mate's own booking id; see ``History.by_reference``."""
        del conversation_type  # a booking may be asked for, nothing else
        try:
            UUID(reference)
        except ValueError:
            return None
        entries, _ = await self.api.conversations(booking_id=reference)
        threads, _ = read_threads(entries)
        if not threads:
            return None
        return await self.by_id(property_id, ConversationId(threads[0].id))

    async def newest_first(self, property_id: PropertyId) -> AsyncIterator[Transcript]:
        """Walk all threads by recent activity; see ``History.newest_first``."""
        glimpses: dict[str, Glimpse] = {}
        offset: int | None = 0
        while offset is not None:
            entries, pagination = await self.api.conversations(offset)
            threads, _ = read_threads(entries)
            before = len(glimpses)
            glimpses |= {each.id: to_glimpse(each, frozenset()) for each in threads}
            more = pagination.has_more and len(glimpses) > before
            offset = offset + PAGE if more else None
        for each in sorted(glimpses.values(), key=lambda each: each.active_at, reverse=True):
            yield await self.by_id(property_id, each.conversation_id)


def _is_done(entry: MessageEntry, glimpse: Glimpse) -> bool:
    """Tell whether a message of before was dealt with: ours, or read in Hostel Mate's inbox."""
    is_from_guest = (entry.direction or "").upper() != "OUTBOUND"
    return entry.created_at <= glimpse.active_at and (entry.is_read or not is_from_guest)


def _thread(whole: Whole, thread_id: str) -> ThreadEntry:
    """Read what stands above the messages; its id is the one that was asked for."""
    try:
        return ThreadEntry.model_validate({**whole.thread, "id": thread_id})
    except ValidationError:
        raise ProviderError(
            "a conversation could not be read", code="unreadable", permanent=True
        ) from None
