"""What the watchman reads and writes: conversations to look at, and their alerts."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Select, bindparam, func, not_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.prepared import Prepared, slots
from bridgebot.store.records import set_cursor
from bridgebot.store.rows import ConversationRow, conversation_row
from bridgebot.store.schema import alerts, conversations, messages

UNANSWERED = "unanswered"
FLOOD = "flood"
"""The subject of a summary, which stands for many conversations."""

MOST = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """How many guests wait at a property, and since when the first of them."""

    property_id: str | None
    count: int
    since: int


async def alone(connection: AsyncConnection) -> None:
    """Keep other nodes from looking until this transaction is over."""
    await set_cursor(connection, "watch", {})


async def is_due(connection: AsyncConnection, now: int) -> bool:
    """Tell whether a conversation has to be looked at."""
    return await _IS_DUE.first(connection, {"now": now}) is not None


_IS_DUE = Prepared(
    lambda _words: (
        select(conversations.c.id).where(conversations.c.watch_at <= bindparam("now")).limit(1)
    )
)


async def due(connection: AsyncConnection, now: int) -> Sequence[ConversationRow]:
    """Take the conversations to look at now; what another node has taken is left to it."""
    return [conversation_row(row) for row in await _DUE.rows(connection, {"now": now})]


_DUE = Prepared(
    lambda _words: (
        select(conversations)
        .where(conversations.c.watch_at <= bindparam("now"))
        .order_by(conversations.c.watch_at, conversations.c.id)
        .limit(MOST)
        .with_for_update(key_share=True, skip_locked=True)
    )
)


async def note(connection: AsyncConnection, row_id: int, **values: object) -> None:
    """Write down what the watchman did, and when to look again."""
    await _noting(tuple(values)).run(connection, {"row_id": row_id, **values})


@cache
def _noting(names: tuple[str, ...]) -> Prepared:
    statement = update(conversations).where(conversations.c.id == bindparam("row_id"))
    return Prepared(lambda _words: statement.values(slots(*names)))


async def touch(connection: AsyncConnection, alert: int) -> None:
    """Have an open alert drawn again."""
    await connection.execute(
        update(alerts)
        .where(alerts.c.id == alert, alerts.c.closed_at.is_(None))
        .values(wanted=alerts.c.wanted + 1)
    )


async def call(
    connection: AsyncConnection, alert: int, *, why: str, step: int | None, to: Sequence[str]
) -> bool:
    """Have people notified below an alert, each once for a step; return whether any is new."""
    query = select(alerts.c.calls).where(alerts.c.id == alert).with_for_update(key_share=True)
    calls = json.loads((await connection.execute(query)).scalar_one())
    same = [each["to"] for each in calls if (each["why"], each["step"]) == (why, step)]
    known = {person for people in same for person in people}
    fresh = [person for person in dict.fromkeys(to) if person not in known]
    if same and not fresh:
        return False
    # One that is there may be on its way to Slack: it is not changed, another follows it.
    calls.append({"why": why, "step": step, "to": fresh})
    await connection.execute(
        update(alerts)
        .where(alerts.c.id == alert)
        .values(calls=json.dumps(calls), wanted=alerts.c.wanted + 1)
    )
    return True


async def close(connection: AsyncConnection, alert: int, *, line: str, now: int) -> None:
    """Close an alert by its id, with a last line."""
    await connection.execute(
        update(alerts)
        .where(alerts.c.id == alert, alerts.c.closed_at.is_(None))
        .values(
            state="closed",
            closed_at=now,
            lines=json.dumps([line]),
            wanted=alerts.c.wanted + 1,
        )
    )


async def open_summary(connection: AsyncConnection, *, after: int) -> int | None:
    """Find the summary that was raised after a moment and still stands."""
    query = select(alerts.c.id).where(
        alerts.c.kind == UNANSWERED,
        alerts.c.subject.startswith(FLOOD),
        alerts.c.closed_at.is_(None),
        alerts.c.created_at > after,
    )
    found: int | None = (await connection.execute(query)).scalar()
    return found


async def is_summary(connection: AsyncConnection, alert: int) -> bool:
    """Tell whether an alert stands for many conversations."""
    query = select(alerts.c.subject).where(alerts.c.id == alert)
    return str((await connection.execute(query)).scalar() or "").startswith(FLOOD)


async def members(
    connection: AsyncConnection, alert: int, *, limit: int
) -> Sequence[ConversationRow]:
    """List the conversations that stand in a summary, the longest waiting first."""
    query = (
        select(conversations)
        .where(conversations.c.alert == alert)
        .order_by(conversations.c.alert_since, conversations.c.id)
        .limit(limit)
    )
    return [conversation_row(row) for row in (await connection.execute(query)).mappings()]


async def count_members(connection: AsyncConnection, alert: int) -> int:
    """Count the conversations that stand in a summary."""
    query = select(func.count()).where(conversations.c.alert == alert)
    return int((await connection.execute(query)).scalar_one())


async def places(connection: AsyncConnection, alert: int) -> Sequence[Place]:
    """Count who stands in a summary by property, the longest waiting first."""
    table = conversations.c
    since = func.min(func.coalesce(table.awaiting_since, table.alert_since)).label("since")
    query = (
        select(table.property_id, func.count().label("count"), since)
        .where(table.alert == alert)
        .group_by(table.property_id)
        .order_by(since)
    )
    return [
        Place(property_id=row.property_id, count=int(row.count), since=int(row.since))
        for row in (await connection.execute(query)).mappings()
    ]


async def asked(connection: AsyncConnection, row: ConversationRow) -> tuple[str, int]:
    """Read the first message that a guest waits with, and count those after it."""
    since = row.awaiting_since or row.closing_since or row.alert_since or 0
    mine = _guests(row.id, since)
    first = mine.with_only_columns(messages.c.content).limit(1)
    count = select(func.count()).select_from(mine.order_by(None).subquery())
    text = (await connection.execute(first)).scalar()
    return str(text or ""), max(0, int((await connection.execute(count)).scalar_one()) - 1)


async def undelivered(connection: AsyncConnection, *, limit: int) -> Sequence[ConversationRow]:
    """List conversations in which a reply is stuck until somebody acts."""
    stuck = select(alerts.c.conversation).where(
        alerts.c.kind.in_(("undelivered", "uncertain")), alerts.c.closed_at.is_(None)
    )
    query = (
        select(conversations)
        .where(conversations.c.id.in_(stuck))
        .order_by(conversations.c.id)
        .limit(limit)
    )
    return [conversation_row(row) for row in (await connection.execute(query)).mappings()]


async def untagged(
    connection: AsyncConnection, *, waiting: Collection[str] = (), resting: Collection[int] = ()
) -> Sequence[tuple[ConversationRow, bool]]:
    """List conversations whose tag at the provider is not as it should be.

    Those of ``waiting`` accounts and those that are ``resting`` are left out, so that however many
    they are, the others have their turn.
    """
    rows = await _UNTAGGED.rows(connection, {"waiting": waiting, "resting": resting})
    return [(conversation_row(row), bool(row["tag_wanted"])) for row in rows]


_UNTAGGED = Prepared(
    lambda words: (
        select(conversations)
        .where(conversations.c.tag_wanted.is_not(None))
        .where(not_(words.among(conversations.c.provider, "waiting")))
        .where(not_(words.among(conversations.c.id, "resting")))
        # By the ids as they stand SQLite would rather walk the table.
        .order_by(conversations.c.id + 0)
        .limit(20)
    )
)


async def tagged(connection: AsyncConnection, row_id: int, *, wanted: bool) -> None:
    """Remember that the provider has a tag, unless something else is wanted by now."""
    await connection.execute(
        update(conversations)
        .where(conversations.c.id == row_id, conversations.c.tag_wanted == wanted)
        .values(tag_wanted=None)
    )


def _guests(conversation: int, since: int) -> Select[tuple[int]]:
    return (
        select(messages.c.id)
        .where(
            messages.c.conversation == conversation,
            messages.c.sender == "guest",
            messages.c.sent_at >= since,
        )
        .order_by(messages.c.sent_at, messages.c.id)
    )
