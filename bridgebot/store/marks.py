"""Marks: the reaction below a staff message that says what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Integer, Select, and_, bindparam, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import conversations
from bridgebot.store.prepared import Prepared, Words
from bridgebot.store.queues import READY
from bridgebot.store.rows import OutboxRow, outbox_row
from bridgebot.store.schema import MISMARKED, outbox


async def unmarked(
    connection: AsyncConnection, *, slow_before: int, limit: int
) -> Sequence[OutboxRow]:
    """List staff messages whose mark in Slack is not the one it should be.

    A reply that is still open after ``slow_before`` (milliseconds since 1970) wants an hourglass.
    """
    rows = await _WRONG.rows(connection, {"most": limit})
    if len(rows) < limit:
        rest = {"slow_before": slow_before, "most": limit - len(rows)}
        rows += await _SLOW.rows(connection, rest)
    return [outbox_row(row) for row in rows]


_MOST = bindparam("most", type_=Integer)
# Two statements, each with an index of its own: one with OR would read the whole table.
_WRONG = Prepared(lambda _words: select(outbox).where(MISMARKED).order_by(outbox.c.id).limit(_MOST))


def _slow(_words: Words) -> Select[Any]:
    slow = and_(
        outbox.c.finished_at.is_(None),
        outbox.c.kind == "reply",
        outbox.c.created_at < bindparam("slow_before"),
        outbox.c.mark_wanted.is_(None),
        outbox.c.mark_shown.is_(None),
    )
    # In no order: by their ids SQLite would rather walk the table.
    return select(outbox).where(slow).limit(_MOST)


_SLOW = Prepared(_slow)


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


async def believe(
    connection: AsyncConnection, event: Mapping[str, Any], mark: str, *, fresh: bool, now: int
) -> int | None:
    """Take a staff message for what the bot's own mark in Slack says that became of it.

    ``fresh`` is one that was not known before. Of the others only one that waits to be sent, and
    never bore a mark, can have been delivered without our knowledge. Return the conversation of one
    that counts as undelivered by this: its author does not know that nothing more comes of it.
    """
    place = and_(outbox.c.channel == str(event["channel"]), outbox.c.ts == str(event["ts"]))
    if fresh and mark == UNDELIVERED and "edited" in event:
        # The edit may have come after the mark: then the new words were to be tried. They are
        # decided about anew, and looked for at the provider before they are sent.
        await connection.execute(update(outbox).where(place).values(mark_shown=mark))
        return None
    if not fresh:
        waits = and_(outbox.c.finished_at.is_(None), outbox.c.state.in_(READY))
        unsent = or_(waits, outbox.c.kind == "held")
        place = and_(place, unsent, outbox.c.mark_shown.is_(None), literal(mark == DELIVERED))
    at = int(float(str(event["ts"])) * 1000)
    values = {**_ENDED[mark], "finished_at": now, "started_at": at}
    settled = (
        update(outbox)
        .where(place)
        .values(mark_wanted=mark, mark_shown=mark, **values)
        .returning(outbox.c.conversation)
    )
    conversation: int | None = (await connection.execute(settled)).scalar()
    if conversation is not None and mark == DELIVERED:
        by = f"slack:{event['user']}"
        await conversations.note_answer(connection, conversation, at, by, known=at)
    return conversation if mark == UNDELIVERED else None


DELIVERED, UNDELIVERED = "white_check_mark", "warning"
_ENDED: dict[str, dict[str, Any]] = {
    DELIVERED: {"kind": "reply", "state": "completed"},
    "lock": {"kind": "note", "state": "cancelled", "error": "note"},
    UNDELIVERED: {"kind": "refused", "state": "cancelled", "error": "refused"},
}
"""What is kept of a message with each of the bot's marks; none of it is sent by itself."""
