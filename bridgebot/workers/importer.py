"""Brings in conversations that somebody looks for, and opens their threads."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.errors import ProviderError
from bridgebot.model import Batch, PropertyId, Received, Transcript
from bridgebot.providers.base import History, Provider
from bridgebot.store import conversations, imports, inbox, lookups
from bridgebot.store.rows import ConversationRow
from bridgebot.workers import trail
from bridgebot.workers.context import Context
from bridgebot.workers.intake import Manner, store_batch
from bridgebot.workers.notices import to_notice

log = structlog.get_logger()

TYPES = ("reservation", "request_to_book")
"""What a number may be of; asked in this order."""

AT_ONCE = 4
"""Properties asked side by side."""

MOST_NAMED = 5
DAY_MS = 86_400_000
HISTORY = 30
"""Earlier messages shown where a thread is opened by hand, at most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What came of asking the providers: conversations, and in words who was asked."""

    found: tuple[ConversationRow, ...] = ()
    tried: tuple[str, ...] = ()


class Importer:
    """Asks providers for what the store does not know."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def ask(self, words: str) -> Asked:
        """Ask each provider for a reservation at its properties, and keep what there is.

        Where a property stands before the number, only there, named in the settings or not.
        """
        place, number = lookups.place_and_number(words)
        if number is None:
            return Asked()
        found: list[ConversationRow] = []
        tried: list[str] = []
        for provider in self._at(place):
            if provider.history is None:
                continue
            places = provider.properties if place is None else (PropertyId(place),)
            transcripts, said = await _ask(provider.label, provider.history, places, number)
            tried.append(said)
            found.extend([await self._keep(transcript) for transcript in transcripts])
        return Asked(found=tuple(found), tried=tuple(tried))

    def _at(self, place: str | None) -> Sequence[Provider]:
        """List whom to ask: those that have a property, or all."""
        providers = tuple(self._context.providers.values())
        having = tuple(each for each in providers if place in each.properties)
        return having or providers

    async def open_thread(self, row_id: int, user: str) -> None:
        """Open a conversation's thread with its history, for the property to write first."""
        began = self._context.ms()
        row = await self._context.store.read(lambda c: conversations.get(c, row_id))
        read = row.thread_ts is None and await self._refresh(row) is None
        taken = await self._context.store.write(lambda c: self._open(c, row, user, read=read))
        await self._trace(row, taken, began)
        self._context.signals.inbox.set()

    async def show_older(self, row_id: int, user: str) -> str | None:
        """Put into a thread what was written before; say why there is nothing, where it is so."""
        began = self._context.ms()
        row = await self._context.store.read(lambda c: conversations.get(c, row_id))
        if row.thread_ts is None:
            return "This conversation has no thread yet."
        why = await self._refresh(row)
        taken = await self._context.store.write(lambda c: self._older(c, row_id, user, why))
        await self._trace(row, taken, began)
        self._context.signals.inbox.set()
        self._context.signals.views.set()
        log.info("older_wanted", conversation=row_id, shown=len(taken))
        return None if taken else why or "Nothing older: all that was written is in this thread."

    async def _trace(self, row: ConversationRow, taken: Collection[int], began: int) -> None:
        """Begin the traces of messages that somebody asked for: they go into their thread now."""
        if taken and self._context.traces.on:
            names = await self._context.store.read(lambda c: imports.names(c, taken))
            queued = [(name, row.id) for name in names]
            provider, now = row.about.provider, self._context.ms()
            trail.arrived(self._context, provider, queued, began=now, fetched_from=began)

    async def _older(
        self, connection: AsyncConnection, row_id: int, user: str, why: str | None
    ) -> list[int]:
        """Queue the newest of what is missing, oldest first, below a line that says so."""
        await imports.lock(connection, row_id)
        found = await imports.missing(connection, row_id)
        taken, now = found[:HISTORY][::-1], self._context.ms()
        newest = await imports.newest_shown(connection, row_id)
        if taken:
            notice = to_notice(_announced(len(taken), len(found), why), mention=user)
            await inbox.add_notice(connection, row_id, notice, now=now)
        for message, sent_at in taken:
            await inbox.add(connection, row_id, message, now=now, older=sent_at < newest)
        await imports.taken_up(connection, [message for message, _ in taken])
        if why is None and len(taken) == len(found):
            await imports.note_whole(connection, row_id)
        return [message for message, _ in taken]

    async def _refresh(self, row: ConversationRow) -> str | None:
        """Read the history once more; return why it could not be read, in words."""
        about, provider = row.about, self._context.providers.get(row.about.provider)
        if provider is None or provider.history is None:
            return None
        if about.property_id is None:
            return f"{provider.label} did not say which property this conversation belongs to."
        try:
            transcript = await provider.history.by_id(about.property_id, about.conversation_id)
        except ProviderError as error:
            log.info("history_not_read", conversation=row.id, code=error.code)
            return f"{provider.label} could not be asked for older messages. Please try again."
        await self._keep(transcript)
        return None

    async def _keep(self, transcript: Transcript) -> ConversationRow:
        """Keep a conversation and its messages; they stay out of Slack until they are wanted."""
        about, context = transcript.conversation, self._context
        manner = Manner(shown=False, waits_from=context.ms() - DAY_MS)
        received = tuple(
            Received(conversation=about, message=message, raw="{}")
            for message in transcript.messages
        )

        async def unit(connection: AsyncConnection) -> ConversationRow:
            channel = context.routing.channel_for(about)
            row = await conversations.ensure(connection, about, channel=channel, now=context.ms())
            batch = Batch(messages=received)
            await store_batch(connection, context, about.provider, batch, manner)
            return await conversations.get(connection, row.id)

        return await context.store.write(unit)

    async def _open(
        self, connection: AsyncConnection, row: ConversationRow, user: str, *, read: bool
    ) -> Collection[int]:
        await imports.lock(connection, row.id)
        current = await conversations.get(connection, row.id)
        if current.thread_ts is not None:
            return ()
        now = self._context.ms()
        newest = await lookups.last_messages(connection, row.id, limit=1)
        channel = self._context.routing.channel_for(current.about, *newest)
        current = await conversations.ensure(connection, current.about, channel=channel, now=now)
        taken, left = await imports.take_up_all(connection, row.id, limit=HISTORY)
        for message in taken:
            await inbox.add(connection, row.id, message, now=now)
        if read and not left:
            await imports.note_whole(connection, row.id)
        words = _opened(current, taken=len(taken), left=left)
        await inbox.add_notice(connection, row.id, to_notice(words, mention=user), now=now)
        return taken


def _opened(row: ConversationRow, *, taken: int, left: int) -> str:
    """Say in a thread that was opened by hand what to expect of it."""
    if row.about.access == "read_only":
        words = "You opened this thread. The conversation is read only: replies do not arrive."
    elif taken:
        words = "You opened this thread. Replies here go to the guest."
    else:
        words = "You opened this thread. Nobody has written yet: you write first."
    rest = (
        f" {left} earlier messages are not shown here; Older messages brings them." if left else ""
    )
    return words + rest


def _announced(taken: int, found: int, why: str | None) -> str:
    """Say above older messages what follows."""
    count = "One older message follows." if taken == 1 else f"{taken} older messages follow."
    words = count if taken == 1 else f"{count[:-1]}, the oldest first."
    if found > taken:
        words += f" {found - taken} are older still: Older messages brings them."
    return f"{words} {why}" if why else words


async def _ask(
    label: str, history: History, places: Sequence[PropertyId], number: str
) -> tuple[list[Transcript], str]:
    """Ask at properties; return what was found, and in words what was tried."""
    if not places:
        why = "the settings name no property to ask for; write it before the number"
        return [], f"{label} was not asked: {why}, as 1383087/{number}"
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(property_id: PropertyId) -> Transcript | ProviderError | None:
        async with gate:
            return await _at(history, property_id, number)

    answers = await asyncio.gather(*map(one, places))
    failed = [
        property_id
        for property_id, answer in zip(places, answers, strict=True)
        if isinstance(answer, ProviderError)
    ]
    found = [each for each in answers if isinstance(each, Transcript)]
    return found, _said(label, places, failed)


async def _at(
    history: History, property_id: PropertyId, number: str
) -> Transcript | ProviderError | None:
    try:
        for kind in TYPES:
            found = await history.by_reference(property_id, kind, number)
            if found is not None:
                return found
    except ProviderError as error:
        log.info("not_looked_up", property_id=property_id, code=error.code)
        return error
    return None


def _said(label: str, asked: Iterable[str], failed: list[PropertyId]) -> str:
    count = len(list(asked))
    words = f"{label}, at {count} {'property' if count == 1 else 'properties'}"
    if failed:
        named = ", ".join(failed[:MOST_NAMED]) + (" …" if len(failed) > MOST_NAMED else "")
        words += f" (no answer for {named})"
    return words
