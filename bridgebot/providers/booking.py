"""Booking.com as a provider of conversations."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx
import structlog
from pydantic import ValidationError

from bridgebot.errors import ProviderError
from bridgebot.model import (
    Batch,
    ConversationId,
    Message,
    MessageId,
    PropertyId,
    ProviderName,
    ReplyWindow,
    Sent,
    Transcript,
)
from bridgebot.providers.base import Limits, Provider
from bridgebot.providers.booking_access import Access
from bridgebot.providers.booking_api import BATCH, MOST_PAGES, BookingApi, ruid_of
from bridgebot.providers.booking_attachments import BookingAttachments
from bridgebot.providers.booking_payloads import (
    ThreadConversation,
    as_flag,
    next_page,
    read_entries,
    to_conversation,
    to_messages,
)
from bridgebot.providers.booking_push import read_push
from bridgebot.providers.booking_recent import BookingRecent
from bridgebot.providers.booking_search import SPAN, BookingSearch
from bridgebot.providers.booking_tags import BookingTags
from bridgebot.providers.booking_token import Tokens, TokenStore, plainly
from bridgebot.providers.budget import Budget
from bridgebot.providers.http import Caller
from bridgebot.providers.reading import reason_of, second_of

log = structlog.get_logger()

LABEL = "Booking.com"
Ask = Callable[[str | None], Awaitable[Mapping[str, Any]]]
GONE = frozenset({"http_404", "http_410"})
RE_READS = 3
# "Understanding the Messaging API",
# https://developers.booking.com/connectivity/docs/messaging-api/understanding-the-messaging-api
WINDOW = ReplyWindow(after_stay=7, after_message=14)
BURST = 10
"""Calls that the conversations' reader may make at once after a rest."""


def booking_provider(
    *,
    http: httpx.AsyncClient,
    api_url: str,
    token_url: str,
    client_id: str,
    client_secret: str,
    now: Callable[[], datetime],
    version: str = "1.2",
    poll_seconds: float = 5.0,
    properties: tuple[PropertyId, ...] = (),
    name: ProviderName = ProviderName("booking"),  # noqa: B008 - a plain word
    label: str = LABEL,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    chance: Callable[[], float] = random.random,
    token_store: TokenStore | None = None,
    sources: Collection[str] = ("queue",),
    reads_per_minute: float = 60.0,
    clock: Callable[[], float] = time.monotonic,
    called: Callable[[str], str] = plainly,
) -> Provider:
    """Make the provider of one machine account; without a ``token_store`` its token stays here.

    ``sources`` are any of ``queue``, ``conversations`` and ``notifications``; ``called`` says what
    an owner calls a setting of this account.
    """
    caller = Caller(
        http=http,
        provider=label,
        sleep=sleep,
        chance=chance,
        now=lambda: now().timestamp(),
        ruid=ruid_of,
    )
    tokens = Tokens(
        caller,
        url=token_url,
        client_id=client_id,
        client_secret=client_secret,
        now=now,
        store=token_store,
        called=called,
    )
    api = BookingApi(caller=caller, tokens=tokens, base=api_url.rstrip("/"), version=version)
    budget = Budget(burst=BURST, per_minute=reads_per_minute, clock=clock, sleep=sleep)
    bare = Provider(
        name=name,
        label=label,
        poll_seconds=poll_seconds,
        search=BookingSearch(api=api, name=name, sleep=sleep),
        properties=properties,
        login=hashlib.sha256(client_id.encode()).hexdigest()[:16],
    )
    return _with_sources(_with_parts(bare, api), api, budget, sources, called)


def _with_parts(bare: Provider, api: BookingApi) -> Provider:
    """Add what does not depend on where messages come from."""
    return replace(
        bare,
        replies=BookingReplies(api=api),
        attachments=BookingAttachments(api=api),
        history=BookingHistory(api=api, name=bare.name),
        tags=BookingTags(api=api),
        reread=lambda raw: _reread(raw, bare.name),
        limits=Limits(answer_hours=24, search_span=SPAN, window=WINDOW),
    )


def _with_sources(
    bare: Provider,
    api: BookingApi,
    budget: Budget,
    sources: Collection[str],
    called: Callable[[str], str],
) -> Provider:
    """Add the sources that are wanted, and what tries them."""
    name = bare.name
    queue = BookingQueue(api=api, name=name) if "queue" in sources else None
    listed, pushed = "conversations" in sources, "notifications" in sources
    access = Access(
        api=api,
        queue=queue.probe if queue is not None else None,
        properties=bare.properties if listed else (),
        pushed=pushed,
        called=called("properties"),
    )
    return replace(
        bare,
        source=queue,
        recent=BookingRecent(api=api, name=name, budget=budget) if listed else None,
        push=(lambda body: read_push(body, name)) if pushed else None,
        probe=access.probe,
        ways=access.ways(),
    )


def _reread(raw: str, name: ProviderName) -> Batch:
    """Read an entry that was put aside once more."""
    received, unreadable = read_entries([json.loads(raw)], name)
    return Batch(messages=tuple(received), unreadable=tuple(unreadable))


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingQueue:
    """The machine account's queue: fetch, then confirm by count."""

    api: BookingApi
    name: ProviderName

    async def receive(self) -> Batch:
        """Fetch what is waiting, at most a hundred; see ``Source.receive``."""
        data = await self.api.latest()
        entries, stated = data.get("messages"), _count(data.get("number_of_messages"))
        if not isinstance(entries, list):
            if entries is not None or stated != 0:
                raise ProviderError("the queue's answer holds no list", code="unclear")
            entries = []
        messages, unreadable = read_entries(entries, self.name)
        count = len(entries) if stated is None else min(stated, len(entries))
        return Batch(
            messages=tuple(messages),
            unreadable=tuple(unreadable),
            receipt=count,
            full=len(entries) >= BATCH,
            mismatch=stated is not None and stated != len(entries),
        )

    async def confirm(self, receipt: int) -> None:
        """Let the queue forget a stored batch; see ``Source.confirm``."""
        # What a count of 0 does is not documented.
        if receipt > 0:
            await self.api.confirm(receipt)

    async def probe(self) -> None:
        """Try login and access; raises ``ProviderError`` in words an owner understands."""
        try:
            await self.api.latest()
        except ProviderError as error:
            if error.code == "http_401":
                raise ProviderError(
                    "Booking.com gave a token and then refused it: check in the provider portal "
                    "that the machine account is active and may use the Messaging API",
                    code="credentials",
                    auth=True,
                ) from error
            if error.code != "forbidden":
                raise
            raise ProviderError(
                "Booking.com does not let this machine account use the message queue: switch on "
                "/messages/latest in the provider portal → Administration → Machine account → "
                "Endpoint access, and check that the properties are connected to it",
                code="forbidden",
                permanent=True,
            ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingReplies:
    """Replies as the property."""

    api: BookingApi

    async def send(
        self,
        *,
        property_id: PropertyId,
        conversation_id: ConversationId,
        content: str,
        attachment_ids: Sequence[str] = (),
    ) -> Sent:
        """Post once; see ``Replies.send``."""
        data = await self.api.post(property_id, conversation_id, content, attachment_ids)
        message_id = data.get("message_id")
        if not isinstance(message_id, str) or not message_id:
            raise ProviderError(
                "Booking.com's answer names no message",
                code="unclear",
                certain=False,
                answered=True,
            )
        return Sent(
            message_id=MessageId(message_id),
            request_id=str(data.get("ruid") or ""),
            guest_has_account=as_flag(data.get("guest_has_account")),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingHistory:
    """Conversations with their messages."""

    api: BookingApi
    name: ProviderName

    async def by_id(self, property_id: PropertyId, conversation_id: ConversationId) -> Transcript:
        """Read a whole conversation; see ``History.by_id``."""
        return await self._whole(
            property_id, lambda page: self.api.conversation(property_id, conversation_id, page)
        )

    async def by_reference(
        self, property_id: PropertyId, conversation_type: str, reference: str
    ) -> Transcript | None:
        """Find the conversation of a reservation; see ``History.by_reference``."""
        try:
            return await self._whole(
                property_id,
                lambda page: self.api.by_reference(property_id, conversation_type, reference, page),
            )
        except ProviderError as error:
            if error.code in GONE:
                return None
            raise

    async def newest_first(self, property_id: PropertyId) -> AsyncIterator[Transcript]:
        """Walk a property's conversations; see ``History.newest_first``."""
        seen: set[str] = set()
        async for entry in self.api.conversations(property_id):
            try:
                payload = ThreadConversation.model_validate(entry)
            except ValidationError as error:
                log.warning(
                    "conversation_unreadable", property_id=property_id, reason=reason_of(error)
                )
                continue
            # New activity moves a conversation to the front, so it may be met twice.
            if payload.conversation_id not in seen:
                seen.add(payload.conversation_id)
                yield self._transcript(payload, property_id, to_messages(payload))

    async def _whole(self, property_id: str, ask: Ask) -> Transcript:
        """Follow all pages; then read the first again until it shows nothing new.

        A message that arrives between two pages may be missed otherwise ("New activity might cause
        loss of messages", Managing conversations).
        """
        data = await ask(None)
        payload = _read(data.get("conversation"))
        found = {each.message_id: each for each in to_messages(payload)}
        # ``None`` stands for the first page, and as the next one for the end.
        page = next_page(data)
        met: set[str | None] = {None}
        while page not in met and len(met) < MOST_PAGES:
            met.add(page)
            data = await ask(page)
            older = to_messages(_read(data.get("conversation")), payload.participants)
            found |= {each.message_id: each for each in older if each.message_id not in found}
            page = next_page(data)
        for _ in range(RE_READS if len(met) > 1 else 0):
            payload = _read((await ask(None)).get("conversation"))
            newest = {each.message_id: each for each in to_messages(payload)}
            if newest.keys() <= found.keys():
                break
            found = newest | found
        return self._transcript(payload, property_id, list(found.values()))

    def _transcript(
        self, payload: ThreadConversation, property_id: str, newest_first: list[Message]
    ) -> Transcript:
        # Guests' times are cut to seconds: within one the provider's order decides, so turn it
        # round before the stable sort.
        ordered = newest_first[::-1]
        ordered.sort(key=lambda each: second_of(each.sent_at))
        return Transcript(
            conversation=to_conversation(payload, self.name, property_id), messages=tuple(ordered)
        )


def _read(entry: object) -> ThreadConversation:
    try:
        return ThreadConversation.model_validate(entry)
    except ValidationError:
        raise ProviderError(
            "a conversation could not be read", code="unreadable", permanent=True
        ) from None


def _count(value: object) -> int | None:
    try:
        return max(0, int(str(value)))
    except ValueError:
        return None
