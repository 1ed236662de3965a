"""Leases: which node lives, and which one is the consumer of a queue."""

from __future__ import annotations

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.schema import leases
from bridgebot.store.sql import insert

LEASE_MS = 15_000


async def take(connection: AsyncConnection, name: str, *, owner: str, now: int) -> bool:
    """Take or renew a lease; return whether this owner holds it now."""
    values = {"name": name, "owner": owner, "expires_at": now + LEASE_MS}
    statement = insert(connection, leases, values).on_conflict_do_update(
        index_elements=["name"],
        set_={"owner": owner, "expires_at": now + LEASE_MS},
        where=or_(leases.c.owner == owner, leases.c.expires_at <= now),
    )
    await connection.execute(statement)
    query = select(leases.c.owner).where(leases.c.name == name)
    return (await connection.execute(query)).scalar() == owner


async def extend(connection: AsyncConnection, name: str, *, owner: str, now: int) -> bool:
    """Renew a lease that nobody has taken since, run out or not; return whether it is ours."""
    statement = (
        leases.update()
        .where(leases.c.name == name, leases.c.owner == owner)
        .values(expires_at=now + LEASE_MS)
    )
    return (await connection.execute(statement)).rowcount == 1


async def holder(connection: AsyncConnection, name: str, *, now: int) -> str | None:
    """Tell who holds a lease now."""
    query = select(leases.c.owner).where(leases.c.name == name, leases.c.expires_at > now)
    found: str | None = (await connection.execute(query)).scalar()
    return found


async def release(connection: AsyncConnection, owner: str) -> None:
    """Give up all that an owner holds."""
    await connection.execute(leases.delete().where(leases.c.owner == owner))


async def end(connection: AsyncConnection, owner: str) -> None:
    """End the leases of a node that is known to be dead."""
    await connection.execute(update(leases).where(leases.c.owner == owner).values(expires_at=0))


async def owners(connection: AsyncConnection) -> set[str]:
    """List everybody who holds or held a lease."""
    return set((await connection.execute(select(leases.c.owner))).scalars())
