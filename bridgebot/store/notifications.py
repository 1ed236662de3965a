"""Notifications as they came: kept before they are acknowledged, until they are taken in.

What was taken in stays for a while as a key without a body, so that the same one is known again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.schema import BY_GUESTS, messages, notifications
from bridgebot.store.sql import insert_or_ignore


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A notification that waits to be taken in."""

    id: int
    body: str
    received_at: int


async def keep(
    connection: AsyncConnection,
    *,
    provider: str,
    key: str,
    kind: str,
    body: str | None,
    now: int,
) -> bool:
    """Keep a notification; one without a body is only remembered. Return whether it is new."""
    values = {
        "provider": provider,
        "key": key,
        "kind": kind,
        "body": body,
        "received_at": now,
        "done_at": now if body is None else None,
    }
    statement = insert_or_ignore(connection, notifications, values).returning(notifications.c.id)
    return (await connection.execute(statement)).scalar() is not None


async def waiting(connection: AsyncConnection, provider: str, limit: int) -> Sequence[Kept]:
    """List what waits to be taken in, in the order in which it came."""
    query = (
        select(notifications.c.id, notifications.c.body, notifications.c.received_at)
        .where(notifications.c.provider == provider, notifications.c.done_at.is_(None))
        .order_by(notifications.c.id)
        .limit(limit)
    )
    rows = (await connection.execute(query)).all()
    return [Kept(id=row.id, body=row.body or "{}", received_at=row.received_at) for row in rows]


async def settle(connection: AsyncConnection, ids: Collection[int], *, now: int) -> None:
    """Note that notifications were taken in; what they said stands elsewhere from now on."""
    await connection.execute(
        update(notifications).where(notifications.c.id.in_(ids)).values(body=None, done_at=now)
    )


async def forget(connection: AsyncConnection, *, before: int) -> None:
    """Forget what was taken in so long ago that it will not come again."""
    await connection.execute(delete(notifications).where(notifications.c.done_at < before))


async def newest_message(
    connection: AsyncConnection, provider: str, *, before: int | None = None
) -> int | None:
    """Tell when a guest wrote last of whom a source told us; ``None`` where nobody did.

    ``before`` leaves out what came in since then.
    """
    # From the newest backwards: the first that fits ends the look, a maximum would read them all.
    # The provider is compared so that its own index, in no order of time, is not thought of use.
    query = (
        select(messages.c.sent_at)
        .where(messages.c.provider + "" == provider, BY_GUESTS)
        .where(messages.c.imported.is_(False))
        .order_by(messages.c.sent_at.desc())
        .limit(1)
    )
    if before is not None:
        query = query.where(messages.c.received_at < before)
    found: int | None = (await connection.execute(query)).scalar()
    return found
