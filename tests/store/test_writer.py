"""The writer: group commit, durable answers, and units that fail."""

from __future__ import annotations

import asyncio
import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.errors import StoreError
from bridgebot.store import records
from bridgebot.store.database import Store


async def _set(store: Store, name: str) -> None:
    await store.write(lambda c: records.set_cursor(c, name, {"n": name}))


async def test_writes_that_wait_together_share_a_transaction(store: Store) -> None:
    """Writes that wait at the same moment are committed together."""
    before = store.writer.commits

    await asyncio.gather(*(_set(store, str(number)) for number in range(100)))

    assert store.writer.commits - before <= 3
    assert await store.read(lambda c: records.get_cursor(c, "99")) == {"n": "99"}


async def test_a_write_that_comes_in_time_joins_the_commit(store: Store) -> None:
    """What is handed in while a group is run is committed with it, behind what stood before."""
    seen: list[dict[str, object]] = []

    async def looks(connection: AsyncConnection) -> None:
        seen.append(await records.get_cursor(connection, "a"))

    async def sets(connection: AsyncConnection) -> None:
        joining.append(asyncio.create_task(store.write(looks)))
        await records.set_cursor(connection, "a", {"n": 1})

    joining: list[asyncio.Task[None]] = []
    before = store.writer.commits

    await store.write(sets)
    await joining[0]

    assert seen == [{"n": 1}]
    assert store.writer.commits - before == 1


async def test_a_unit_that_fails_does_not_take_its_neighbours_along(store: Store) -> None:
    """A unit that fails is refused alone; the others of its group are committed."""

    async def broken(connection: AsyncConnection) -> None:
        await connection.execute(text("INSERT INTO no_such_table VALUES (1)"))

    results = await asyncio.gather(
        _set(store, "a"), store.write(broken), _set(store, "b"), return_exceptions=True
    )

    assert isinstance(results[1], StoreError)
    assert await store.read(lambda c: records.get_cursor(c, "a")) == {"n": "a"}
    assert await store.read(lambda c: records.get_cursor(c, "b")) == {"n": "b"}


async def test_a_units_own_error_reaches_its_caller_and_rolls_back(store: Store) -> None:
    """An error raised by a unit reaches the caller, and what the unit wrote is gone."""

    async def half(connection: AsyncConnection) -> None:
        await records.set_cursor(connection, "half", {"n": 1})
        raise KeyError("half")

    with pytest.raises(KeyError):
        await store.write(half)

    assert await store.read(lambda c: records.get_cursor(c, "half")) == {}


async def test_a_closed_store_refuses_in_words(store: Store) -> None:
    """After the writer has stopped, a write is refused and not left waiting."""
    await store.writer.stop()

    with pytest.raises(StoreError, match="closed"):
        await _set(store, "late")


async def test_stopping_finishes_what_waits(store: Store) -> None:
    """Writes that were handed in before the stop are still committed."""
    waiting = [asyncio.create_task(_set(store, str(number))) for number in range(20)]
    await asyncio.sleep(0)

    await store.writer.stop()

    await asyncio.gather(*waiting)
    assert await store.read(lambda c: records.get_cursor(c, "19")) == {"n": "19"}


async def test_words_of_a_refusal_hold_no_values(store: Store) -> None:
    """The text of a refusal names the cause and none of the values written."""

    async def twice(connection: AsyncConnection) -> None:
        for _ in range(2):
            await connection.execute(
                text("INSERT INTO cursors (name, value) VALUES ('k', :value)"),
                {"value": "guest secret"},
            )

    with pytest.raises(StoreError) as caught:
        await store.write(twice)

    assert "guest secret" not in str(caught.value)
    # Frameworks log an error with its cause.
    assert "guest secret" not in "".join(traceback.format_exception(caught.value))
