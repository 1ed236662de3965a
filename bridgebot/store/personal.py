"""All that is held about one person: found by reservation, written out, or erased."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import lookups, retention
from bridgebot.store.retention import EMPTY_MESSAGE, EMPTY_REPLY, NAMELESS, Erased
from bridgebot.store.rows import ConversationRow, conversation_row
from bridgebot.store.schema import (
    alerts,
    audit,
    conversations,
    inbox,
    messages,
    outbox,
    promises,
    quarantine,
)

SHORTEST = 5
"""Fewer letters than this are not looked for in what was put aside: they may be anybody's."""


async def of_reservation(connection: AsyncConnection, number: str) -> Sequence[ConversationRow]:
    """Find the conversations of a reservation; between nodes, nobody changes them meanwhile."""
    wanted = {number.strip(), lookups.reservation_number(number) or number.strip()}
    query = (
        select(conversations)
        .where(conversations.c.reference.in_(wanted))
        .order_by(conversations.c.id)
        .with_for_update()
    )
    return [conversation_row(row) for row in (await connection.execute(query)).mappings()]


async def put_aside(
    connection: AsyncConnection, number: str, found: Sequence[ConversationRow]
) -> Sequence[int]:
    """Find entries that could not be read and name the reservation or its conversations."""
    names = {number, *(row.about.conversation_id for row in found)}
    long = [name for name in names if len(name) >= SHORTEST]
    named = or_(*(quarantine.c.raw.contains(name, autoescape=True) for name in long))
    query = select(quarantine.c.id).where(named).order_by(quarantine.c.id)
    return (await connection.execute(query)).scalars().all() if long else ()


async def hindrances(
    connection: AsyncConnection, rows: Sequence[ConversationRow], aside: Sequence[int]
) -> list[str]:
    """Say what still has to happen before these may be erased."""
    ids = [row.id for row in rows]
    said = [
        f"the guest of {row.about.conversation_id} waits for an answer: answer, or press "
        "*No reply needed*"
        for row in rows
        if row.awaiting_since is not None
    ]
    for letter, table in (("i", inbox), ("o", outbox)):
        query = select(table.c.id, table.c.state).where(
            table.c.conversation.in_(ids), table.c.state.not_in(retention.DONE)
        )
        said += [
            f"{letter}{number} is {state}: wait, or `bridgebot deliveries retry {letter}{number}`, "
            f"or `bridgebot deliveries discard {letter}{number}`"
            for number, state in await connection.execute(query.order_by(table.c.id))
        ]
    return said + await _unread(connection, aside)


async def _unread(connection: AsyncConnection, aside: Sequence[int]) -> list[str]:
    query = select(quarantine.c.id).where(
        quarantine.c.id.in_(aside), quarantine.c.resolved_at.is_(None)
    )
    return [
        f"q{number} was put aside and never read: `bridgebot deliveries retry q{number}`, or "
        f"`bridgebot deliveries discard q{number}`"
        for number in (await connection.execute(query.order_by(quarantine.c.id))).scalars()
    ]


async def erase(
    connection: AsyncConnection, rows: Sequence[ConversationRow], aside: Sequence[int], *, now: int
) -> Erased:
    """Erase all of these conversations, whatever its age, but ids."""
    ids = [row.id for row in rows]
    fetched = and_(messages.c.conversation.in_(ids), messages.c.imported)
    count = await _count(connection, delete(messages).where(fetched))
    await connection.execute(delete(promises).where(promises.c.conversation.in_(ids)))
    return Erased(
        fetched=count,
        messages=await _count(
            connection,
            update(messages)
            .where(messages.c.conversation.in_(ids), messages.c.erased_at.is_(None))
            .values(**EMPTY_MESSAGE, erased_at=now),
        ),
        replies=await _count(
            connection,
            update(outbox)
            .where(outbox.c.conversation.in_(ids), retention.HAS_WORDS)
            .values(**EMPTY_REPLY),
        ),
        notices=await _count(
            connection,
            update(inbox)
            .where(inbox.c.conversation.in_(ids), inbox.c.notice.is_not(None))
            .values(notice=None),
        ),
        conversations=await _count(
            connection,
            update(conversations)
            .where(conversations.c.id.in_(ids))
            .values(**NAMELESS, reference=None, erased_at=now),
        ),
        quarantined=await _count(
            connection,
            update(quarantine).where(quarantine.c.id.in_(aside)).values(raw=""),
        ),
    )


async def _count(connection: AsyncConnection, statement: Any) -> int:  # noqa: ANN401 - a change
    return int((await connection.execute(statement)).rowcount)


PARTS: tuple[tuple[str, Table, ColumnElement[Any]], ...] = (
    ("messages", messages, messages.c.sent_at),
    ("staff", outbox, outbox.c.ts),
    ("notices", inbox, inbox.c.id),
    ("promises", promises, promises.c.created_at),
    ("alerts", alerts, alerts.c.id),
    ("audit", audit, audit.c.id),
)
"""What belongs to a conversation, by its name in an export, and in which order."""

JSON_COLUMNS = (
    "attributes",
    "attachment_ids",
    "event",
    "notice",
    "posted",
    "lines",
    "calls",
    "detail",
)


async def parts_of(connection: AsyncConnection, row_id: int) -> dict[str, list[dict[str, Any]]]:
    """Read all that is held in one conversation."""
    found = {}
    for name, table, order in PARTS:
        query = select(table).where(table.c.conversation == row_id).order_by(order)
        found[name] = [each async for each in _rows(connection, query)]
    return found


async def conversation(connection: AsyncConnection, row_id: int) -> dict[str, Any]:
    """Read all columns of a conversation."""
    query = select(conversations).where(conversations.c.id == row_id)
    return await anext(_rows(connection, query))


async def entries(connection: AsyncConnection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Read entries that were put aside."""
    query = select(quarantine).where(quarantine.c.id.in_(ids)).order_by(quarantine.c.id)
    return [each async for each in _rows(connection, query)]


async def _rows(connection: AsyncConnection, query: Select[Any]) -> AsyncIterator[dict[str, Any]]:
    """Read rows as values for JSON; what is kept as JSON is opened."""
    for row in (await connection.execute(query)).mappings():
        yield {
            name: json.loads(value) if name in JSON_COLUMNS and value else value
            for name, value in row.items()
        }
