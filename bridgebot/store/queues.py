"""What both queues share: claiming heads, recording ends, and taking back what a dead node held.

One row in flight per conversation: the claim takes the oldest open row of each conversation, so a
row that fails holds back its own conversation and nothing else. On PostgreSQL a claim also locks
the conversations it takes from, so that no two nodes have rows of one conversation in flight.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    Update,
    and_,
    bindparam,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.clock import moment
from bridgebot.store.schema import conversations, inbox, leases, outbox

READY = ("available", "retryable")


async def finish(
    connection: AsyncConnection,
    table: Table,
    row_id: int,
    *,
    owner: str,
    state: str,
    now: int,
    **values: object,
) -> bool:
    """Record the end of an attempt; return whether the row was still this node's.

    A node that was thought dead may come back with an answer: its row has been taken over then,
    and its word no longer counts.
    """
    final = state in ("completed", "discarded", "cancelled")
    told = {"state": state, "owner": None, "finished_at": now if final else None, **values}
    statement = _finishing(table, tuple(told))
    which = {"row_id": row_id, "held_by": owner}
    return (await connection.execute(statement, told | which)).rowcount == 1


@cache
def _finishing(table: Table, names: tuple[str, ...]) -> Update:
    """Build the statement once: that costs more than to run it."""
    mine = and_(table.c.id == bindparam("row_id"), table.c.owner == bindparam("held_by"))
    return (
        update(table)
        .where(mine, table.c.finished_at.is_(None))
        .values({name: bindparam(name) for name in names})
    )


async def give_back(
    connection: AsyncConnection, table: Table, row_id: int, *, owner: str, now: int
) -> None:
    """Make a row uncertain whose attempt ended and whose end could not be written down."""
    await connection.execute(
        update(table)
        .where(table.c.id == row_id, table.c.owner == owner, table.c.state == "executing")
        .values(state="uncertain", owner=None, due_at=now, error="not_recorded")
    )


async def hold(connection: AsyncConnection, table: Table, row_id: int, owner: str) -> bool:
    """Take an ``uncertain`` row in hand to look it up; return whether it was free."""
    statement = (
        update(table)
        .where(
            table.c.id == row_id,
            table.c.state == "uncertain",
            or_(table.c.owner.is_(None), table.c.owner == owner),
        )
        .values(owner=owner)
    )
    return (await connection.execute(statement)).rowcount == 1


def alive(table: Table, leased_at: int | None) -> ColumnElement[bool]:
    """Hold where a row's owner is a node that lives; see ``rescue`` for the time."""
    return exists().where(
        leases.c.name == literal("node:") + table.c.owner,
        leases.c.expires_at > moment(leased_at),
    )


async def rescue(
    connection: AsyncConnection,
    table: Table,
    now: int,
    settle: int = 0,
    *,
    leased_at: int | None = None,
) -> int:
    """Take back what dead nodes held; what they were executing is ``uncertain`` now.

    It is looked up after ``settle`` milliseconds: the last call may have begun just before the end.
    Who is dead is told by the database's clock, unless ``leased_at`` gives a time.
    """
    gone = and_(
        table.c.finished_at.is_(None), table.c.owner.is_not(None), not_(alive(table, leased_at))
    )
    statement = update(table).where(gone)
    executing = table.c.state == "executing"
    rescued = await connection.execute(
        statement.where(executing).values(
            state="uncertain", owner=None, due_at=now + settle, error="process_ended"
        )
    )
    # Not what a node was executing that has come to its end between the two statements: without an
    # owner nobody would ever look at it.
    await connection.execute(statement.where(~executing).values(owner=None))
    return rescued.rowcount


async def due_uncertain(
    connection: AsyncConnection, table: Table, now: int, limit: int, owner: str = ""
) -> Sequence[int]:
    """List rows whose outcome is unknown and due for a look at the other side.

    Rows that ``owner`` took in hand are listed too: its look did not come to an end.
    """
    query = (
        select(table.c.id)
        .where(
            table.c.finished_at.is_(None),
            table.c.state == "uncertain",
            or_(table.c.owner.is_(None), table.c.owner == owner),
            table.c.due_at <= now,
        )
        .order_by(table.c.due_at)
        .limit(limit)
    )
    return (await connection.execute(query)).scalars().all()


Heads = Callable[[bool], Select[int]]
"""Builds a claim's query: for all conversations, or for those in ``CHOSEN``."""

CHOSEN = bindparam("chosen", type_=Integer, expanding=True)


async def take_heads(
    connection: AsyncConnection, table: Table, heads: Heads, values: Mapping[str, Any]
) -> Sequence[int]:
    """Run a claim's query, so that between nodes one conversation is claimed from once at a time.

    A node that is claiming holds the conversation's row until its claim is written down. Whoever
    gets that row afterwards looks again, in a statement of its own: what the first look saw may be
    older than the other node's claim. What another node works on is skipped, not waited for.
    """
    query = heads(False)  # noqa: FBT003 - as the type says
    if connection.dialect.name != "postgresql":
        return (await connection.execute(query, values)).scalars().all()
    candidates = query.with_only_columns(table.c.conversation)
    locking = (
        select(conversations.c.id)
        .where(conversations.c.id.in_(candidates))
        .with_for_update(key_share=True, skip_locked=True)
    )
    locked = (await connection.execute(locking, values)).scalars().all()
    if not locked:
        return ()
    again = heads(True).with_for_update(of=table, skip_locked=True)  # noqa: FBT003
    return (await connection.execute(again, {**values, "chosen": locked})).scalars().all()


def in_flight(
    table: Table, which: Callable[[Any], ColumnElement[bool]] = lambda _row: true()
) -> ColumnElement[bool]:
    """Build the condition that something of a row's conversation is out, or may be."""
    other = table.alias()
    return exists().where(
        other.c.conversation == table.c.conversation,
        other.c.finished_at.is_(None),
        other.c.state.in_(("executing", "uncertain")),
        which(other.c),
    )


async def release_unknown(
    connection: AsyncConnection, table: Table, *, owner: str, known: Collection[int]
) -> int:
    """Give back what this node claimed and does not know of: the claim's answer was lost.

    Nothing was sent for such a row, since sending begins when the claim is known. Return how many.
    """
    statement = (
        update(table)
        .where(
            table.c.finished_at.is_(None),
            table.c.state == "executing",
            table.c.owner == owner,
            table.c.id.not_in(known),
        )
        .values(state="available", owner=None, attempts=table.c.attempts - 1)
    )
    return (await connection.execute(statement)).rowcount


async def mark_claimed(
    connection: AsyncConnection, table: Table, ids: Sequence[int], *, owner: str, now: int
) -> None:
    """Put claimed rows into ``executing``, counting the attempt."""
    await connection.execute(_claiming(table), {"ids": ids, "by": owner, "at": now})


@cache
def _claiming(table: Table) -> Update:
    return (
        update(table)
        .where(table.c.id.in_(bindparam("ids", expanding=True)))
        .values(
            state="executing",
            owner=bindparam("by"),
            started_at=bindparam("at"),
            attempts=table.c.attempts + 1,
        )
    )


async def next_due(connection: AsyncConnection, table: Table) -> int | None:
    """Tell when the next row falls due, milliseconds since 1970, or ``None``."""
    query = select(func.min(table.c.due_at)).where(
        table.c.finished_at.is_(None), table.c.state.in_((*READY, "uncertain"))
    )
    found: int | None = (await connection.execute(query)).scalar()
    return found


async def depth(connection: AsyncConnection) -> dict[str, int]:
    """Count what is open in each queue, by queue and state."""
    counted: dict[str, int] = {}
    for table in (inbox, outbox):
        query = (
            select(table.c.state, func.count())
            .where(table.c.finished_at.is_(None))
            .group_by(table.c.state)
        )
        for state, number in await connection.execute(query):
            counted[f"{table.name}_{state}"] = int(number)
    return counted


async def try_again(connection: AsyncConnection, table: Table, row_id: int, *, now: int) -> bool:
    """Let a delivery that was given up, or waits for its next attempt, go out now."""
    statement = (
        update(table)
        .where(table.c.id == row_id, table.c.state.in_(("discarded", "retryable")))
        .values(state="available", owner=None, finished_at=None, attempts=0, due_at=now)
    )
    return (await connection.execute(statement)).rowcount == 1


async def give_up(connection: AsyncConnection, table: Table, row_id: int, *, now: int) -> bool:
    """Give up a delivery that is not under way, for good; return whether there was one.

    One that was discarded after many attempts could still be tried again: that ends here too.
    """
    statement = (
        update(table)
        .where(table.c.id == row_id, table.c.state.in_((*READY, "uncertain", "discarded")))
        .values(state="cancelled", owner=None, finished_at=now, error="given_up")
    )
    return (await connection.execute(statement)).rowcount == 1
