"""Where something goes on is remembered under a name."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import records
from bridgebot.store.database import Store


async def test_cursors_are_found_by_how_their_names_begin(store: Store) -> None:
    """Signs that mean something to LIKE stand for themselves."""

    async def unit(connection: AsyncConnection) -> None:
        for name in ("thread:a_b:1", "thread:a_b:2", "thread:axb:3", "thread:a%:4"):
            await records.set_cursor(connection, name, {"name": name})

    await store.write(unit)

    found = await store.read(lambda c: records.get_cursors(c, "thread:a_b:"))
    assert found == {"1": {"name": "thread:a_b:1"}, "2": {"name": "thread:a_b:2"}}
