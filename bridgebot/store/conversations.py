"""Conversations and their messages: written by units of the writer, read by anyone."""

from __future__ import annotations

import json
from collections.abc import Collection

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Conversation, Message
from bridgebot.store.places import lock, may_move
from bridgebot.store.rows import ConversationRow, conversation_row, to_ms
from bridgebot.store.schema import conversations, messages
from bridgebot.store.sql import insert_or_ignore

READ_ONLY = "read_only"
AT_ONCE = 0
"""A time to look again that has always come."""

DETAILS = (
    "property_id",
    "conversation_type",
    "reference",
    "access",
    "guest_name",
    "guest_participant_id",
    "property_participant_id",
    "no_reply_needed",
)


PERSONAL = ("reference", "guest_name", "guest_participant_id")
"""Of these what tells who the guest is."""


async def ensure(
    connection: AsyncConnection,
    about: Conversation,
    *,
    channel: str,
    now: int,
    again: bool = False,
) -> ConversationRow:
    """Find or make a conversation and bring what is known of it up to date.

    What the provider does not say this time is kept. A conversation stays in the channel where its
    thread is; before there is one, and nothing on its way to it, the channel is the one given. With
    ``again`` a known message came: who was erased stays so.
    """
    found = await find(connection, about.provider, about.conversation_id)
    if found is None:
        values = new_values(about, channel, now)
        await connection.execute(insert_or_ignore(connection, conversations, values))
        found = await find(connection, about.provider, about.conversation_id)
        assert found is not None  # noqa: S101 - it was just written in this transaction
        return found
    changed = _changed(found.about, about)
    if found.erased_at is not None and again:
        changed = {name: changed[name] for name in changed if name not in PERSONAL}
    elif found.erased_at is not None:
        changed["erased_at"] = None
    fresh = found.about.property_id is None and about.property_id is not None
    if found.channel != channel and await may_move(connection, found, untried=fresh):
        changed["channel"] = channel
    if not changed:
        return found
    await connection.execute(
        update(conversations)
        .where(conversations.c.id == found.id)
        .values(**changed, card_wanted=conversations.c.card_wanted + 1)
    )
    if changed.get("access") == READ_ONLY:
        await stop_clock(connection, found.id)
    if changed.get("no_reply_needed"):
        await excuse(connection, found.id, now=now, by=None)
    return await get(connection, found.id)


def new_values(about: Conversation, channel: str, now: int) -> dict[str, object]:
    """List the values of a conversation that is seen for the first time."""
    return {
        "provider": about.provider,
        "conversation_id": about.conversation_id,
        "channel": channel,
        "created_at": now,
        "no_reply_at": now if about.no_reply_needed else None,
        **{name: getattr(about, name) for name in DETAILS},
        "no_reply_needed": bool(about.no_reply_needed),
    }


def _changed(known: Conversation, about: Conversation) -> dict[str, object]:
    told = {name: getattr(about, name) for name in DETAILS if getattr(about, name) is not None}
    return {name: value for name, value in told.items() if getattr(known, name) != value}


def differs(known: Conversation, about: Conversation) -> bool:
    """Tell whether a provider says something of a conversation that is not known."""
    return bool(_changed(known, about))


async def find(
    connection: AsyncConnection, provider: str, conversation_id: str
) -> ConversationRow | None:
    """Find a conversation by the provider's id."""
    query = select(conversations).where(
        conversations.c.provider == provider, conversations.c.conversation_id == conversation_id
    )
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else conversation_row(row)


async def get(connection: AsyncConnection, row_id: int) -> ConversationRow:
    """Read a conversation by the store's id."""
    query = select(conversations).where(conversations.c.id == row_id)
    return conversation_row((await connection.execute(query)).mappings().one())


async def by_thread(
    connection: AsyncConnection, channel: str, thread_ts: str
) -> ConversationRow | None:
    """Find the conversation whose thread this is."""
    query = select(conversations).where(
        conversations.c.channel == channel, conversations.c.thread_ts == thread_ts
    )
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else conversation_row(row)


async def bind_thread(
    connection: AsyncConnection, row_id: int, channel: str, thread_ts: str, *, shown: int = 0
) -> None:
    """Remember where a conversation's thread is; one that is bound stays bound.

    ``shown`` is the version of the card that the root was posted with.
    """
    await connection.execute(
        update(conversations)
        .where(conversations.c.id == row_id, conversations.c.thread_ts.is_(None))
        .values(channel=channel, thread_ts=thread_ts, card_shown=shown)
    )


async def unbind_thread(connection: AsyncConnection, row_id: int, thread_ts: str | None) -> None:
    """Forget a thread whose root is gone, so that a new one is opened."""
    await connection.execute(
        update(conversations)
        .where(conversations.c.id == row_id, conversations.c.thread_ts == thread_ts)
        .values(thread_ts=None)
    )


async def known_messages(
    connection: AsyncConnection, provider: str, ids: Collection[str]
) -> set[str]:
    """Tell which of these message ids are stored, without those that were only imported."""
    query = select(messages.c.message_id).where(
        messages.c.provider == provider,
        messages.c.message_id.in_(ids),
        messages.c.imported.is_(False),
    )
    return set((await connection.execute(query)).scalars())


async def add_message(
    connection: AsyncConnection,
    conversation: ConversationRow,
    message: Message,
    *,
    origin: str,
    raw: str,
    now: int,
    reply: int | None = None,
    imported: bool = False,
    closing: bool = False,
) -> int | None:
    """Store a message; return its row id, or ``None`` when it was there already.

    ``imported`` keeps it out of threads until it is taken up.
    """
    values = message_values(
        conversation,
        message,
        origin=origin,
        raw=raw,
        now=now,
        reply=reply,
        imported=imported,
        closing=closing,
    )
    statement = insert_or_ignore(connection, messages, values).returning(messages.c.id)
    found: int | None = (await connection.execute(statement)).scalar()
    return found


def message_values(
    conversation: ConversationRow,
    message: Message,
    *,
    origin: str,
    raw: str,
    now: int,
    reply: int | None = None,
    imported: bool = False,
    closing: bool = False,
) -> dict[str, object]:
    """List the values of a message."""
    return {
        "conversation": conversation.id,
        "provider": conversation.about.provider,
        "message_id": message.message_id,
        "sender": message.sender.value,
        "sender_name": message.sender_name,
        "participant_id": message.participant_id,
        "content": message.content,
        "kind": message.kind,
        "attributes": json.dumps(dict(message.attributes), ensure_ascii=False),
        "attachment_ids": json.dumps(list(message.attachment_ids)),
        "origin": origin,
        "reply": reply,
        "closing": closing,
        "sent_at": to_ms(message.sent_at),
        "received_at": now,
        "raw": raw,
        "imported": imported,
    }


async def note_guest(
    connection: AsyncConnection,
    row_id: int,
    sent_at: int,
    *,
    waits: bool = True,
    closing: bool = False,
) -> None:
    """Take a guest's message into the conversation's clocks.

    A closing word starts no clock; it is remembered, since it may be counted after all. Without
    ``waits`` nobody waits and nobody is alerted: the message is from long ago.
    """
    table = conversations.c
    noted = await connection.execute(
        update(conversations)
        .where(table.id == row_id)
        .values(clock_values(literal(sent_at, BigInteger), waits=waits, closing=closing))
        .returning(table.last_answer_at, table.no_reply_at)
    )
    answered_at, excused_at = noted.one()
    await note_late(connection, row_id, sent_at, answered_at, excused_at)


def clock_values(at: ColumnElement[int], *, waits: bool, closing: bool) -> dict[str, object]:
    """Say how a guest's message, sent at this time, turns a conversation's clocks."""
    table = conversations.c
    values: dict[str, object] = {
        "last_guest_at": case((table.last_guest_at > at, table.last_guest_at), else_=at),
        "card_wanted": table.card_wanted + 1,
    }
    if not waits:
        return values
    fresh = and_(
        or_(table.last_answer_at.is_(None), table.last_answer_at < at),
        or_(table.no_reply_at.is_(None), table.no_reply_at < at),
        func.coalesce(table.access, "") != READ_ONLY,
        or_(table.awaiting_since.is_(None), table.awaiting_since > at),
    )
    values["watch_at"] = AT_ONCE
    if closing:
        fresh = and_(fresh, table.awaiting_since.is_(None), table.closing_since.is_(None))
        return values | {"closing_since": case((fresh, at), else_=table.closing_since)}
    return values | {
        "awaiting_since": case((fresh, at), else_=table.awaiting_since),
        "closing_since": case((fresh, null()), else_=table.closing_since),
    }


async def note_late(
    connection: AsyncConnection,
    row_id: int,
    sent_at: int,
    answered_at: int | None,
    excused_at: int | None,
) -> None:
    """Mark a message that comes to us after its answer, or after it was said to need none."""
    if answered_at is not None and answered_at >= sent_at:
        await _answered(connection, row_id, answered_at)
    elif excused_at is not None and excused_at >= sent_at:
        await _excused(connection, row_id, excused_at)


async def note_answer(connection: AsyncConnection, row_id: int, sent_at: int, by: str) -> None:
    """Take an answer to the guest into the conversation's clocks."""
    table = conversations.c
    await lock(connection, table.id == row_id)
    later = and_(
        messages.c.conversation == row_id,
        messages.c.sender == "guest",
        messages.c.sent_at > sent_at,
        or_(table.no_reply_at.is_(None), messages.c.sent_at > table.no_reply_at),
    )
    first = select(func.min(messages.c.sent_at))
    still = first.where(later, ~messages.c.closing).scalar_subquery()
    newest = or_(table.last_answer_at.is_(None), table.last_answer_at <= sent_at)
    await connection.execute(
        update(conversations)
        .where(table.id == row_id, newest)
        .values(
            last_answer_at=sent_at,
            last_answer_by=by,
            awaiting_since=still,
            closing_since=case(
                (still.is_(None), first.where(later, messages.c.closing).scalar_subquery())
            ),
            snoozed_until=None,
            card_wanted=table.card_wanted + 1,
            watch_at=AT_ONCE,
        )
    )
    await _answered(connection, row_id, sent_at)


async def _answered(connection: AsyncConnection, row_id: int, at: int) -> None:
    """Remember when the guest's messages were first answered, for the reply score."""
    table = messages.c
    await connection.execute(
        update(messages)
        .where(
            table.conversation == row_id,
            table.sender == "guest",
            table.sent_at <= at,
            or_(table.answered_at.is_(None), table.answered_at > at),
        )
        .values(answered_at=at)
    )


async def _excused(connection: AsyncConnection, row_id: int, at: int) -> None:
    """Remember that the guest's messages so far were marked as needing no reply."""
    table = messages.c
    await connection.execute(
        update(messages)
        .where(
            table.conversation == row_id,
            table.sender == "guest",
            table.sent_at <= at,
            table.answered_at.is_(None),
            table.excused_at.is_(None),
        )
        .values(excused_at=at)
    )


async def stop_clock(connection: AsyncConnection, row_id: int, **values: object) -> None:
    """Let nobody wait in a conversation any more, without an answer."""
    table = conversations.c
    await connection.execute(
        update(conversations)
        .where(table.id == row_id)
        .values(
            awaiting_since=None,
            closing_since=None,
            snoozed_until=None,
            watch_at=AT_ONCE,
            card_wanted=table.card_wanted + 1,
            **values,
        )
    )


async def excuse(
    connection: AsyncConnection, row_id: int, *, now: int, by: str | None, **values: object
) -> None:
    """Mark what a guest has written so far as needing no reply; ``by`` is ``None`` for others."""
    await stop_clock(
        connection, row_id, no_reply_needed=True, no_reply_at=now, no_reply_by=by, **values
    )
    await _excused(connection, row_id, now)
