"""Nodes whose socket was cut: while one reads what it missed, none sends what was written later.

It is a lease that nobody else wants: it ends with its node.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import leases
from bridgebot.store.schema import leases as table

_PREFIX = "absent:"


async def begin(connection: AsyncConnection, owner: str, *, now: int | None = None) -> None:
    """Have the other nodes wait, as long as a lease lasts."""
    await leases.take(connection, _PREFIX + owner, owner=owner, now=now)


async def end(connection: AsyncConnection, owner: str) -> None:
    """Let the other nodes go on."""
    await connection.execute(table.delete().where(table.c.name == _PREFIX + owner))


def of_others(owner: ColumnElement[str], *, at: ColumnElement[int]) -> ColumnElement[bool]:
    """Build the condition that another node than ``owner`` still reads what it missed."""
    return exists().where(
        table.c.name.startswith(_PREFIX),
        table.c.owner != owner,
        table.c.expires_at > at,
    )
