"""Tags, both ways: marks what staff answered as read, and sees what was tagged elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import backoff
from bridgebot.errors import ProviderError
from bridgebot.model import Conversation, Message, PropertyId, Transcript
from bridgebot.providers.base import History, Provider, Tags
from bridgebot.store import conversations, leases, reads
from bridgebot.store.reads import Unread, Unseen
from bridgebot.store.redactions import redact
from bridgebot.workers.context import Context

log = structlog.get_logger()

PAUSE = 2.0
STANDBY = 10.0
AT_ONCE = 20
DAY_MS = 86_400_000
"""How long after an answer its messages are still marked, and its reading is looked for."""

LONGEST_PAUSE = 60.0
"""Seconds an account that does not answer is left alone, at most."""

MOST_LOOKED_AT = 200
"""Conversations of a property read through for those whose guest waits; newest activity first."""

NO_TAGS = "request_to_book"
"""Such conversations cannot be tagged (Pre-reservation messaging)."""


class Marker:
    """Keeps the tags of all accounts and the store's in step, on one node."""

    name = "marker"

    def __init__(self, context: Context, *, mark_read: bool, look_seconds: float) -> None:
        self._context = context
        self._sides = [
            _Side(context, provider, provider.tags, mark_read=mark_read, look_seconds=look_seconds)
            for provider in context.providers.values()
            if provider.tags is not None
        ]

    async def step(self) -> float:
        """Mark what was answered, and now and then look what was tagged; see ``Worker.step``."""
        for side in self._sides:
            if not await side.is_due():
                continue
            if not await self._is_mine():
                return STANDBY
            await side.work()
        return PAUSE

    async def _is_mine(self) -> bool:
        """Take the lease, so that one node alone speaks with the providers about tags."""
        owner, now = self._context.owner, self._context.leased_at()
        return await self._context.store.write(
            lambda c: leases.take(c, "marker", owner=owner, now=now)
        )


class _Side:
    """One account's tags; where it is away, the others' are not held up."""

    def __init__(
        self,
        context: Context,
        provider: Provider,
        tags: Tags,
        *,
        mark_read: bool,
        look_seconds: float,
    ) -> None:
        self._context = context
        self._provider = provider
        self._tags = tags
        self._mark_read = mark_read
        self._look_ms = int(look_seconds * 1000)
        self._look_at = context.ms() + self._look_ms
        self._failures = 0
        self._not_before = 0
        self._unread: Sequence[Unread] = ()
        self._next: dict[tuple[int, int], int] = {}

    async def is_due(self) -> bool:
        """Tell whether there is something to mark, or it is time to look."""
        if self._context.ms() < self._not_before:
            return False
        since, name = self._context.ms() - DAY_MS, self._provider.name
        if self._mark_read:
            self._unread = await self._context.store.read(
                lambda c: reads.unread(c, name, since=since, limit=AT_ONCE)
            )
        return bool(self._unread) or self._looks

    @property
    def _looks(self) -> bool:
        return self._look_ms > 0 and self._context.ms() >= self._look_at

    async def work(self) -> None:
        """Mark what was answered, and look where it is time for that."""
        try:
            for row in self._unread:
                await self._mark(row)
            history = self._provider.history
            if self._looks and history is not None:
                self._look_at = self._context.ms() + self._look_ms
                await self._look_for_tags(history)
                await self._look_for_readers(history)
        except ProviderError as error:
            self._failures += 1
            wait = min(LONGEST_PAUSE, backoff(self._failures, self._context.chance()))
            self._not_before = self._context.ms() + int(max(wait, error.after or 0.0) * 1000)
            log.info("tags_wait", provider=self._provider.name, code=error.code)
        else:
            self._failures = 0

    async def _mark(self, row: Unread) -> None:
        """Mark a guest's messages as read; what the provider refuses for good is let be."""
        try:
            if row.message_ids:
                await self._set(row.conversation.about, row)
        except ProviderError as error:
            log.info("not_marked_read", conversation=row.conversation.id, code=error.code)
            if not error.permanent:
                raise
        until = row.conversation.last_answer_at
        await self._context.store.write(lambda c: reads.note_read(c, row.conversation.id, until))

    async def _set(self, about: Conversation, row: Unread) -> None:
        property_id, history = about.property_id, self._provider.history
        if property_id is None or about.conversation_type == NO_TAGS:
            return
        reader = about.property_participant_id
        if reader is None and history is not None:
            transcript = await history.by_id(property_id, about.conversation_id)
            reader = transcript.conversation.property_participant_id
        if reader is not None:
            await self._tags.mark_read(
                property_id, about.conversation_id, row.message_ids, reader=reader
            )

    async def _look_for_tags(self, history: History) -> None:
        """See whether conversations whose guest waits were tagged or closed elsewhere."""
        name = self._provider.name
        waiting = await self._context.store.read(lambda c: reads.waiting_at(c, name))
        for property_id, wanted in sorted(waiting.items()):
            try:
                found = await _walk(history, PropertyId(property_id), wanted)
            except ProviderError as error:
                log.info("tags_not_read", property_id=property_id, code=error.code)
                if not error.permanent:
                    raise
                continue
            for transcript in found.values():
                await self._learn(transcript)

    async def _look_for_readers(self, history: History) -> None:
        """See whether guests have read what they were answered.

        A conversation is looked at again when the answer is twice as old as the last time, so that
        a day costs some ten calls; one whose guest has written since is not asked for at all.
        """
        now, name = self._context.ms(), self._provider.name
        rows = await self._context.store.read(
            lambda c: reads.unseen(c, name, since=now - DAY_MS, limit=MOST_LOOKED_AT)
        )
        keys = {(row.conversation.id, row.answered_at): row for row in rows}
        due = {key: self._next.get(key, key[1] + self._look_ms) for key in keys}
        self._next = due
        for key in sorted(due, key=due.__getitem__)[:AT_ONCE]:
            if due[key] <= now:
                due[key] = now + max(self._look_ms, now - key[1])
                await self._look_for_reader(history, keys[key])

    async def _look_for_reader(self, history: History, row: Unseen) -> None:
        about, number = row.conversation.about, row.conversation.id
        assert about.property_id is not None  # noqa: S101 - the query asks for it
        try:
            transcript = await history.by_id(about.property_id, about.conversation_id)
        except ProviderError as error:
            log.info("readers_not_read", conversation=number, code=error.code)
            if not error.permanent:
                raise
            return
        await self._learn(transcript)
        if _has_read(transcript, row):
            await self._context.store.write(lambda c: reads.note_seen(c, number, row.answered_at))
            self._context.signals.views.set()

    async def _learn(self, transcript: Transcript) -> None:
        """Bring up to date what the provider says of a conversation and its messages."""
        about, context = transcript.conversation, self._context
        channel = context.routing.channel_for(about)

        async def unit(connection: AsyncConnection) -> None:
            # What was erased for a person's sake is not filled in again by a look.
            await conversations.ensure(
                connection, about, channel=channel, now=context.ms(), again=True
            )
            await redact(connection, about.provider, transcript.messages)

        await context.store.write(unit)
        context.signals.views.set()


def _has_read(transcript: Transcript, row: Unseen) -> bool:
    """Tell whether the guest is among those who read the answer."""
    guest = transcript.conversation.guest_participant_id
    readers = _readers(transcript.messages, row.answer)
    return guest is not None and guest in readers


def _readers(messages: Iterable[Message], wanted: str) -> tuple[str, ...]:
    return next((each.read_by for each in messages if each.message_id == wanted), ())


async def _walk(
    history: History, property_id: PropertyId, wanted: set[str]
) -> Mapping[str, Transcript]:
    """Find conversations in a property's list; it is left as soon as all are met."""
    found: dict[str, Transcript] = {}
    looked_at = 0
    async for transcript in history.newest_first(property_id):
        about = transcript.conversation
        if about.conversation_id in wanted:
            found[about.conversation_id] = transcript
        looked_at += 1
        if len(found) == len(wanted) or looked_at >= MOST_LOOKED_AT:
            break
    return found
