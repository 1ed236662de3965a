"""The outbox: what staff wrote in threads, kept before Slack is answered."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.queues import CHOSEN, READY, in_flight, mark_claimed, take_heads
from bridgebot.store.rows import OutboxRow, outbox_row
from bridgebot.store.schema import conversations, outbox
from bridgebot.store.sql import insert_or_ignore

DELETED = "deleted"
OUT = ("executing", "uncertain")
"""States of a reply that may have reached the guest."""
NOTHING = "{}"
"""The event of a message that was erased."""
GONE = "bridgebot_deleted"
"""A key put beside Slack's own in the event of a reply that was deleted while it was under way."""


async def capture(
    connection: AsyncConnection, event: Mapping[str, Any], *, now: int, ours: bool
) -> bool:
    """Keep a staff message; return whether it is new.

    One in a thread that is no conversation's is kept only when ``ours`` says that the bot wrote
    the thread's root: the root's own answer may still be on its way to us.
    """
    channel, thread_ts = str(event["channel"]), str(event["thread_ts"])
    query = select(conversations.c.id).where(
        conversations.c.channel == channel, conversations.c.thread_ts == thread_ts
    )
    conversation = (await connection.execute(query)).scalar()
    if conversation is None and not ours:
        return False
    values = {
        "conversation": conversation,
        "channel": channel,
        "ts": str(event["ts"]),
        "thread_ts": thread_ts,
        "user_id": str(event["user"]),
        "event": json.dumps(dict(event), ensure_ascii=False),
        "state": "available",
        "due_at": now,
        "created_at": now,
    }
    statement = insert_or_ignore(connection, outbox, values).returning(outbox.c.id)
    return (await connection.execute(statement)).scalar() is not None


async def edit(
    connection: AsyncConnection, channel: str, ts: str, event: Mapping[str, Any], *, now: int
) -> bool:
    """Put an edited text in place of one that has not gone out; return whether it was in time.

    A note stays one, whatever it says now; its old words can no longer be released. What was erased
    stays empty: Slack repeats events, and its words shall not come back so.
    """
    kept = json.dumps(dict(event), ensure_ascii=False)
    held = outbox.c.event != NOTHING
    note = and_(_at(channel, ts), outbox.c.kind == "note", held)
    await connection.execute(update(outbox).where(note).values(event=kept, content=None))
    silent = and_(_at(channel, ts), outbox.c.kind == "silent", outbox.c.conversation.is_not(None))
    statement = (
        update(outbox)
        .where(or_(_waiting(channel, ts), _held(channel, ts), _refused(channel, ts), silent), held)
        .values(
            event=kept,
            kind=None,
            content=None,
            due_at=now,
            state="available",
            finished_at=None,
            mark_wanted=None,
        )
    )
    return (await connection.execute(statement)).rowcount == 1


async def cancel(connection: AsyncConnection, channel: str, ts: str, *, now: int) -> bool:
    """Take back a deleted message that has not gone out; return whether it was in time."""
    statement = (
        update(outbox)
        .where(
            or_(
                _waiting(channel, ts),
                _held(channel, ts),
                _refused(channel, ts),
                # What could still be released by hand.
                and_(_at(channel, ts), outbox.c.kind.in_(("note", "silent"))),
            )
        )
        .values(state="cancelled", kind="refused", finished_at=now, error=DELETED, mark_wanted=None)
    )
    return (await connection.execute(statement)).rowcount == 1


async def note_deleted(connection: AsyncConnection, row: OutboxRow) -> None:
    """Remember of a reply whose outcome is unknown that it must not be sent again."""
    event = json.dumps({**row.event, GONE: True}, ensure_ascii=False)
    await connection.execute(update(outbox).where(outbox.c.id == row.id).values(event=event))


async def gone_out(connection: AsyncConnection, channel: str, ts: str) -> OutboxRow | None:
    """Find a reply that has gone out, or may have."""
    query = select(outbox).where(
        outbox.c.channel == channel,
        outbox.c.ts == ts,
        outbox.c.kind == "reply",
        outbox.c.state.in_(("completed", "executing", "uncertain")),
    )
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else outbox_row(row)


async def by_ts(connection: AsyncConnection, channel: str, ts: str) -> OutboxRow | None:
    """Find a staff message by its place in Slack."""
    query = select(outbox).where(outbox.c.channel == channel, outbox.c.ts == ts)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else outbox_row(row)


async def waiting_in(
    connection: AsyncConnection,
    channel: str,
    thread_ts: str,
    *,
    states: Sequence[str] = READY,
) -> Sequence[OutboxRow]:
    """List what waits to be sent from a thread, or stands in other states."""
    query = select(outbox).where(
        outbox.c.channel == channel,
        outbox.c.thread_ts == thread_ts,
        outbox.c.finished_at.is_(None),
        outbox.c.state.in_(states),
    )
    return [outbox_row(row) for row in (await connection.execute(query)).mappings()]


async def waiting_threads(connection: AsyncConnection) -> set[tuple[str, str]]:
    """Name the channel and thread of everything that waits to be sent, or whose end is unknown."""
    query = select(outbox.c.channel, outbox.c.thread_ts).where(
        outbox.c.finished_at.is_(None), outbox.c.state.in_((*READY, *OUT))
    )
    return {(row.channel, row.thread_ts) for row in (await connection.execute(query)).all()}


async def retry(
    connection: AsyncConnection, row_id: int, *, states: Sequence[str], now: int
) -> bool:
    """Let a reply be sent again, if it stands in one of these states; return whether it did."""
    return await _decide_by_hand(
        connection,
        row_id,
        states,
        state="available",
        finished_at=None,
        attempts=0,
        due_at=now,
        mark_wanted=None,
    )


async def drop(
    connection: AsyncConnection, row_id: int, *, states: Sequence[str], now: int
) -> bool:
    """Give a reply up, if it stands in one of these states; return whether it did."""
    return await _decide_by_hand(
        connection, row_id, states, state="cancelled", finished_at=now, error="dropped"
    )


async def keep_internal(connection: AsyncConnection, channel: str, ts: str, *, now: int) -> bool:
    """Make a note of a message that has not gone out; return whether it was in time."""
    statement = (
        update(outbox)
        .where(or_(_waiting(channel, ts), _held(channel, ts)))
        .values(state="cancelled", kind="note", finished_at=now, error="kept", mark_wanted="lock")
    )
    return (await connection.execute(statement)).rowcount == 1


async def release(connection: AsyncConnection, channel: str, ts: str, *, now: int) -> bool:
    """Send a note, or a message that was held back, after all; return whether it was one."""
    kept = outbox.c.kind.in_(("note", "silent", "held"))
    place = and_(outbox.c.channel == channel, outbox.c.ts == ts)
    known = and_(outbox.c.conversation.is_not(None), outbox.c.content.is_not(None))
    return await _release(connection, and_(place, kept, known), now)


async def send_held(
    connection: AsyncConnection, row_id: int, *, now: int, content: str | None = None
) -> bool:
    """Send a reply that was held for a question, in other words if given; return whether it was."""
    held = and_(outbox.c.id == row_id, outbox.c.kind == "held")
    return await _release(connection, held, now, {} if content is None else {"content": content})


async def _release(
    connection: AsyncConnection,
    which: ColumnElement[bool],
    now: int,
    more: Mapping[str, object] = MappingProxyType({}),
) -> bool:
    statement = (
        update(outbox)
        .where(which, outbox.c.state == "cancelled")
        .values(
            state="available",
            kind="reply",
            finished_at=None,
            due_at=now,
            mark_wanted=None,
            error=None,
            **more,
        )
    )
    return (await connection.execute(statement)).rowcount == 1


async def drop_held(connection: AsyncConnection, row_id: int) -> bool:
    """Keep a reply internal that was held for a question; return whether it was."""
    statement = (
        update(outbox)
        .where(outbox.c.id == row_id, outbox.c.kind == "held", outbox.c.state == "cancelled")
        .values(kind="note", mark_wanted="lock")
    )
    return (await connection.execute(statement)).rowcount == 1


async def accept(connection: AsyncConnection, row_id: int, *, now: int) -> bool:
    """Take a person's word that an uncertain reply was sent."""
    return await _decide_by_hand(
        connection,
        row_id,
        ("uncertain",),
        state="completed",
        finished_at=now,
        mark_wanted="white_check_mark",
    )


async def _decide_by_hand(
    connection: AsyncConnection, row_id: int, states: Sequence[str], **values: object
) -> bool:
    statement = (
        update(outbox)
        .where(outbox.c.id == row_id, outbox.c.kind == "reply", outbox.c.state.in_(states))
        .values(owner=None, **values)
    )
    return (await connection.execute(statement)).rowcount == 1


def _waiting(channel: str, ts: str) -> ColumnElement[bool]:
    """Build the condition for a message that has surely not been sent."""
    return and_(
        outbox.c.channel == channel,
        outbox.c.ts == ts,
        outbox.c.finished_at.is_(None),
        outbox.c.state.in_(READY),
    )


def _at(channel: str, ts: str) -> ColumnElement[bool]:
    return and_(outbox.c.channel == channel, outbox.c.ts == ts)


def _refused(channel: str, ts: str) -> ColumnElement[bool]:
    """Build the condition for what was meant for the guest and was not sent for good."""
    given_up = and_(outbox.c.kind == "reply", outbox.c.state == "discarded")
    refused = and_(outbox.c.kind == "refused", func.coalesce(outbox.c.error, "") != DELETED)
    return and_(_at(channel, ts), or_(given_up, refused))


def _held(channel: str, ts: str) -> ColumnElement[bool]:
    """Build the condition for a message that waits for its author's answer to a question."""
    return and_(outbox.c.channel == channel, outbox.c.ts == ts, outbox.c.kind == "held")


async def undecided(connection: AsyncConnection, *, now: int, limit: int) -> Sequence[OutboxRow]:
    """List staff messages about which nothing is decided yet, oldest first."""
    query = (
        select(outbox)
        .where(outbox.c.kind.is_(None), outbox.c.finished_at.is_(None), outbox.c.due_at <= now)
        .order_by(outbox.c.ts)
        .limit(limit)
    )
    return [outbox_row(row) for row in (await connection.execute(query)).mappings()]


async def settle(
    connection: AsyncConnection, row: OutboxRow, *, event: Mapping[str, Any], **values: object
) -> bool:
    """Write down a decision, unless the text was edited or deleted in the meantime."""
    statement = (
        update(outbox)
        .where(
            outbox.c.id == row.id,
            outbox.c.kind.is_(None),
            outbox.c.finished_at.is_(None),
            outbox.c.event == json.dumps(dict(event), ensure_ascii=False),
        )
        .values(**values)
    )
    return (await connection.execute(statement)).rowcount == 1


async def claim(
    connection: AsyncConnection,
    *,
    owner: str,
    now: int,
    limit: int,
    held: Collection[str] = (),
) -> Sequence[OutboxRow]:
    """Take the next reply of each conversation, in the order they were written.

    A message still undecided holds back those written after it; a reply that is out (or whose
    outcome is unknown) does too, even when an older one turns up late. Nothing is taken from the
    threads in ``held``.
    """

    def heads(chosen: bool) -> Select[int]:  # noqa: FBT001 - take_heads's form
        return _heads(chosen, now, held).limit(limit)

    ids = await take_heads(connection, outbox, heads, {})
    if not ids:
        return ()
    await mark_claimed(connection, outbox, ids, owner=owner, now=now)
    return await read(connection, ids)


def _heads(chosen: bool, now: int, held: Collection[str]) -> Select[int]:  # noqa: FBT001
    """Ask for the first open replies that are due; no other of their conversation is out."""
    row = outbox.c
    among = [row.conversation.in_(CHOSEN)] if chosen else []
    heads = (
        select(row.conversation, func.min(row.ts).label("ts"))
        .where(row.finished_at.is_(None), row.conversation.is_not(None), *among)
        .group_by(row.conversation)
        .subquery()
    )
    return (
        select(row.id)
        .join(heads, and_(heads.c.conversation == row.conversation, heads.c.ts == row.ts))
        .where(row.finished_at.is_(None), row.kind == "reply", row.state.in_(READY))
        .where(row.due_at <= now, row.thread_ts.not_in(held))
        .where(~in_flight(outbox), ~_unbound_before())
        .order_by(row.due_at)
    )


def _unbound_before() -> ColumnElement[bool]:
    """Build the condition that an older message of the thread names no conversation yet.

    It was captured before the thread was known to be the conversation's, and is undecided.
    """
    other = outbox.alias()
    return exists().where(
        other.c.channel == outbox.c.channel,
        other.c.thread_ts == outbox.c.thread_ts,
        other.c.conversation.is_(None),
        other.c.finished_at.is_(None),
        other.c.ts < outbox.c.ts,
    )


async def read(connection: AsyncConnection, ids: Sequence[int]) -> Sequence[OutboxRow]:
    """Read staff messages by the store's ids, in that order."""
    rows = (await connection.execute(select(outbox).where(outbox.c.id.in_(ids)))).mappings()
    found = {row["id"]: outbox_row(row) for row in rows}
    return [found[row_id] for row_id in ids if row_id in found]


async def pending(connection: AsyncConnection, conversation: int) -> Sequence[OutboxRow]:
    """List a conversation's replies whose answer is not known: out, or uncertain."""
    query = (
        select(outbox)
        .where(
            outbox.c.conversation == conversation,
            outbox.c.finished_at.is_(None),
            outbox.c.kind == "reply",
            outbox.c.state.in_(("executing", "uncertain")),
        )
        .order_by(outbox.c.ts)
    )
    return [outbox_row(row) for row in (await connection.execute(query)).mappings()]
