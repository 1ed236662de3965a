"""Saved replies: texts with placeholders that staff keep for questions that come again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.schema import saved_replies as table
from bridgebot.store.sql import insert_or_ignore

MOST = 100
"""Slack's menus hold so many options."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SavedReply:
    """A text with a name; ``changed_at`` (milliseconds) tells one state of it from another."""

    id: int
    name: str
    text: str
    changed_by: str
    changed_at: int


async def every(connection: AsyncConnection) -> Sequence[SavedReply]:
    """List all, by name."""
    rows = await connection.execute(select(table).order_by(table.c.sorted_as))
    return [_reply(row) for row in rows.mappings()]


async def get(connection: AsyncConnection, row_id: int) -> SavedReply | None:
    """Read one; ``None`` where it was deleted."""
    row = (await connection.execute(select(table).where(table.c.id == row_id))).mappings().first()
    return None if row is None else _reply(row)


async def add(connection: AsyncConnection, *, name: str, text: str, user: str, now: int) -> str:
    """Keep a new one; return why not, in a word (``taken``, ``full``), or nothing."""
    count = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
    if count >= MOST:
        return "full"
    values = {
        "name": name,
        "sorted_as": name.casefold(),
        "text": text,
        "changed_by": user,
        "changed_at": now,
    }
    statement = insert_or_ignore(connection, table, values).returning(table.c.id)
    return "" if (await connection.execute(statement)).scalar() is not None else "taken"


async def change(
    connection: AsyncConnection, seen: tuple[int, int], *, name: str, text: str, user: str, now: int
) -> str:
    """Change one that was ``seen`` (id, ``changed_at``) so; return why not, in a word, or nothing.

    ``taken``: another has the name; ``changed``: somebody else was faster.
    """
    row_id, changed_at = seen
    other = select(table.c.id).where(table.c.sorted_as == name.casefold(), table.c.id != row_id)
    if (await connection.execute(other)).first() is not None:
        return "taken"
    statement = (
        update(table)
        .where(table.c.id == row_id, table.c.changed_at == changed_at)
        .values(
            name=name,
            sorted_as=name.casefold(),
            text=text,
            changed_by=user,
            # Two changes within a millisecond are two states all the same.
            changed_at=max(now, changed_at + 1),
        )
    )
    return "" if (await connection.execute(statement)).rowcount == 1 else "changed"


async def remove(connection: AsyncConnection, row_id: int) -> bool:
    """Delete one; return whether it was there."""
    return (await connection.execute(delete(table).where(table.c.id == row_id))).rowcount == 1


def _reply(row: RowMapping) -> SavedReply:
    names = ("id", "name", "text", "changed_by", "changed_at")
    return SavedReply(**{name: row[name] for name in names})
