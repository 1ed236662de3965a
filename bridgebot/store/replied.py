"""Figures about guests' messages: the reply score's, and a day's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Asked
from bridgebot.store.prepared import Prepared, Words
from bridgebot.store.schema import BY_GUESTS, conversations, messages
from bridgebot.store.sql import different


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What counts for the reply score, in milliseconds; see ``bridge.score``, whose they are."""

    now: int
    window: int
    within: int
    least: int


class Counted(NamedTuple):
    """How many messages count, and how many of them were answered in time."""

    answered: int
    counted: int


PLACES = 25
"""Properties whose last messages one statement reads."""


_WITHIN, _NOW = (bindparam(name, type_=BigInteger) for name in ("within", "now"))
_IN_TIME = messages.c.answered_at - messages.c.sent_at <= _WITHIN
_COUNTS = and_(
    or_(_IN_TIME, messages.c.sent_at < _NOW - _WITHIN),
    or_(messages.c.excused_at.is_(None), messages.c.excused_at - messages.c.sent_at > _WITHIN),
)
"""What counts for the score; ``bridge.score`` says why."""


async def counted(
    connection: AsyncConnection, *, providers: Sequence[str], terms: Terms
) -> dict[str, Counted]:
    """Count the guests' messages of the window that count, by property.

    A month has hundreds of thousands: they are counted where they are, in the index alone.
    """
    rows = await _COUNTED.rows(connection, {**asdict(terms), "accounts": providers})
    return {
        row["place"]: Counted(answered=int(row["answered"]), counted=int(row["counted"]))
        for row in rows
    }


def _counted(words: Words) -> Select[Any]:
    # As it stands SQLite would walk the index by conversation, through all that was ever said.
    about = (messages.c.conversation + literal_column("0")).label("about")
    answered = func.sum(case((_IN_TIME, 1), else_=0)).label("answered")
    each = (
        select(about, answered, func.count().label("counted"))
        .where(BY_GUESTS, messages.c.sent_at > _NOW - bindparam("window", type_=BigInteger))
        .where(_COUNTS)
        .group_by(about)
        .subquery()
    ).c
    place = conversations.c.property_id
    return (
        select(
            place.label("place"),
            func.sum(each.answered).label("answered"),
            func.sum(each.counted).label("counted"),
        )
        .where(each.about == conversations.c.id)
        .where(place.is_not(None), words.among(conversations.c.provider, "accounts"))
        .group_by(place)
    )


_COUNTED = Prepared(_counted)


async def last(
    connection: AsyncConnection, *, providers: Sequence[str], places: Sequence[str], terms: Terms
) -> dict[str, list[Asked]]:
    """Read the last messages that count of each of these properties, as few as make a score."""
    found: dict[str, list[Asked]] = {}
    told = {**asdict(terms), "accounts": providers, "many": 2 * terms.least}
    for first in range(0, len(places), PLACES):
        some = dict(enumerate(places[first : first + PLACES]))
        named = {f"place_{number}": some.get(number) for number in range(PLACES)}
        for row in await _LAST.rows(connection, {**told, **named}):
            found.setdefault(some[row.pop("number")], []).append(Asked(**row))
    return found


def _last(words: Words) -> CompoundSelect[Any]:
    return union_all(*(_last_of(words, number) for number in range(PLACES)))


def _last_of(words: Words, number: int) -> Select[Any]:
    """Ask for a property's last messages that count, among those of whoever wrote last."""
    wrote_last = (
        select(conversations.c.id)
        .where(conversations.c.property_id == bindparam(f"place_{number}"))
        .where(words.among(conversations.c.provider, "accounts"))
        .order_by(conversations.c.last_guest_at.desc().nulls_last())
        .limit(bindparam("many", type_=Integer))
    )
    table = messages.c
    newest = (
        select(
            literal_column(str(number)).label("number"),
            table.sent_at,
            table.answered_at,
            table.excused_at,
        )
        .where(table.conversation.in_(wrote_last), table.sender == "guest", _COUNTS)
        .order_by(table.sent_at.desc())
        .limit(bindparam("least", type_=Integer))
        .subquery()
    )
    return select(newest)


_LAST = Prepared(_last)


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
