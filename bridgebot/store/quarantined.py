"""Entries that were put aside because they could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import ProviderName
from bridgebot.store import records
from bridgebot.store.schema import quarantine


@dataclass(frozen=True, kw_only=True, slots=True)
class Aside:
    """An entry, whole, as its provider served it."""

    id: int
    provider: ProviderName
    raw: str


async def ask(connection: AsyncConnection, number: int, *, now: int) -> bool:
    """Have an entry read again by a running bridge; return whether it is still aside."""
    statement = (
        update(quarantine)
        .where(quarantine.c.id == number, quarantine.c.resolved_at.is_(None))
        .values(retry_at=now)
    )
    return (await connection.execute(statement)).rowcount == 1


async def wanted(connection: AsyncConnection) -> Sequence[Aside]:
    """List the entries that are to be read again."""
    query = select(quarantine).where(
        quarantine.c.retry_at.is_not(None), quarantine.c.resolved_at.is_(None)
    )
    return [
        Aside(id=row.id, provider=ProviderName(row.provider), raw=row.raw)
        for row in (await connection.execute(query)).all()
    ]


async def refuse(connection: AsyncConnection, number: int, reason: str) -> None:
    """Leave an entry aside, with the reason of now."""
    await connection.execute(
        update(quarantine).where(quarantine.c.id == number).values(retry_at=None, reason=reason)
    )


async def resolve(connection: AsyncConnection, number: int, *, line: str, now: int) -> bool:
    """Be done with an entry and with its alert; return whether it was aside."""
    statement = (
        update(quarantine)
        .where(quarantine.c.id == number, quarantine.c.resolved_at.is_(None))
        .values(retry_at=None, resolved_at=now)
        .returning(quarantine.c.provider)
    )
    provider = (await connection.execute(statement)).scalar()
    if provider is None:
        return False
    await records.close_alert(
        connection, kind="quarantined", provider=provider, subject=str(number), now=now, line=line
    )
    return True
