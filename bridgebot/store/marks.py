"""Marks: the reaction below a staff message that says what became of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.rows import OutboxRow, outbox_row
from bridgebot.store.schema import outbox


async def unmarked(
    connection: AsyncConnection, *, slow_before: int, limit: int
) -> Sequence[OutboxRow]:
    """List staff messages whose mark in Slack is not the one it should be.

    A reply that is still open after ``slow_before`` (milliseconds since 1970) wants an hourglass.
    """
    slow = and_(
        outbox.c.finished_at.is_(None),
        outbox.c.kind == "reply",
        outbox.c.created_at < slow_before,
        outbox.c.mark_shown.is_(None),
    )
    wrong = and_(
        outbox.c.mark_wanted.is_not(None),
        outbox.c.mark_wanted != func.coalesce(outbox.c.mark_shown, ""),
    )
    query = select(outbox).where(or_(wrong, slow)).order_by(outbox.c.id).limit(limit)
    return [outbox_row(row) for row in (await connection.execute(query)).mappings()]


async def note_mark(connection: AsyncConnection, row_id: int, mark: str | None) -> None:
    """Remember which mark a staff message carries in Slack."""
    await connection.execute(update(outbox).where(outbox.c.id == row_id).values(mark_shown=mark))
