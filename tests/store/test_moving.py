"""Moving a SQLite database to PostgreSQL: all of it, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from bridgebot.errors import StoreError
from bridgebot.store import fulltext, leases, outbox, records
from bridgebot.store.database import Store
from bridgebot.store.moving import MOVED, move
from bridgebot.store.schema import cursors, messages, metadata
from tests.store.build import ROOT, captured, conversation, queued

pytestmark = pytest.mark.postgres


@pytest.fixture
def old(tmp_path: Path) -> str:
    """Name a SQLite database."""
    return f"sqlite:///{tmp_path}/old.db"


@pytest.fixture
def new(postgres: str) -> str:
    """Name an empty PostgreSQL database."""
    return postgres


async def _fill(address: str) -> None:
    store = await Store.open(address)
    for number, thread in enumerate((ROOT, "2.0", "3.0")):
        row = await conversation(store, f"c{number}", thread=thread)
        await queued(store, row, f"m{number}")
    await captured(store, "1700000001.000000", text="Bonne soirée")
    await store.write(lambda c: records.set_cursor(c, "a", {"at": 1}))
    await store.write(lambda c: leases.take(c, "node:dead", owner="h:1:dead", now=1))
    await store.close()


async def test_everything_is_there_afterwards_and_goes_on(old: str, new: str) -> None:
    """Rows are equal, words are found, new rows are numbered after the old ones."""
    await _fill(old)
    told: dict[str, int] = {}

    assert await move(old, new, told.__setitem__) == sum(told.values())

    source, target = await Store.open(old), await Store.open(new)
    for table in MOVED:
        query = select(table).order_by(*table.primary_key.columns)
        before = [tuple(row) for row in await source.read(lambda c, q=query: c.execute(q))]  # type: ignore[misc]
        after = [tuple(row) for row in await target.read(lambda c, q=query: c.execute(q))]  # type: ignore[misc]
        assert before == after
    assert told["messages"] == 3
    assert await target.read(lambda c: fulltext.in_messages(c, "hell", limit=9)) == [3, 2, 1]
    assert await target.read(leases.owners) == set()

    await queued(target, await conversation(target, "c9", thread="9.0"), "m9")
    assert await target.read(lambda c: c.scalar(select(func.max(messages.c.id)))) == 4
    claimed = await target.write(lambda c: outbox.claim(c, owner="n", now=10, limit=9))
    assert [row.content for row in claimed] == ["Bonne soirée"]
    await source.close()
    await target.close()


async def test_more_than_a_batch_is_moved(old: str, new: str) -> None:
    """Long tables go in several batches."""
    store = await Store.open(old)
    rows = [{"name": f"n{number:05}", "value": "{}"} for number in range(2_500)]
    await store.write(lambda c: c.execute(cursors.insert(), rows))
    await store.close()

    assert await move(old, new) == 2_500


async def test_a_target_that_holds_something_is_refused(old: str, new: str) -> None:
    """Nothing is mixed with what is there, and a second copy is refused."""
    await _fill(old)
    store = await Store.open(new)
    await store.write(lambda c: records.set_cursor(c, "b", {"at": 2}))
    await store.close()

    with pytest.raises(StoreError, match="not empty: there are rows in cursors"):
        await move(old, new)

    store = await Store.open(new)
    for table in metadata.sorted_tables:
        count = select(func.count()).select_from(table)
        rows = await store.read(lambda c, q=count: c.scalar(q))  # type: ignore[misc]
        assert rows == (table.name == "cursors")
    await store.close()


@pytest.mark.parametrize("side", ["source", "target"])
async def test_a_running_bridge_is_not_copied_under(old: str, new: str, side: str) -> None:
    """A bridge that works with either database is named."""
    await _fill(old)
    store = await Store.open(old if side == "source" else new)
    await store.write(lambda c: leases.take(c, "node:desk:12:x", owner="desk:12:x"))

    with pytest.raises(StoreError, match="host desk, process 12"):
        await move(old, new)

    await store.close()


async def test_wrong_addresses_are_refused_in_words(old: str, tmp_path: Path) -> None:
    """The source must be there, and the target PostgreSQL."""
    with pytest.raises(StoreError, match="no SQLite database"):
        await move(old, "postgresql://127.0.0.1/x")
    await _fill(old)
    with pytest.raises(StoreError, match="expected postgresql"):
        await move(old, f"sqlite:///{tmp_path}/new.db")
    with pytest.raises(StoreError, match="cannot be opened"):
        await move(old, "postgresql://nobody@127.0.0.1:1/nowhere")
