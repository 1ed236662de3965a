"""Stores what a provider handed over: one transaction, before anything is confirmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

import structlog
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.inbound import (
    Disposition,
    PendingReply,
    classify,
    is_closing_word,
)
from bridgebot.bridge.payment import without_cards
from bridgebot.metrics import RECEIVED
from bridgebot.model import Batch, Message, MessageId, ProviderName, Received, SenderKind
from bridgebot.store import actors, arrivals, conversations, imports, inbox, outbox, places, records
from bridgebot.store.arrivals import Arrival, Key
from bridgebot.store.named import learn
from bridgebot.store.redactions import redact
from bridgebot.store.rows import ConversationRow, to_ms
from bridgebot.store.schema import messages
from bridgebot.store.schema import outbox as outbox_table
from bridgebot.workers import clocks, trail
from bridgebot.workers.context import Context

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How a batch is treated.

    ``shown`` puts it into threads; else it is only kept, until it comes another way or its thread
    is opened. ``beside`` tells that another source may still bring what is kept as history: it is
    shown when it does. Guests who wrote before ``waits_from`` start no clock, so that nobody is
    alerted for them. ``due_at`` and ``gap`` give the posts of what is older than that their time,
    one after the other, so that a long history does not stand before what guests write now. Times
    are milliseconds.
    """

    shown: bool = True
    beside: bool = False
    waits_from: int = 0
    due_at: int | None = None
    gap: int = 0

    def due_of(self, number: int, sent_at: int) -> int | None:
        """Tell when the post of this number is due; ``None`` for now."""
        if self.due_at is None or sent_at >= self.waits_from:
            return None
        return self.due_at + number * self.gap


LIVE = Manner()


@dataclass(slots=True)
class Stored:
    """What a batch came to; ``threads`` are conversations with something to show at once.

    ``began`` is when storing began; ``queued`` names the messages that now wait for their threads,
    each with its conversation.
    """

    shown: int = 0
    duplicates: int = 0
    echoes: int = 0
    kept: int = 0
    unreadable: int = 0
    threads: set[int] = field(default_factory=set)
    began: int = 0
    queued: list[tuple[MessageId, int]] = field(default_factory=list)


async def store_batch(
    connection: AsyncConnection,
    context: Context,
    provider: ProviderName,
    batch: Batch,
    manner: Manner = LIVE,
) -> Stored:
    """Store a batch whole; nothing of it may be confirmed before this is durable."""
    now = context.ms()
    stored = Stored(began=now)
    for entry in batch.unreadable:
        row = await records.put_aside(connection, provider, entry, now=now)
        if row is not None:
            stored.unreadable += 1
            await _name_unreadable(connection, provider, row, entry.reason, now)
    await learn(connection, batch.messages)
    about = {received.conversation.conversation_id for received in batch.messages}
    await places.lock_all(connection, provider, about)
    ids = {received.message.message_id for received in batch.messages}
    known = await conversations.known_messages(connection, provider, ids)
    for plain, run in groupby(batch.messages, lambda each: _is_plain(each, known, manner)):
        if plain:
            await _store_run(connection, context, list(run), manner, stored)
            continue
        for received in run:
            await _store_other(connection, context, received, known, manner, stored)
    if stored.threads:
        await inbox.hasten(connection, stored.threads, now=now)
    await redact(connection, provider, (each.message for each in batch.messages))
    return stored


def _is_plain(received: Received, known: set[str], manner: Manner) -> bool:
    """Tell whether a message is a guest's new one, to be shown, without pictures.

    Nothing has to be asked about it, and it is one row of the inbox. It is known from here on, so
    that the same message further behind is a duplicate.
    """
    message = received.message
    others = message.sender is not SenderKind.GUEST or message.attachment_ids
    if others or received.history or not manner.shown:
        return False
    fresh = message.message_id not in known
    known.add(message.message_id)
    return fresh


async def _store_run(
    connection: AsyncConnection,
    context: Context,
    run: Sequence[Received],
    manner: Manner,
    stored: Stored,
) -> None:
    """Store guests' messages that follow one another, together.

    One that tells something new of its conversation, or may open its thread in another channel, is
    stored alone, in its place: what it changes counts for those behind it.
    """
    keys = {(each.conversation.provider, each.conversation.conversation_id) for each in run}
    found = await arrivals.find_all(connection, keys)
    told = {key: row.about for key, row in found.items()}
    together: list[Received] = []
    for received in run:
        about = received.conversation
        key = about.provider, about.conversation_id
        known = told.get(key)
        if known is None:
            known = told[key] = replace(about, no_reply_needed=bool(about.no_reply_needed))
        moves = key in found and _may_move(found[key], context, received)
        if not moves and not conversations.differs(known, about):
            together.append(received)
            continue
        await _store_together(connection, context, found, together, manner, stored)
        together = []
        await _store_other(connection, context, received, set(), manner, stored)
        found |= await arrivals.find_all(connection, [key])
        told[key] = found[key].about
    await _store_together(connection, context, found, together, manner, stored)


def _may_move(row: ConversationRow, context: Context, received: Received) -> bool:
    """Tell whether a conversation without a thread would open it elsewhere by this message."""
    channel = context.routing.channel_for(received.conversation, received.message)
    return row.thread_ts is None and row.channel != channel


async def _store_together(
    connection: AsyncConnection,
    context: Context,
    found: Mapping[Key, ConversationRow],
    run: Sequence[Received],
    manner: Manner,
    stored: Stored,
) -> None:
    if not run:
        return
    now = context.ms()
    added = await arrivals.add_all(
        connection,
        found,
        [_arrival(each, context, manner, stored.shown + n) for n, each in enumerate(run)],
        now=now,
    )
    wanted = []
    for each in added:
        about, due_at = each.arrival.about, each.arrival.due_at
        row = each.row
        if row is None:
            # It was only kept until now.
            row = await imports.take_up(connection, about.provider, each.arrival.message.message_id)
        if row is not None:
            wanted.append({"conversation": each.conversation, "message": row, "due_at": due_at})
            stored.threads |= {each.conversation} if due_at is None else set()
            stored.queued.append((each.arrival.message.message_id, each.conversation))
    await arrivals.queue_all(connection, wanted, now=now)
    await arrivals.note_all(connection, added)
    stored.shown += len(run)


def _arrival(received: Received, context: Context, manner: Manner, number: int) -> Arrival:
    about = received.conversation
    message, raw = without_cards(received)
    sent_at = to_ms(message.sent_at)
    return Arrival(
        about=about,
        channel=context.routing.channel_for(about, message),
        message=message,
        raw=raw,
        waits=sent_at >= manner.waits_from,
        closing=is_closing_word(message),
        due_at=manner.due_of(number, sent_at),
    )


async def _store_other(
    connection: AsyncConnection,
    context: Context,
    received: Received,
    known: set[str],
    manner: Manner,
    stored: Stored,
) -> None:
    disposition = await _store_one(connection, context, received, known, manner, stored)
    known.add(received.message.message_id)
    stored.shown += disposition is Disposition.SHOW
    stored.echoes += disposition is Disposition.ECHO
    stored.kept += disposition is Disposition.KEEP
    stored.duplicates += disposition is Disposition.DUPLICATE


def announce(
    context: Context, provider: ProviderName, stored: Stored, fetched_from: int | None = None
) -> None:
    """Log and count what came in, and wake those who show it.

    ``fetched_from`` is when the call began that brought it, in milliseconds, where it was one.
    """
    counts = {
        "new": stored.shown,
        "kept": stored.kept,
        "echoes": stored.echoes,
        "duplicates": stored.duplicates,
        "unreadable": stored.unreadable,
    }
    log.info("received", provider=provider, **counts)
    for kind, count in counts.items():
        RECEIVED.labels(provider, kind).inc(count)
    for signal in (context.signals.inbox, context.signals.views):
        signal.set()
    trail.arrived(context, provider, stored.queued, began=stored.began, fetched_from=fetched_from)


async def _name_unreadable(
    connection: AsyncConnection, provider: str, row: int, reason: str, now: int
) -> None:
    await records.raise_alert(
        connection,
        kind="quarantined",
        provider=provider,
        subject=str(row),
        title="A message could not be read and was put aside",
        lines=(
            f"Reason: {reason}.",
            "Nothing is lost: the entry is kept whole, and the messages beside it went on.",
            f"Look at it with: bridgebot deliveries list (entry q{row})",
        ),
        now=now,
    )


async def _store_one(
    connection: AsyncConnection,
    context: Context,
    received: Received,
    known: set[str],
    manner: Manner,
    stored: Stored,
) -> Disposition:
    about, message, now = received.conversation, received.message, context.ms()
    channel = context.routing.channel_for(about, message)
    again = message.message_id in known
    row = await conversations.ensure(connection, about, channel=channel, now=now, again=again)
    waiting: list[PendingReply] = []
    if message.sender is SenderKind.PROPERTY and not again:
        waiting = await _pending_replies(connection, row.id)
    decision = classify(message, known=again, pending=waiting, history=received.history)
    if decision.disposition is Disposition.DUPLICATE:
        return decision.disposition
    echo = decision.disposition is Disposition.ECHO
    kept = decision.disposition is Disposition.KEEP
    raw = received.raw
    if not echo:
        # After the comparison with our own replies, and before anything is kept.
        message, raw = without_cards(received)
    origin = "slack" if echo else "guest" if message.sender is SenderKind.GUEST else "elsewhere"
    closing = message.sender is SenderKind.GUEST and is_closing_word(message)
    added = await conversations.add_message(
        connection,
        row,
        message,
        origin=origin,
        raw=raw,
        now=now,
        reply=decision.reply,
        imported=(not manner.shown and not echo) or (manner.beside and kept),
        closing=closing,
    )
    if echo and decision.reply is not None:
        await _settle_uncertain(connection, row, message, decision.reply, now)
        return decision.disposition
    if kept:
        return await _keep(connection, row, message, new=added is not None)
    if manner.shown:
        due_at = manner.due_of(stored.shown, to_ms(message.sent_at))
        if await _show(connection, row, message, added, now, due_at):
            stored.queued.append((message.message_id, row.id))
            stored.threads |= {row.id} if due_at is None else set()
    await clocks.turn(connection, row, message, manner.waits_from)
    return decision.disposition


async def _keep(
    connection: AsyncConnection, row: ConversationRow, message: Message, *, new: bool
) -> Disposition:
    """Let what is from before we came count for the figures alone."""
    if not new:
        return Disposition.DUPLICATE
    await clocks.note_past(connection, row, message)
    return Disposition.KEEP


async def _show(
    connection: AsyncConnection,
    row: ConversationRow,
    message: Message,
    added: int | None,
    now: int,
    due_at: int | None,
) -> bool:
    """Queue a message for its thread; one that was only kept until now is taken up."""
    if added is None:
        added = await imports.take_up(connection, row.about.provider, message.message_id)
    if added is None:
        return False
    await inbox.add(connection, row.id, added, now=now, due_at=due_at, about=message)
    return True


async def _pending_replies(connection: AsyncConnection, conversation: int) -> list[PendingReply]:
    """List replies that are out and have no echo yet."""
    rows = await outbox.pending(connection, conversation)
    query = select(messages.c.reply).where(messages.c.reply.in_([row.id for row in rows]))
    echoed = set((await connection.execute(query)).scalars()) if rows else set()
    return [
        PendingReply(delivery=row.id, content=row.content or "", began=row.started_at or 0)
        for row in rows
        if row.id not in echoed
    ]


async def _settle_uncertain(
    connection: AsyncConnection, row: ConversationRow, message: Message, reply: int, now: int
) -> None:
    """Complete an uncertain reply whose echo has come; one still out waits for its answer."""
    statement = (
        update(outbox_table)
        .where(
            outbox_table.c.id == reply,
            outbox_table.c.state == "uncertain",
            outbox_table.c.finished_at.is_(None),
        )
        .values(
            state="completed",
            owner=None,
            finished_at=now,
            message_id=message.message_id,
            mark_wanted="white_check_mark",
        )
        .returning(outbox_table.c.user_id)
    )
    user = (await connection.execute(statement)).scalar()
    if user is not None:
        (ours,) = await outbox.read(connection, [reply])
        at, by, known = to_ms(message.sent_at), f"slack:{user}", ours.started_at or now
        await conversations.note_answer(connection, row.id, at, by, known=known)
        await actors.note_replied(connection, ours, now=now)
        await records.close_alert(
            connection,
            kind="uncertain",
            provider=row.about.provider,
            subject=f"outbox:{reply}",
            now=now,
            line="It had been sent: its copy came back from the provider.",
        )
