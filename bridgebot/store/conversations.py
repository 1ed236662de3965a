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
from bridgebot.store import hot, order
from bridgebot.store.order import EVERYTHING, NOTHING
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


NEW = ("provider", "conversation_id", "channel", "created_at", "no_reply_at", *DETAILS)
"""The columns of ``new_values``."""


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
    row = await hot.NAMED.first(connection, {"of": provider, "name": conversation_id})
    return None if row is None else conversation_row(row)


async def get(connection: AsyncConnection, row_id: int) -> ConversationRow:
    """Read a conversation by the store's id."""
    (row,) = await hot.CONVERSATION.rows(connection, {"row_id": row_id})
    return conversation_row(row)


async def by_thread(
    connection: AsyncConnection, channel: str, thread_ts: str
) -> ConversationRow | None:
    """Find the conversation whose thread this is."""
    row = await hot.IN_THREAD.first(connection, {"place": channel, "ts": thread_ts})
    return None if row is None else conversation_row(row)


async def bind_thread(
    connection: AsyncConnection,
    row_id: int,
    channel: str,
    thread_ts: str,
    *,
    shown: int = 0,
    drawn: int | None = None,
) -> None:
    """Remember where a conversation's thread is; one that is bound stays bound.

    ``shown`` is the version of the card that the root was posted with, ``drawn`` its digest.
    """
    told = {"channel": channel, "thread_ts": thread_ts, "card_shown": shown, "card_drawn": drawn}
    await hot.BIND.run(connection, {"row_id": row_id, **told})


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
    rows = await hot.KNOWN.rows(connection, {"of": provider, "ids": ids})
    return {row["message_id"] for row in rows}


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
    row = await hot.ADD_MESSAGE.first(connection, values)
    return None if row is None else int(row["id"])


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
        order.outlives(at, table.last_answer_at, messages.c.answered_at),
        order.outlives(at, table.no_reply_at, messages.c.excused_at),
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
    if answered_at is not None and order.is_before(sent_at, answered_at):
        await _answered(connection, row_id, answered_at, NOTHING)
    elif excused_at is not None and order.is_before(sent_at, excused_at):
        await _excused(connection, row_id, excused_at, NOTHING)


async def note_answer(
    connection: AsyncConnection, row_id: int, sent_at: int, by: str, *, known: int = EVERYTHING
) -> None:
    """Take an answer into the conversation's clocks; see ``order`` for what was ``known``."""
    await lock(connection, row_id)
    values = {"row_id": row_id, "at": sent_at, "by": by, "known": known}
    await hot.ANSWER.run(connection, values)
    await _answered(connection, row_id, sent_at, known)


async def note_past_answer(connection: AsyncConnection, row_id: int, sent_at: int) -> None:
    """Remember for the reply score when somebody answered before we came; no clock turns."""
    await _answered(connection, row_id, sent_at, EVERYTHING)


async def note_past_guest(
    connection: AsyncConnection, row: ConversationRow, sent_at: int, *, template: str
) -> None:
    """Remember for the reply score how a guest's wait ended before we came, if it is known.

    Messages of the past come in any order. One of the kind ``template`` answers nobody.
    """
    answers = select(func.min(messages.c.sent_at)).where(
        messages.c.conversation == row.id,
        messages.c.sender == "property",
        messages.c.kind != template,
        messages.c.sent_at >= sent_at,
    )
    first: int | None = (await connection.execute(answers)).scalar()
    if first is not None:
        await _answered(connection, row.id, first, EVERYTHING)
    else:
        await note_late(connection, row.id, sent_at, row.last_answer_at, row.no_reply_at)


async def _answered(connection: AsyncConnection, row_id: int, at: int, known: int) -> None:
    """Remember when the guest's messages were first answered, for the reply score."""
    await hot.ANSWERED.run(connection, {"of": row_id, "at": at, "known": known})


async def _excused(connection: AsyncConnection, row_id: int, at: int, known: int) -> None:
    """Remember that the guest's messages so far were marked as needing no reply."""
    table = messages.c
    await connection.execute(
        update(messages)
        .where(
            table.conversation == row_id,
            table.sender == "guest",
            table.sent_at <= at,
            ~order.after(at, known),
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
    await _excused(connection, row_id, now, now)
