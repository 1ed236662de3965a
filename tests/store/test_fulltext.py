"""Full-text search, on both databases: words in messages and in guests' names."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, func, literal_column, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import conversations, fulltext
from bridgebot.store.database import Store
from bridgebot.store.schema import conversations as table
from bridgebot.store.schema import messages
from tests.store.build import about, message


async def _said(store: Store, name: str, *texts: str, guest: str | None = None) -> int:
    """Store a conversation with messages; its id decides when they were written."""

    async def unit(connection: AsyncConnection) -> int:
        told = about(name, **({"guest_name": guest} if guest else {}))
        row = await conversations.ensure(connection, told, channel="C1", now=1)
        for number, content in enumerate(texts):
            written = message(f"{name}-{number}", at=row.id * 1000 + number, text=content)
            await conversations.add_message(
                connection, row, written, origin="guest", raw="{}", now=1
            )
        return row.id

    return await store.write(unit)


async def _found(store: Store, words: str, limit: int = 10) -> list[int]:
    return await store.read(lambda c: fulltext.in_messages(c, words, limit=limit))


async def _named(store: Store, words: str, limit: int = 10) -> list[int]:
    return await store.read(lambda c: fulltext.in_names(c, words, limit=limit))


@pytest.mark.parametrize(
    "words",
    [
        "parking",
        "PARK",
        "near parking",
        "café",
        "CAFE",
        "straße",
        "check in",
        "check-in",
        "in/out",
        "100%",
        "2026",
        "парковка",
        "ada@guest.example",
        "guest.example",
        "o'brien",
        "brien",
    ],
)
async def test_words_are_found_whatever_their_case_accents_and_signs(
    store: Store, words: str
) -> None:
    """All words must be there, each may be the beginning of a longer one."""
    content = (
        "Is there PARKING near 100% of the Café? Check-in/out on Straße 5, 1.6.2026. "
        "Парковка! Write to ada@guest.example, Mrs O'Brien."
    )
    wanted = await _said(store, "c1", content)
    await _said(store, "c2", "Thank you")

    assert await _found(store, words) == [wanted]


@pytest.mark.parametrize(
    "words",
    ["breakfast", "parking breakfast", "arking", "", "%", "_", '"', "!!!", "' OR 7=7 --"],
)
async def test_what_is_not_there_is_not_found(store: Store, words: str) -> None:
    """Signs alone are no words, and nothing typed is an operator."""
    await _said(store, "c1", "Is there parking near 100% _ ? OR AND NOT")

    assert await _found(store, words) == []


@pytest.mark.parametrize(
    "words", ['parking"', "parking*", "parking -pool", "NEAR(parking)", "parking & !x", "a:parking"]
)
async def test_operators_of_the_databases_are_plain_words(store: Store, words: str) -> None:
    """No input makes the database refuse."""
    wanted = await _said(store, "c1", "a near parking x pool")

    assert await _found(store, words) == [wanted]


async def test_the_newest_message_comes_first_and_a_conversation_once(store: Store) -> None:
    """Conversations are listed once, by their latest message that fits, up to the limit."""
    first = await _said(store, "c1", "towels please", "more towels")
    second = await _said(store, "c2", "towels")
    third = await _said(store, "c3", "towel")

    assert await _found(store, "towel") == [third, second, first]
    assert await _found(store, "towel", limit=2) == [third, second]


async def test_names_are_found_without_accents_and_in_any_order(store: Store) -> None:
    """Part of a name is enough, from a word's beginning."""
    wanted = await _said(store, "c1", guest="José Müller-Lüdenscheidt")
    await _said(store, "c2", guest="Ada Example")
    await _said(store, "c3")

    for words in ("muller", "Müller José", "lüden", "jos mul"):
        assert await _named(store, words) == [wanted]
    assert await _named(store, "muller ada") == []


async def test_a_name_that_appears_later_is_found_and_an_old_one_is_not(store: Store) -> None:
    """Updates of a row are found in their own transaction."""
    row = await _said(store, "c1", guest="Ada Example")
    await store.write(
        lambda c: conversations.ensure(
            c, about("c1", guest_name="Grace Sample"), channel="C1", now=2
        )
    )

    assert await _named(store, "grace") == [row]
    assert await _named(store, "ada") == []


async def test_what_is_erased_or_deleted_is_no_longer_found(store: Store) -> None:
    """Nothing of an erased text or name stays behind in the search."""
    await _said(store, "c1", "secret words", guest="Ada Example")
    await _said(store, "c2", "secret too")

    await store.write(lambda c: c.execute(update(messages).values(content="")))
    await store.write(lambda c: c.execute(update(table).values(guest_name=None)))
    assert await _found(store, "secret") == []
    assert await _named(store, "ada") == []

    await _said(store, "c3", "secret again")
    await store.write(lambda c: c.execute(delete(messages)))
    assert await _found(store, "secret") == []


async def test_a_message_that_is_rolled_back_is_not_found(store: Store) -> None:
    """The words are part of the message's own transaction."""

    async def unit(connection: AsyncConnection) -> None:
        row = await conversations.ensure(connection, about("c1"), channel="C1", now=1)
        await conversations.add_message(
            connection, row, message(text="gone"), origin="guest", raw="{}", now=1
        )
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await store.write(unit)

    assert await _found(store, "gone") == []


async def test_a_megabyte_of_words_is_stored_and_found_by_its_beginning(store: Store) -> None:
    """What is too much for an index never keeps a message out."""
    junk = " ".join(f"{number:06d}word" for number in range(100_000)) + " " + "x" * 5000
    wanted = await _said(store, "c1", junk)

    assert await _found(store, "000001word") == [wanted]
    assert await _found(store, "x" * 5000) in ([], [wanted])


async def test_the_search_uses_its_index(store: Store) -> None:
    """The expression asked for is the one that is indexed."""
    document = fulltext.document_of("messages.content")
    wanted = literal_column(document).op("@@")(func.to_tsquery("a:*"))
    plans = {
        "postgresql": select(messages.c.id).where(wanted),
        "sqlite": text("SELECT rowid FROM message_words WHERE message_words MATCH 'a'"),
    }

    async def unit(connection: AsyncConnection) -> str:
        name = connection.dialect.name
        if name == "postgresql":
            await connection.execute(text("SET enable_seqscan = off"))
        query = str(plans[name].compile(connection.engine, compile_kwargs={"literal_binds": True}))
        explain = "EXPLAIN " if name == "postgresql" else "EXPLAIN QUERY PLAN "
        return "\n".join(str(row) for row in await connection.exec_driver_sql(explain + query))

    plan = await store.read(unit)
    assert "message_words" in plan
    assert "INDEX" in plan.upper()
