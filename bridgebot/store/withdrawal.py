"""What staff can still take back or change, whether or not somebody listened just then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import outbox, standing
from bridgebot.store.queues import READY
from bridgebot.store.rows import OutboxRow, outbox_row
from bridgebot.store.schema import HELD
from bridgebot.store.schema import outbox as table

UNSENT = "Its author deleted it: it will not be sent any more."
REWORDED = "Its author changed it: the new words are looked at by themselves."


async def open_ones(connection: AsyncConnection, *, after: int) -> Sequence[OutboxRow]:
    """List what waits to be sent, may be out, was given up with an alert, or is asked about.

    Questions are looked at that were asked ``after`` a moment; many are never answered.
    """
    row = table.c
    under_way = and_(row.finished_at.is_(None), row.state.in_((*READY, *outbox.OUT)))
    asked = and_(HELD, row.created_at > after)
    given_up = row.id.in_(await standing.given_up(connection, table))
    found: dict[int, OutboxRow] = {}
    # One after the other, each with an index of its own: with OR the whole table would be read.
    for which in (under_way, asked, given_up):
        rows = (await connection.execute(select(table).where(which))).mappings()
        found |= {each["id"]: outbox_row(each) for each in rows}
    return sorted(found.values(), key=lambda each: each.ts)


async def withdraw(connection: AsyncConnection, row: OutboxRow, *, now: int) -> bool:
    """Take a deleted message back; return whether it was in time.

    What may be out already is not sent again, should it turn out that it never arrived. One that
    was given up has an alert, which nobody has to act on any more.
    """
    if row.state in outbox.OUT:
        await outbox.note_deleted(connection, row)
        return False
    if not await outbox.cancel(connection, row.channel, row.ts, now=now):
        return False
    await standing.close(connection, table, row.id, line=UNSENT, now=now)
    return True


async def reword(
    connection: AsyncConnection, channel: str, ts: str, event: Mapping[str, Any], *, now: int
) -> bool:
    """Put an edited text in place of one that has not gone out; return whether it was in time.

    The alert about earlier words that were given up ends.
    """
    row = await outbox.by_ts(connection, channel, ts)
    if not await outbox.edit(connection, channel, ts, event, now=now):
        return False
    if row is not None and row.state == "discarded":
        await standing.close(connection, table, row.id, line=REWORDED, now=now)
    return True
