"""Moves a SQLite database to PostgreSQL, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridgebot.errors import StoreError
from bridgebot.store.clock import now_ms
from bridgebot.store.engine import FAULTS, WRITING, open_engine, sqlite_file
from bridgebot.store.migrate import HEAD, revision, upgrade
from bridgebot.store.schema import leases, metadata
from bridgebot.store.writer import in_words

BATCH = 1000
MOVED: Sequence[Table] = tuple(each for each in metadata.sorted_tables if each is not leases)
"""In the order of their references; leases belong to nodes that are no more."""

Report = Callable[[str, int], None]


async def move(source: str, target: str, report: Report = lambda _table, _rows: None) -> int:
    """Copy all rows of a database into an empty one; return how many.

    Both are closed to everybody else meanwhile, and the target gets everything in one transaction.
    Raises ``StoreError`` where a bridge runs on either, or the target holds something.
    """
    path = sqlite_file(source)
    if path is None or not path.exists():
        raise StoreError("there is no SQLite database to copy from at BRIDGEBOT_DATABASE_URL")
    if not target.startswith("postgresql://"):
        raise StoreError("--to names no PostgreSQL database; expected postgresql://…")
    old, new = open_engine(source), open_engine(target)
    try:
        return await _move(old, new, report)
    except FAULTS as error:
        raise StoreError(f"nothing was copied: the database refused: {in_words(error)}") from None
    finally:
        await old.dispose()
        await new.dispose()


async def _move(old: AsyncEngine, new: AsyncEngine, report: Report) -> int:
    async with old.connect() as reading:
        # The write lock keeps a bridge from starting on what is being copied.
        alone = await reading.execution_options(**WRITING)
        async with alone.begin():
            await _check_source(alone)
            await upgrade(new)
            async with new.begin() as writing:
                await _close_to_others(writing)
                moved = 0
                for table in MOVED:
                    rows = await _move_table(alone, writing, table)
                    report(table.name, rows)
                    moved += rows
    async with new.connect() as tidying:
        # Else the first searches would be planned without knowing how much there is.
        await tidying.execution_options(isolation_level="AUTOCOMMIT")
        await tidying.execute(text("ANALYZE"))
    return moved


async def _check_source(connection: AsyncConnection) -> None:
    found = await revision(connection)
    if found != HEAD:
        raise StoreError(
            f"the database to copy is at schema {found}, this version needs {HEAD}; "
            "run bridgebot db upgrade first"
        )
    await _check_nobody(connection, "the database to copy")


async def _check_nobody(connection: AsyncConnection, which: str) -> None:
    """Refuse a database that a bridge works with."""
    query = select(leases.c.owner).where(leases.c.expires_at > now_ms()).limit(1)
    owner = (await connection.execute(query)).scalar()
    if owner is not None:
        host, pid, _ = f"{owner}::".split(":", 2)
        raise StoreError(
            f"a bridge works with {which} (host {host}, process {pid}); stop it, "
            "and wait ten seconds where it was killed"
        )


async def _close_to_others(connection: AsyncConnection) -> None:
    """Lock the target's tables and make sure that they are empty."""
    for name in ("lock_timeout", "idle_in_transaction_session_timeout"):
        await connection.execute(text(f"SET LOCAL {name} = 0"))
    names = ", ".join(table.name for table in metadata.sorted_tables)
    await connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))
    await _check_nobody(connection, "the target")
    for table in MOVED:
        if (await connection.execute(select(table).limit(1))).first() is not None:
            raise StoreError(
                f"the target is not empty: there are rows in {table.name}; "
                "name a database that no bridge has worked with"
            )


async def _move_table(source: AsyncConnection, target: AsyncConnection, table: Table) -> int:
    """Copy a table in batches, count again, and let new rows be numbered after the old ones."""
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    async with source.stream(query) as result:
        async for rows in result.mappings().partitions():
            await target.execute(table.insert(), [dict(row) for row in rows])
    count = select(func.count()).select_from(table)
    there, here = [(await each.execute(count)).scalar_one() for each in (source, target)]
    if there != here:
        raise StoreError(f"nothing was copied: {table.name} has {there} rows and {here} arrived")
    if "id" in table.c:
        last = select(func.max(table.c.id)).scalar_subquery()
        sequence = func.pg_get_serial_sequence(table.name, "id")
        await target.execute(
            select(func.setval(sequence, func.coalesce(last, 1), last.is_not(None)))
        )
    return int(here)
