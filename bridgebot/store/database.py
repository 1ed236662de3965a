"""The store as the rest of the program holds it: write durably, read beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridgebot.errors import StoreError
from bridgebot.store.engine import FAULTS, open_engine
from bridgebot.store.lasting import Lasting
from bridgebot.store.migrate import upgrade
from bridgebot.store.thread import in_its_thread
from bridgebot.store.writer import T, Unit, Writer, in_words


class Store:
    """A database that is open and at the schema this program needs."""

    def __init__(self, engine: AsyncEngine, writer: Writer) -> None:
        self.engine = engine
        self.writer = writer
        self._reader = Lasting(engine)

    @classmethod
    async def open(cls, address: str) -> Store:
        """Open a database and bring its schema up; raises ``StoreError``."""
        engine = open_engine(address)
        try:
            await upgrade(engine)
        except BaseException:
            await engine.dispose()
            raise
        writer = Writer(engine)
        await writer.start()
        return cls(engine, writer)

    async def close(self) -> None:
        """Finish the writes that wait, then close."""
        await self.writer.stop()
        await self._reader.close()
        await self.engine.dispose()

    async def write(self, unit: Unit[T]) -> T:
        """Run a unit in a durable transaction; see ``Writer.run``."""
        return await self.writer.run(unit)

    async def write_now(self, unit: Unit[T]) -> T:
        """Run a unit without waiting for other writes; on SQLite, which has one writer, in turn.

        Raises ``StoreError``, after which the unit may have taken effect or not.
        """
        if self.engine.dialect.name == "sqlite":
            return await self.write(unit)
        with _refusals_in_words():
            async with self.engine.begin() as connection:
                return await unit(connection)

    async def peek(self, unit: Unit[T]) -> T:
        """Read a few rows that are found by an index; on SQLite without a change of thread."""
        with _refusals_in_words():
            async with self._reader.to_read() as connection:
                return await unit(connection)

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit that only reads; raises ``StoreError`` where the database refuses."""
        with _refusals_in_words():
            async with self.engine.connect() as connection:
                return await in_its_thread(connection, lambda: _only_read(connection, unit))


@contextlib.contextmanager
def _refusals_in_words() -> Iterator[None]:
    try:
        yield
    except FAULTS as error:
        raise StoreError(f"the database refused: {in_words(error)}") from error


async def _only_read(connection: AsyncConnection, unit: Unit[T]) -> T:
    """Read, and end the transaction where it was begun: on SQLite without another way there."""
    try:
        return await unit(connection)
    finally:
        await connection.rollback()
