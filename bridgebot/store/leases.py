"""Leases: which node lives, and which one is the consumer of a queue.

They begin and end by the database's clock, so that nodes whose clocks differ agree on who holds
what; ``now`` is for tests that move the time.
"""

from __future__ import annotations

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.clock import moment
from bridgebot.store.schema import leases
from bridgebot.store.sql import insert

LEASE_MS = 10_000
"""With the pause of those that wait for it, a dead node's work is taken over within 15 s."""


async def take(
    connection: AsyncConnection, name: str, *, owner: str, now: int | None = None
) -> bool:
    """Take or renew a lease; return whether this owner holds it now."""
    at = moment(now)
    held = await holder(connection, name, now=now)
    if held is not None and held != owner:
        # Who waits for a lease must not lock its row: the holder would wait for it in turn.
        return False
    values = {"name": name, "owner": owner, "expires_at": at + LEASE_MS}
    statement = insert(connection, leases, values).on_conflict_do_update(
        index_elements=["name"],
        set_={"owner": owner, "expires_at": at + LEASE_MS},
        where=or_(leases.c.owner == owner, leases.c.expires_at <= at),
    )
    await connection.execute(statement)
    query = select(leases.c.owner).where(leases.c.name == name)
    return (await connection.execute(query)).scalar() == owner


async def extend(
    connection: AsyncConnection, name: str, *, owner: str, now: int | None = None
) -> bool:
    """Renew a lease that nobody has taken since, run out or not; return whether it is ours."""
    statement = (
        leases.update()
        .where(leases.c.name == name, leases.c.owner == owner)
        .values(expires_at=moment(now) + LEASE_MS)
    )
    return (await connection.execute(statement)).rowcount == 1


async def holder(connection: AsyncConnection, name: str, *, now: int | None = None) -> str | None:
    """Tell who holds a lease now."""
    query = select(leases.c.owner).where(leases.c.name == name, leases.c.expires_at > moment(now))
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
