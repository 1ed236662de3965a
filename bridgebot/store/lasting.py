"""Connections to SQLite that are kept between their uses.

To take a connection out of the pool, to begin and to give it back costs more than the short work
that is done on it. On PostgreSQL it costs little beside the way to the server, and connections that
break have to be seen, so there the pool is asked each time.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridgebot.store.engine import ALONE, WRITING
from bridgebot.store.thread import driver_of


class Lasting:
    """One connection of SQLite's, for one user at a time; whoever comes meanwhile gets another."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._kept: AsyncConnection | None = None

    @asynccontextmanager
    async def to_read(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection; what a reader has begun is ended with its use."""
        kept = await self._take()
        if kept is None:
            async with self._engine.connect() as connection:
                yield connection
            return
        try:
            yield kept
            if kept.in_transaction():
                await kept.rollback()
        except BaseException:
            await kept.close()
            raise
        await self._keep(kept)

    @asynccontextmanager
    async def to_write(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection in a transaction, which is committed at the end."""
        kept = await self._take(**ALONE)
        if kept is None:
            async with self._engine.connect() as connection:
                writing = await connection.execution_options(**WRITING)
                async with writing.begin():
                    yield writing
            return
        driver = driver_of(kept)
        try:
            await driver.begin()
            yield kept
            await driver.commit()
        except BaseException:
            try:
                await driver.rollback()
            finally:
                await self._give_back(kept)
            raise
        await self._keep(kept)

    async def close(self) -> None:
        """Give the connection back to the pool."""
        kept, self._kept = self._kept, None
        if kept is not None:
            await self._give_back(kept)

    async def _give_back(self, connection: AsyncConnection) -> None:
        """Give a connection back to the pool, as all others there are."""
        if not connection.closed and not connection.invalidated:
            driver_of(connection).give_back()
        await connection.close()

    async def _keep(self, connection: AsyncConnection) -> None:
        """Keep a connection for the next use; one is enough."""
        if self._kept is None:
            self._kept = connection
        else:
            await self._give_back(connection)

    async def _take(self, **options: bool) -> AsyncConnection | None:
        """Take the connection that is kept, or begin one; ``None`` on PostgreSQL."""
        if self._engine.dialect.name != "sqlite":
            return None
        kept, self._kept = self._kept, None
        if kept is None:
            kept = await self._engine.connect()
            if options:
                kept = await kept.execution_options(**options)
        return kept
