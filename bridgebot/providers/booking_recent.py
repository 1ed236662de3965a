"""Booking.com's conversations by recent activity: the source that needs no queue.

Reading conversations in place of the queue is a use case that the documents describe ("Use cases
and best practices", "Managing conversations"); nothing is confirmed, so nothing can be lost by it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from bridgebot.errors import ProviderError
from bridgebot.model import (
    REDACTED,
    Batch,
    ConversationId,
    Glimpse,
    PropertyId,
    ProviderName,
    RecentPage,
    Unreadable,
)
from bridgebot.providers.booking_api import MOST_PAGES, BookingApi
from bridgebot.providers.booking_payloads import (
    Metadata,
    ThreadConversation,
    as_flag,
    next_page,
    read_entries,
    to_conversation,
)
from bridgebot.providers.budget import Budget
from bridgebot.providers.reading import (
    as_list,
    as_mapping,
    parse_time,
    raw_of,
    reason_of,
    second_of,
)

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
RE_READS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingRecent:
    """Lists and reads conversations at a pace of its own, so that replies never wait for it."""

    api: BookingApi
    name: ProviderName
    budget: Budget

    def ready_in(self) -> float:
        """Tell when the pace has room; see ``Recent.ready_in``."""
        return self.budget.ready_in()

    async def page(self, property_id: PropertyId, page: str | None) -> RecentPage:
        """Read a page of a property's list; see ``Recent.page``."""
        await self.budget.turn()
        data = await self.api.listed(property_id, page)
        glimpses, unreadable = [], []
        for entry in as_list(data.get("conversations")):
            try:
                payload = ThreadConversation.model_validate(entry)
            except ValidationError as error:
                unreadable.append(Unreadable(raw=raw_of(entry), reason=reason_of(error)))
                continue
            if any(map(_is_message, payload.messages)):
                glimpses.append(to_glimpse(payload))
        return RecentPage(
            glimpses=tuple(glimpses), unreadable=tuple(unreadable), following=next_page(data)
        )

    async def read(self, property_id: PropertyId, conversation_id: ConversationId) -> Batch:
        """Read a whole conversation; see ``Recent.read``."""
        payload, entries = await self._entries(property_id, conversation_id)
        about = to_conversation(payload, self.name, property_id)
        shaped = [to_queue_entry(each, payload, about.property_id) for each in entries]
        received, unreadable = read_entries(shaped, self.name)
        # Guests' times are cut to seconds: within one the provider's order stands.
        received.sort(key=lambda each: second_of(each.message.sent_at))
        return Batch(
            messages=tuple(replace(each, conversation=about) for each in received),
            unreadable=tuple(unreadable),
        )

    async def _entries(
        self, property_id: str, conversation_id: str
    ) -> tuple[ThreadConversation, list[Any]]:
        """Follow all pages, oldest entry first; then read the first one until nothing is new.

        A message that arrives between two pages may be missed otherwise ("New activity might cause
        loss of messages", Managing conversations).
        """
        first, page = await self._page(property_id, conversation_id, None)
        found = _by_id(first.messages)
        met: set[str | None] = {None}
        while page not in met and len(met) < MOST_PAGES:
            met.add(page)
            payload, page = await self._page(property_id, conversation_id, page)
            found |= {
                key: each for key, each in _by_id(payload.messages).items() if key not in found
            }
        for _ in range(RE_READS if len(met) > 1 else 0):
            first, _ = await self._page(property_id, conversation_id, None)
            newest = _by_id(first.messages)
            if newest.keys() <= found.keys():
                break
            found = newest | {key: each for key, each in found.items() if key not in newest}
        return first, list(found.values())[::-1]

    async def _page(
        self, property_id: str, conversation_id: str, page: str | None
    ) -> tuple[ThreadConversation, str | None]:
        await self.budget.turn()
        data = await self.api.conversation(property_id, conversation_id, page)
        try:
            payload = ThreadConversation.model_validate(data.get("conversation"))
        except ValidationError:
            raise ProviderError(
                "a conversation could not be read", code="unreadable", permanent=True
            ) from None
        return payload, next_page(data)


def to_glimpse(payload: ThreadConversation) -> Glimpse:
    """Make of a list's entry what tells whether something happened in the conversation.

    The mark holds what is known to change with it; a key that no document names might change at
    each look.
    """
    messages = [each for each in payload.messages if _is_message(each)]
    times = [at for each in messages if (at := _time_of(each)) is not None]
    guest = [each.metadata.name for each in payload.participants if each.metadata.name]
    shown: list[object] = [
        [[each.get("message_id"), each.get("timestamp")] for each in messages],
        [payload.access, payload.conversation_type, payload.conversation_reference],
        [guest, payload.tags.get("no_reply_needed")],
    ]
    if any(map(_is_redacted, messages)):
        shown.append("redacted")
    return Glimpse(
        conversation_id=ConversationId(payload.conversation_id),
        mark=hashlib.sha256(raw_of(shown).encode()).hexdigest()[:20],
        active_at=max(times, default=LONG_AGO),
        pending=not times,
    )


def to_queue_entry(
    entry: object, payload: ThreadConversation, property_id: PropertyId | None
) -> object:
    """Write a conversation's entry as the queue would, so that it stands for itself.

    What is kept of it can then be read again alone, should it be put aside.
    """
    if not isinstance(entry, Mapping):
        return entry
    people = {each.participant_id: each.metadata for each in payload.participants}
    sender = entry.get("sender_id")
    who = people.get(sender if isinstance(sender, str) else None, Metadata())
    return {
        **entry,
        "sender": {"participant_id": sender, "metadata": who.model_dump(exclude_none=True)},
        "conversation": {
            "conversation_id": payload.conversation_id,
            "conversation_type": payload.conversation_type,
            "conversation_reference": payload.conversation_reference,
            "property_id": property_id,
        },
    }


def _is_message(entry: object) -> bool:
    """Tell a message, or what may be one, from an entry that carries only tags."""
    if not isinstance(entry, Mapping):
        return True
    return any(entry.get(key) is not None for key in ("message_id", "content", "timestamp"))


def _is_redacted(entry: object) -> bool:
    """Tell whether an entry says so; where version 1.3 states it is not documented."""
    if not isinstance(entry, Mapping):
        return False
    places = (entry, as_mapping(entry.get("attributes")))
    return any(as_flag(each.get(REDACTED)) for each in places)


def _by_id(entries: Iterable[Any]) -> dict[str, Any]:
    """Know entries by their ids; those without one by what they hold."""
    return {
        str((each.get("message_id") if isinstance(each, Mapping) else None) or raw_of(each)): each
        for each in entries
        if _is_message(each)
    }


def _time_of(entry: object) -> datetime | None:
    value = entry.get("timestamp") if isinstance(entry, Mapping) else None
    try:
        return parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None
