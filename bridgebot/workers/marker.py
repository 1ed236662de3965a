"""Tags, both ways: marks what staff answered as read, and sees what was tagged elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog

from bridgebot.errors import ProviderError
from bridgebot.model import Conversation, PropertyId
from bridgebot.providers.base import History, Provider, Tags
from bridgebot.store import conversations, leases, reads
from bridgebot.store.reads import Unread
from bridgebot.workers.context import Context

log = structlog.get_logger()

PAUSE = 2.0
STANDBY = 10.0
AT_ONCE = 20
DAY_MS = 86_400_000
"""How long after an answer its messages are still marked."""

MOST_LOOKED_AT = 200
"""Conversations of a property read through for those whose guest waits; newest activity first."""

NO_TAGS = "request_to_book"
"""Such conversations cannot be tagged (Pre-reservation messaging)."""


class Marker:
    """Keeps the provider's tags and the store's in step, on one node."""

    name = "marker"

    def __init__(self, context: Context, *, mark_read: bool, look_seconds: float) -> None:
        self._context = context
        self._mark_read = mark_read
        self._look_ms = int(look_seconds * 1000)
        self._look_at = context.ms() + self._look_ms

    async def step(self) -> float:
        """Mark what was answered, and now and then look what was tagged; see ``Worker.step``."""
        rows = await self._unread() if self._mark_read else ()
        look = self._look_ms > 0 and self._context.ms() >= self._look_at
        if (rows or look) and not await self._is_mine():
            return STANDBY
        for row in rows:
            await self._mark_one(row)
        if look:
            self._look_at = self._context.ms() + self._look_ms
            for provider in self._context.providers.values():
                if provider.tags is not None and provider.history is not None:
                    await self._look(provider, provider.history)
        return PAUSE

    async def _unread(self) -> Sequence[Unread]:
        since = self._context.ms() - DAY_MS
        return await self._context.store.read(lambda c: reads.unread(c, since=since, limit=AT_ONCE))

    async def _is_mine(self) -> bool:
        """Take the lease, so that one node alone speaks with the provider about tags."""
        owner, now = self._context.owner, self._context.leased_at()
        return await self._context.store.write(
            lambda c: leases.take(c, "marker", owner=owner, now=now)
        )

    async def _mark_one(self, row: Unread) -> None:
        """Mark a guest's messages as read; what the provider refuses for good is let be."""
        about = row.conversation.about
        provider = self._context.providers.get(about.provider)
        try:
            if provider is not None and provider.tags is not None and row.message_ids:
                await self._set(provider, provider.tags, about, row)
        except ProviderError as error:
            log.info("not_marked_read", conversation=row.conversation.id, code=error.code)
            if not error.permanent:
                raise
        until = row.conversation.last_answer_at
        await self._context.store.write(lambda c: reads.note_read(c, row.conversation.id, until))

    async def _set(self, provider: Provider, tags: Tags, about: Conversation, row: Unread) -> None:
        property_id = about.property_id
        if property_id is None or about.conversation_type == NO_TAGS:
            return
        reader = about.property_participant_id
        if reader is None and provider.history is not None:
            transcript = await provider.history.by_id(property_id, about.conversation_id)
            reader = transcript.conversation.property_participant_id
        if reader is not None:
            await tags.mark_read(property_id, about.conversation_id, row.message_ids, reader=reader)

    async def _look(self, provider: Provider, history: History) -> None:
        """See whether conversations whose guest waits were tagged or closed elsewhere."""
        waiting = await self._context.store.read(lambda c: reads.waiting_at(c, provider.name))
        for property_id, wanted in sorted(waiting.items()):
            try:
                found = await _walk(history, PropertyId(property_id), wanted)
            except ProviderError as error:
                log.info("tags_not_read", property_id=property_id, code=error.code)
                continue
            await self._bring_up_to_date(found)

    async def _bring_up_to_date(self, found: Mapping[str, Conversation]) -> None:
        now, routing = self._context.ms(), self._context.routing
        for about in found.values():
            channel = routing.channel_for(about)
            await self._context.store.write(
                lambda c, about=about, channel=channel: conversations.ensure(  # type: ignore[misc]
                    c, about, channel=channel, now=now
                )
            )
        if found:
            self._context.signals.views.set()


async def _walk(
    history: History, property_id: PropertyId, wanted: set[str]
) -> dict[str, Conversation]:
    """Find conversations in a property's list; it is left as soon as all are met."""
    found: dict[str, Conversation] = {}
    looked_at = 0
    async for transcript in history.newest_first(property_id):
        about = transcript.conversation
        if about.conversation_id in wanted:
            found[about.conversation_id] = about
        looked_at += 1
        if len(found) == len(wanted) or looked_at >= MOST_LOOKED_AT:
            break
    return found
