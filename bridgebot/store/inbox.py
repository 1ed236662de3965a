"""The inbox: guest messages, their pictures, and the bot's own words, on their way into threads.

A picture is a row of its own behind its message: what came before it stays as it is, whatever
becomes of it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    CursorResult,
    Integer,
    RowMapping,
    Select,
    Table,
    Update,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Message, SenderKind
from bridgebot.store.queues import CHOSEN, READY, in_flight, mark_claimed, take_heads
from bridgebot.store.rows import ConversationRow, InboxRow, conversation_row, message_of, to_ms
from bridgebot.store.schema import conversations, inbox, messages
from bridgebot.store.sql import insert_or_ignore


async def add(
    connection: AsyncConnection,
    conversation: int,
    message: int,
    *,
    now: int,
    due_at: int | None = None,
    about: Message | None = None,
    older: bool = False,
) -> bool:
    """Queue a stored message for its thread, its pictures behind it, due now or later.

    ``about`` is the message itself, where the caller has it at hand; ``older`` has it say that it
    stands below what was written after it. A message is queued once; return whether this did.
    """
    common = {
        "conversation": conversation,
        "state": "available",
        "due_at": now if due_at is None else due_at,
        "created_at": now,
    }
    values = {"message": message, "older": older, **common}
    statement = insert_or_ignore(connection, inbox, values).returning(inbox.c.id)
    if (await connection.execute(statement)).scalar() is None:
        return False
    about = about or await _message(connection, message)
    count = len(about.attachment_ids)
    for number, attachment in enumerate(about.attachment_ids, start=1):
        picture = {
            "picture": attachment,
            "number": number,
            "count": count,
            "sent_at": to_ms(about.sent_at),
            "guest": about.sender is SenderKind.GUEST,
        }
        await connection.execute(insert(inbox).values(notice=json.dumps(picture), **common))
    return True


async def _message(connection: AsyncConnection, row_id: int) -> Message:
    query = select(messages).where(messages.c.id == row_id)
    return message_of((await connection.execute(query)).mappings().one())


async def hasten(connection: AsyncConnection, ids: Collection[int], *, now: int) -> None:
    """Let messages that were given time go now: newer ones of their conversations wait for them."""
    await connection.execute(
        update(inbox)
        .where(
            inbox.c.conversation.in_(ids),
            inbox.c.finished_at.is_(None),
            inbox.c.state == "available",
            inbox.c.due_at > now,
        )
        .values(due_at=now)
    )


async def add_notice(
    connection: AsyncConnection,
    conversation: int,
    notice: Mapping[str, Any],
    *,
    now: int,
    key: str | None = None,
) -> bool:
    """Queue words of the bot's own for a thread (``text``; ``to``: a user who alone sees them).

    What has a ``key`` is queued once; return whether it is new.
    """
    await hasten(connection, [conversation], now=now)
    values = {
        "conversation": conversation,
        "notice": json.dumps(dict(notice), ensure_ascii=False),
        "key": key,
        "state": "available",
        "due_at": now,
        "created_at": now,
    }
    statement = insert_or_ignore(connection, inbox, values).returning(inbox.c.id)
    return (await connection.execute(statement)).scalar() is not None


async def claim(
    connection: AsyncConnection,
    *,
    owner: str,
    now: int,
    limit: int,
    skip_channels: Collection[str] = (),
) -> Sequence[InboxRow]:
    """Take the head of each conversation that is due.

    Conversations take turns, so that one with a long backlog does not keep the others waiting.
    """
    values = {"now": now, "most": limit, "skipped": list(skip_channels)}
    ids = await take_heads(connection, inbox, _due_heads, values)
    if not ids:
        return ()
    await mark_claimed(connection, inbox, ids, owner=owner, now=now)
    rows = await read(connection, ids)
    served = sorted({row.conversation.id for row in rows})
    await connection.execute(_turn(), {"ids": served, "at": now})
    return rows


@cache
def _due_heads(chosen: bool) -> Select[int]:  # noqa: FBT001 - take_heads's form
    """Build the claim's query: the oldest open rows that are due; see ``take_heads``."""
    among = [inbox.c.conversation.in_(CHOSEN)] if chosen else []
    heads = (
        select(func.min(inbox.c.id).label("id"))
        .where(inbox.c.finished_at.is_(None), *among)
        .where(or_(inbox.c.aside.is_(False), inbox.c.due_at <= bindparam("now")))
        .group_by(inbox.c.conversation)
        .subquery()
    )
    return (
        select(inbox.c.id)
        .join(heads, heads.c.id == inbox.c.id)
        .join(conversations, conversations.c.id == inbox.c.conversation)
        .where(inbox.c.state.in_(READY), inbox.c.due_at <= bindparam("now"))
        .where(conversations.c.channel.not_in(bindparam("skipped", expanding=True)))
        .where(~in_flight(inbox, lambda row: or_(~row.aside, row.due_at <= bindparam("now"))))
        .order_by(conversations.c.turn_at, inbox.c.due_at)
        .limit(bindparam("most", type_=Integer))
    )


@cache
def _turn() -> Update:
    ids = bindparam("ids", type_=Integer, expanding=True)
    return update(conversations).where(conversations.c.id.in_(ids)).values(turn_at=bindparam("at"))


@cache
def _by_id(table: Table) -> Select[Any]:
    return select(table).where(table.c.id.in_(bindparam("ids", expanding=True)))


async def _rows(
    connection: AsyncConnection, table: Table, ids: Collection[int]
) -> Sequence[RowMapping]:
    result: CursorResult[Any] = await connection.execute(_by_id(table), {"ids": list(ids)})
    return result.mappings().all()


async def read(connection: AsyncConnection, ids: Sequence[int]) -> Sequence[InboxRow]:
    """Read deliveries with their message and conversation, in the order of ``ids``."""
    rows = await _rows(connection, inbox, ids)
    about = {
        row["id"]: conversation_row(row)
        for row in await _rows(connection, conversations, {row["conversation"] for row in rows})
    }
    texts = {
        row["id"]: message_of(row)
        for row in await _rows(connection, messages, {row["message"] for row in rows})
    }
    found = {row["id"]: _inbox_row(row, about, texts) for row in rows}
    return [found[row_id] for row_id in ids if row_id in found]


def _inbox_row(
    row: RowMapping,
    about: Mapping[int, ConversationRow],
    texts: Mapping[int, Message],
) -> InboxRow:
    return InboxRow(
        id=row["id"],
        conversation=about[row["conversation"]],
        message=texts.get(row["message"]),
        notice=json.loads(row["notice"]) if row["notice"] else None,
        posted=tuple(json.loads(row["posted"])),
        state=row["state"],
        attempts=row["attempts"],
        started_at=row["started_at"],
        aside=bool(row["aside"]),
        file=row["file"],
        older=row["older"],
    )


async def note_posted(connection: AsyncConnection, row_id: int, posted: Sequence[str]) -> None:
    """Remember which posts of a delivery are in Slack."""
    await connection.execute(
        update(inbox).where(inbox.c.id == row_id).values(posted=as_json(posted))
    )


async def note_file(connection: AsyncConnection, row_id: int, file: str) -> None:
    """Remember that the sharing of a file begins: its answer may be lost."""
    await connection.execute(update(inbox).where(inbox.c.id == row_id).values(file=file))


def as_json(posted: Sequence[str]) -> str:
    """Write a list of ts as it is kept."""
    return json.dumps(list(posted))
