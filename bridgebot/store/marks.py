"""Marks: the reaction below a staff message that says what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.prepared import Prepared, Words
from bridgebot.store.rows import OutboxRow, outbox_row
from bridgebot.store.schema import outbox


async def unmarked(
    connection: AsyncConnection, *, slow_before: int, limit: int
) -> Sequence[OutboxRow]:
    """List staff messages whose mark in Slack is not the one it should be.

    A reply that is still open after ``slow_before`` (milliseconds since 1970) wants an hourglass.
    """
    rows = await _UNMARKED.rows(connection, {"slow_before": slow_before, "most": limit})
    return [outbox_row(row) for row in rows]


def _unmarked(_words: Words) -> Select[Any]:
    slow = and_(
        outbox.c.finished_at.is_(None),
        outbox.c.kind == "reply",
        outbox.c.created_at < bindparam("slow_before"),
        outbox.c.mark_shown.is_(None),
    )
    wrong = and_(
        outbox.c.mark_wanted.is_not(None),
        outbox.c.mark_wanted != func.coalesce(outbox.c.mark_shown, ""),
    )
    most = bindparam("most", type_=Integer)
    return select(outbox).where(or_(wrong, slow)).order_by(outbox.c.id).limit(most)


_UNMARKED = Prepared(_unmarked)


async def note_marks(connection: AsyncConnection, shown: Sequence[tuple[int, str]]) -> None:
    """Remember which mark staff messages carry in Slack."""
    values = [{"row_id": row_id, "mark": mark} for row_id, mark in shown]
    await _MARKED.run_all(connection, values)


_MARKED = Prepared(
    lambda _words: (
        update(outbox)
        .where(outbox.c.id == bindparam("row_id"))
        .values(mark_shown=bindparam("mark"))
    )
)
