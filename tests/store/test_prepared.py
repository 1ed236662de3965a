"""Statements that are prepared: the same answers as SQLAlchemy's own way, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.errors import StoreError
from bridgebot.store import conversations as one
from bridgebot.store import hot
from bridgebot.store.database import Store
from bridgebot.store.prepared import Prepared, slots
from bridgebot.store.rows import conversation_row
from bridgebot.store.schema import conversations, cursors
from tests.store.build import conversation, message

AMONG = Prepared(
    lambda words: (
        select(conversations.c.id)
        .where(words.among(conversations.c.conversation_id, "names"))
        .order_by(conversations.c.id)
    )
)
PUT = Prepared(lambda _words: cursors.insert().values(slots("name", "value")))


@pytest.mark.parametrize("names", [[], ["c1"], ["c3", "c1", "c9", "c1"]])
async def test_a_list_is_one_value_however_long_it_is(store: Store, names: list[str]) -> None:
    """Whatever its order and its repetitions; an empty one holds nothing."""
    ids = {name: await conversation(store, name, thread=None) for name in ("c1", "c2", "c3")}

    found = await store.peek(lambda c: AMONG.rows(c, {"names": names}))

    assert [row["id"] for row in found] == sorted(ids[name] for name in {*names} & {*ids})


async def test_a_row_is_what_sqlalchemy_makes_of_it(store: Store) -> None:
    """All columns under their names, and true and false as such."""
    row_id = await conversation(store)
    query = select(conversations).where(conversations.c.id == row_id)

    async def both(connection: AsyncConnection) -> tuple[object, object]:
        plain = (await connection.execute(query)).mappings().one()
        return conversation_row(plain), await one.get(connection, row_id)

    expected, found = await store.peek(both)

    assert found == expected
    (row,) = await store.peek(lambda c: hot.CONVERSATION.rows(c, {"row_id": row_id}))
    assert row["whole"] is False


async def test_many_rows_give_back_those_that_are_new(store: Store) -> None:
    """What was there already is left out, as one by one."""
    row_id = await conversation(store)

    async def unit(connection: AsyncConnection, *names: str) -> list[str]:
        about = await one.get(connection, row_id)
        values = [
            one.message_values(about, message(name), origin="guest", raw="{}", now=1)
            for name in names
        ]
        added = await hot.ADD_MESSAGE.rows_of_all(connection, values)
        return [row["message_id"] for row in added]

    assert await store.write(lambda c: unit(c, "a", "b")) == ["a", "b"]
    assert await store.write(lambda c: unit(c, "b", "c", "a")) == ["c"]


async def test_it_counts_what_it_changed(store: Store) -> None:
    """No row, or one."""
    row_id = await conversation(store, thread=None)
    told = {"channel": "C1", "thread_ts": "1.0", "card_shown": 0, "card_drawn": None}

    async def unit(connection: AsyncConnection) -> list[int]:
        return [await hot.BIND.run(connection, {"row_id": row_id, **told}) for _ in range(2)]

    assert await store.write(unit) == [1, 0]


async def test_a_refusal_is_told_in_words_and_leaves_nothing(store: Store) -> None:
    """What SQLite's driver raises is a refusal of the database like any other."""

    async def twice(connection: AsyncConnection) -> None:
        for _ in range(2):
            await PUT.run(connection, {"name": "k", "value": "guest secret"})

    with pytest.raises(StoreError) as caught:
        await store.write(twice)

    assert "guest secret" not in str(caught.value)
    rest = select(cursors.c.name).where(cursors.c.name == bindparam("of"))
    assert await store.peek(lambda c: Prepared(lambda _words: rest).first(c, {"of": "k"})) is None
    # The next write has a connection that works.
    await store.write(lambda c: PUT.run(c, {"name": "k", "value": "{}"}))


async def test_many_peeks_at_once_do_not_meet(store: Store) -> None:
    """A connection that is kept has one user; a second one gets another."""
    row_id = await conversation(store)

    async def nested(connection: AsyncConnection) -> int:
        inner = await store.peek(lambda c: one.get(c, row_id))
        return inner.id + (await one.get(connection, row_id)).id

    assert await store.peek(nested) == 2 * row_id
