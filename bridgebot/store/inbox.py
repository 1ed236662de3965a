"""The inbox: guest messages, their pictures, and the bot's own words, on their way into threads.

A picture is a row of its own behind its message: what came before it stays as it is, whatever
becomes of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, insert, not_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Message, SenderKind
from bridgebot.store.prepared import Prepared, Row, Words
from bridgebot.store.queues import READY, Ahead, Claims, in_flight
from bridgebot.store.rows import ConversationRow, InboxRow, conversation_row, message_of, to_ms
from bridgebot.store.schema import conversations, inbox, messages
from bridgebot.store.sql import insert_or_ignore

FORESEEN = 256
"""Conversations that one look over all that is open finds, for this claim and the next ones."""


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
            "of": about.message_id,
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
    room: Callable[[str], float] = lambda _channel: math.inf,
    ahead: Ahead | None = None,
) -> Sequence[InboxRow]:
    """Take the head of each conversation that is due.

    Conversations take turns, so that one with a long backlog does not keep the others waiting.
    ``room`` tells how many a channel takes now. ``ahead`` is what the caller keeps of the last look
    over all, from one claim to the next.
    """
    ahead = Ahead() if ahead is None else ahead
    values = {"now": now, "most": limit, "skipped": skip_channels}
    rooms = _Rooms(room)
    rows: list[Row] = []
    while len(rows) < limit and (chosen := ahead.some(limit - len(rows), rooms.fits, now=now)):
        taken = await _CLAIMS.take_among(connection, chosen, values, owner=owner, now=now)
        rooms.give_back(chosen, taken)
        if not taken:
            # Their channel's turn may be yet to come, and so may be that of all behind them.
            ahead.forget()
        rows += taken
    if (rest := limit - len(rows)) > 0:
        heads = await _CLAIMS.heads(connection, {**values, "most": max(rest, FORESEEN)})
        ahead.remember(heads, now=now)
        first = ahead.some(rest, rooms.fits, now=now)
        rows += await _CLAIMS.take(connection, first, values, owner=owner, now=now)
    if not rows:
        return ()
    served = sorted({row["conversation"] for row in rows})
    about = await _TURN.rows(connection, {"ids": served, "at": now})
    return await _whole(connection, rows, about)


class _Rooms:
    """How many rows each channel still takes in one claim."""

    def __init__(self, room: Callable[[str], float]) -> None:
        self._room = room
        self._left: dict[str, float] = {}

    def fits(self, row: Row) -> bool:
        """Take a place in a row's channel, where there is one."""
        left = self._left.setdefault(row["channel"], self._room(row["channel"]))
        if left < 1:
            return False
        self._left[row["channel"]] = left - 1
        return True

    def give_back(self, chosen: Sequence[Row], taken: Sequence[Row]) -> None:
        """Give back the places of those that were chosen and could not be had."""
        had = {row["conversation"] for row in taken}
        for row in chosen:
            self._left[row["channel"]] += row["conversation"] not in had


def _due_heads(words: Words, chosen: bool) -> Select[Any]:  # noqa: FBT001 - as queues.Heads has it
    """Build the claim's query: the oldest open rows that are due."""
    among = [words.among(inbox.c.conversation, "chosen")] if chosen else []
    heads = (
        select(func.min(inbox.c.id).label("id"))
        .where(inbox.c.finished_at.is_(None), *among)
        .where(or_(inbox.c.aside.is_(False), inbox.c.due_at <= bindparam("now")))
        .group_by(inbox.c.conversation)
        .subquery()
    )
    return (
        select(inbox.c.id, inbox.c.conversation, conversations.c.channel)
        .join(heads, heads.c.id == inbox.c.id)
        .join(conversations, conversations.c.id == inbox.c.conversation)
        .where(inbox.c.state.in_(READY), inbox.c.due_at <= bindparam("now"))
        .where(not_(words.among(conversations.c.channel, "skipped")))
        .where(~in_flight(inbox, lambda row: or_(~row.aside, row.due_at <= bindparam("now"))))
        # Many take their turn in one moment, and fall due in one: then the oldest goes first.
        .order_by(conversations.c.turn_at, inbox.c.due_at, inbox.c.id)
        .limit(bindparam("most", type_=Integer))
    )


_CLAIMS = Claims(inbox, _due_heads)

_TURN = Prepared(
    lambda words: (
        update(conversations)
        .where(words.among(conversations.c.id, "ids"))
        .values(turn_at=bindparam("at"))
        .returning(conversations)
    )
)

_ROWS, _ABOUT, _TEXTS = (
    Prepared(lambda words, table=table: select(table).where(words.among(table.c.id, "ids")))  # type: ignore[misc]
    for table in (inbox, conversations, messages)
)


async def read(connection: AsyncConnection, ids: Sequence[int]) -> Sequence[InboxRow]:
    """Read deliveries with their message and conversation, in the order of ``ids``."""
    found = {row["id"]: row for row in await _ROWS.rows(connection, {"ids": ids})}
    rows = [found[row_id] for row_id in ids if row_id in found]
    about = {row["conversation"] for row in rows}
    return await _whole(connection, rows, await _ABOUT.rows(connection, {"ids": about}))


async def _whole(
    connection: AsyncConnection, rows: Sequence[Row], about: Sequence[Row]
) -> Sequence[InboxRow]:
    """Put deliveries together with their conversations and messages."""
    wanted = [row["message"] for row in rows if row["message"] is not None]
    found = await _TEXTS.rows(connection, {"ids": wanted}) if wanted else ()
    texts = {row["id"]: message_of(row) for row in found}
    conversation = {row["id"]: conversation_row(row) for row in about}
    return [_inbox_row(row, conversation, texts) for row in rows]


def _inbox_row(
    row: Row,
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
