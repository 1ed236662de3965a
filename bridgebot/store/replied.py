"""Figures about guests' messages: the reply score's, and a day's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Asked
from bridgebot.store.schema import BY_GUESTS, conversations, messages
from bridgebot.store.sql import different


async def asked(
    connection: AsyncConnection, *, providers: Sequence[str], since: int, least: int
) -> dict[str, list[Asked]]:
    """Read guests' messages by property: those since a moment, or at least the last so many."""
    recent = (messages.c.sent_at > since, conversations.c.provider.in_(providers))
    found = await _asked(connection, _guests().where(*recent))
    for place in await properties(connection):
        if len(found.get(place, ())) < least:
            last = (
                select(conversations.c.id)
                .where(conversations.c.property_id == place)
                .order_by(conversations.c.last_guest_at.desc())
                .limit(least)
            )
            older = _guests().where(
                messages.c.conversation.in_(last), conversations.c.provider.in_(providers)
            )
            newest = older.order_by(messages.c.sent_at.desc()).limit(least)
            found |= await _asked(connection, newest)
    return found


async def properties(connection: AsyncConnection) -> list[str]:
    """List the properties that guests have written to."""
    place = different(conversations.c.property_id).c.value
    query = select(place).where(place.is_not(None)).order_by(place)
    return [str(place) for place in (await connection.execute(query)).scalars()]


async def day(
    connection: AsyncConnection, *, since: int, property_id: str | None = None
) -> tuple[int, int, list[int]]:
    """Count what came in and was answered since a moment; list how long first replies took."""
    received = await _count(connection, messages.c.sent_at >= since, property_id)
    answered = await _count(connection, messages.c.answered_at >= since, property_id)
    # What a guest wrote in one go is answered at once: the wait is that of the first message.
    waits = (
        select(messages.c.answered_at - func.min(messages.c.sent_at))
        .select_from(messages.join(conversations))
        .where(messages.c.answered_at >= since, BY_GUESTS, *_at(property_id))
        .group_by(messages.c.conversation, messages.c.answered_at)
    )
    times = [int(wait) for wait in (await connection.execute(waits)).scalars()]
    return received, answered, times


def _guests() -> Select[Any]:
    return (
        select(
            conversations.c.property_id,
            messages.c.sent_at,
            messages.c.answered_at,
            messages.c.excused_at,
        )
        .select_from(messages.join(conversations))
        .where(BY_GUESTS, conversations.c.property_id.is_not(None))
    )


async def _asked(connection: AsyncConnection, query: Select[Any]) -> dict[str, list[Asked]]:
    found: dict[str, list[Asked]] = {}
    for place, sent_at, answered_at, excused_at in await connection.execute(query):
        one = Asked(sent_at=sent_at, answered_at=answered_at, excused_at=excused_at)
        found.setdefault(str(place), []).append(one)
    return found


async def _count(
    connection: AsyncConnection, when: ColumnElement[bool], property_id: str | None
) -> int:
    query = (
        select(func.count())
        .select_from(messages.join(conversations))
        .where(when, BY_GUESTS, *_at(property_id))
    )
    return int((await connection.execute(query)).scalar_one())


def _at(property_id: str | None) -> list[ColumnElement[bool]]:
    return [] if property_id is None else [conversations.c.property_id == property_id]
