"""What both queues share: claiming heads, recording ends, and taking back what a dead node held.

One row in flight per conversation: the claim takes the oldest open row of each conversation, so a
row that fails holds back its own conversation and nothing else. On PostgreSQL a claim also locks
the conversations it takes from, so that no two nodes have rows of one conversation in flight.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
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
from bridgebot.store.prepared import Prepared, Row, Values, Words, slots
from bridgebot.store.rows import InboxRow, OutboxRow
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
    which = {"row_id": row_id, "held_by": owner}
    return await _finishing(table, tuple(told)).run(connection, told | which) == 1


@cache
def _finishing(table: Table, names: tuple[str, ...]) -> Prepared:
    mine = and_(table.c.id == bindparam("row_id"), table.c.owner == bindparam("held_by"))
    statement = update(table).where(mine, table.c.finished_at.is_(None))
    return Prepared(lambda _words: statement.values(slots(*names)))


async def give_back(
    connection: AsyncConnection,
    table: Table,
    row: InboxRow | OutboxRow,
    *,
    owner: str,
    due_at: int,
) -> None:
    """Make a row uncertain whose attempt ended and whose end could not be written down.

    It is looked up at ``due_at``: the attempt's call may have begun long after the claim. Where the
    end was written down after all, the row may be in hand again: that attempt is another one.
    """
    attempt = and_(table.c.id == row.id, table.c.started_at == row.started_at)
    await connection.execute(
        update(table)
        .where(attempt, table.c.owner == owner, table.c.state == "executing")
        .values(state="uncertain", owner=None, due_at=due_at, error="not_recorded")
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
    Who is dead is told by the database's clock, unless ``leased_at`` gives a time. Rows that
    somebody has locked are left for the next time.
    """
    gone = and_(
        table.c.finished_at.is_(None), table.c.owner.is_not(None), not_(alive(table, leased_at))
    )
    free = select(table.c.id).where(gone).with_for_update(of=table, skip_locked=True)
    statement = update(table).where(table.c.id.in_(free))
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
    connection: AsyncConnection,
    table: Table,
    now: int,
    limit: int,
    owner: str = "",
    *,
    of: Callable[[ColumnElement[str]], ColumnElement[bool]] | None = None,
) -> Sequence[int]:
    """List rows whose outcome is unknown and due for a look at the other side.

    Rows that ``owner`` took in hand are listed too: its look did not come to an end. ``of`` tells
    whose rows are meant, by the account of their conversation; without it they all are.
    """
    told = {"now": now, "most": limit, "me": owner}
    return [row["id"] for row in await _uncertain(table, of).rows(connection, told)]


@lru_cache(maxsize=64)
def _uncertain(
    table: Table, of: Callable[[ColumnElement[str]], ColumnElement[bool]] | None
) -> Prepared:
    mine = conversations.c.id == table.c.conversation
    whose = true() if of is None else exists().where(mine, of(conversations.c.provider))
    return Prepared(
        lambda _words: (
            select(table.c.id)
            .where(table.c.finished_at.is_(None), table.c.state == "uncertain")
            .where(or_(table.c.owner.is_(None), table.c.owner == bindparam("me")))
            .where(table.c.due_at <= bindparam("now"), whose)
            .order_by(table.c.due_at)
            .limit(bindparam("most", type_=Integer))
        )
    )


Heads = Callable[[Words, bool], Select[Any]]
"""Builds a claim's query: ids and conversations, of all or of those among ``chosen``."""


class Claims:
    """How rows of a queue are taken, so that of one conversation one at a time is in flight.

    A node that is claiming holds the conversation's row until its claim is written down. Whoever
    gets that row afterwards looks again, in a statement of its own: what the first look saw may be
    older than the other node's claim. What another node works on is skipped, not waited for.
    """

    def __init__(self, table: Table, heads: Heads) -> None:
        self._look = Prepared(lambda words: heads(words, False))  # noqa: FBT003 - as the type says
        self._again = Prepared(
            lambda words: heads(words, True).with_for_update(of=table, skip_locked=True)  # noqa: FBT003
        )
        self._take = Prepared(
            lambda words: (
                update(table)
                .where(words.among(table.c.id, "ids"))
                .values(
                    state="executing",
                    owner=bindparam("by"),
                    started_at=bindparam("at"),
                    attempts=table.c.attempts + 1,
                )
                .returning(table)
            )
        )

    async def heads(self, connection: AsyncConnection, values: Values) -> list[Row]:
        """Look which rows could be taken; nobody is kept from them by that."""
        return await self._look.rows(connection, values)

    async def take(
        self,
        connection: AsyncConnection,
        heads: Sequence[Row],
        values: Values,
        *,
        owner: str,
        now: int,
        free: Callable[[Row], bool] = lambda _row: True,
    ) -> list[Row]:
        """Put rows into ``executing``, counting the attempt; return them in the order of heads.

        ``free`` tells whether one may be taken that another look has found.
        """
        ids = [row["id"] for row in await self._locked(connection, heads, values) if free(row)]
        if not ids:
            return []
        taken = await self._take.rows(connection, {"ids": ids, "by": owner, "at": now})
        place = {row_id: number for number, row_id in enumerate(ids)}
        return sorted(taken, key=lambda row: place[row["id"]])

    async def take_among(
        self,
        connection: AsyncConnection,
        among: Sequence[Row],
        values: Values,
        *,
        owner: str,
        now: int,
    ) -> list[Row]:
        """Take what can be taken of these conversations, without a look over all that is open."""
        heads = among
        if connection.dialect.name != "postgresql":
            chosen = {"chosen": [row["conversation"] for row in among]}
            heads = await self._again.rows(connection, {**values, **chosen})
        return await self.take(connection, heads, values, owner=owner, now=now)

    async def _locked(
        self, connection: AsyncConnection, heads: Sequence[Row], values: Values
    ) -> Sequence[Row]:
        if connection.dialect.name != "postgresql" or not heads:
            return heads
        chosen = {"chosen": [row["conversation"] for row in heads]}
        locked = [row["id"] for row in await _LOCKING.rows(connection, chosen)]
        return await self._again.rows(connection, {**values, "chosen": locked}) if locked else ()


AHEAD_MS = 250


class Ahead:
    """Conversations whose turn comes next, as the last look over all that is open found them.

    That look reads whatever waits, so under a backlog one serves many claims. It says where to look
    and nothing else: what is taken is asked for anew, so that a claim which is run a second time
    may as well find less here. After a moment it is too old, since a guest who has just written may
    come before those it found.
    """

    def __init__(self) -> None:
        self._next: deque[Row] = deque()
        self._until = 0

    def remember(self, heads: Iterable[Row], *, now: int) -> None:
        """Keep what a look found."""
        self._next = deque(heads)
        self._until = now + AHEAD_MS

    def forget(self) -> None:
        """Let the next claim look over all again."""
        self._next.clear()

    def some(self, most: int, fits: Callable[[Row], bool], *, now: int) -> list[Row]:
        """Hand over the next ones that fit; none where the look was too long ago."""
        if not self._until - AHEAD_MS <= now < self._until:
            self._next.clear()
        found: list[Row] = []
        while self._next and len(found) < most:
            row = self._next.popleft()
            if fits(row):
                found.append(row)
        return found


_LOCKING = Prepared(
    lambda words: (
        select(conversations.c.id)
        .where(words.among(conversations.c.id, "chosen"))
        .with_for_update(key_share=True, skip_locked=True)
    )
)


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

    Nothing was sent for such a row, since sending begins when the claim is known; but for one whose
    end a standby had not heard of, which ``workers/leftovers.py`` compares. Return how many.
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

    One that was discarded after many attempts could still be tried again: that ends here too. A
    staff message's mark says that it stays in Slack, also to a database put back from a copy.
    """
    mark = {"mark_wanted": "lock"} if table is outbox else {}
    statement = (
        update(table)
        .where(table.c.id == row_id, table.c.state.in_((*READY, "uncertain", "discarded")))
        .values(state="cancelled", owner=None, finished_at=now, error="given_up", **mark)
    )
    return (await connection.execute(statement)).rowcount == 1
