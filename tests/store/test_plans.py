"""How SQLite goes about the statements of every message: never through a whole table."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.dialects.sqlite.aiosqlite import dialect
from sqlalchemy.ext.asyncio import AsyncConnection

import bridgebot.store
from bridgebot.store import conversations, hot, replied, turns
from bridgebot.store.database import Store
from bridgebot.store.prepared import Prepared, _Made, _make, _Slot
from tests.store.build import about, message

SPAN = "sent_at>? AND sent_at<?"
TERMS = replied.Terms(now=100, window=90, within=10, least=2)
LARGE = "conversations|messages|inbox|outbox|notifications|audit"
WHOLE = re.compile(rf"^SCAN ({LARGE})$")


def _prepared() -> Iterator[tuple[str, Prepared]]:
    for each in pkgutil.iter_modules(bridgebot.store.__path__):
        if each.name == "migrations":
            continue
        module = importlib.import_module(f"bridgebot.store.{each.name}")
        for name, value in vars(module).items():
            if isinstance(value, Prepared):
                yield f"{each.name}.{name}", value
    for name, value in vars(hot.replies(by_database=False)).items():
        if isinstance(value, Prepared):
            yield f"replies.{name}", value


def _values(made: _Made, value: int) -> list[object]:
    names = [each.name if isinstance(each, _Slot) else None for each in made.order]
    given = {None: 0, **{name: f"[{value}]" if name in made.lists else value for name in names}}
    return [given[name] for name in names]


def _plan(database: sqlite3.Connection, prepared: Prepared) -> list[str]:
    made = _make(prepared._build, dialect())
    steps = database.execute(f"EXPLAIN QUERY PLAN {made.text}", _values(made, 1))
    return [str(row[3]) for row in steps]


def _planned_anew(database: sqlite3.Connection, asked: list[str], prepared: Prepared) -> bool:
    """Run a statement with one value after the other; SQLite asks what it may when it plans."""
    made = _make(prepared._build, dialect())
    for value in range(1, 4):
        asked.clear()
        with suppress(sqlite3.IntegrityError):
            database.execute(made.text, _values(made, value)).fetchall()
    return asked != []


@pytest.fixture
async def database(tmp_path: Path) -> sqlite3.Connection:
    """Give the schema, empty: what SQLite makes of a statement depends on it alone."""
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    await store.close()
    return sqlite3.connect(tmp_path / "bridgebot.db")


def test_no_prepared_statement_reads_a_whole_table(database: sqlite3.Connection) -> None:
    """Each finds its rows in the large ones by an index, however much is stored."""
    with closing(database):
        plans = {name: _plan(database, prepared) for name, prepared in _prepared()}
    assert len(plans) > 30
    whole = {name: [step for step in plan if WHOLE.match(step)] for name, plan in plans.items()}
    assert {name: steps for name, steps in whole.items() if steps} == {}


def test_no_prepared_statement_is_planned_anew_for_other_values(
    database: sqlite3.Connection,
) -> None:
    """As SQLite does where a value that is told may be that of a partial index's condition."""
    asked: list[str] = []

    def allow(action: int, *_about: str | None) -> int:
        asked.append(str(action))
        return sqlite3.SQLITE_OK

    with closing(database):
        database.execute("PRAGMA foreign_keys=OFF")
        database.set_authorizer(allow)
        anew = [name for name, each in _prepared() if _planned_anew(database, asked, each)]
    assert anew == []


FIGURES: dict[str, tuple[Callable[[AsyncConnection], Awaitable[object]], list[str]]] = {
    "score": (
        lambda c: replied.counted(c, providers=["booking"], terms=TERMS),
        ["messages USING COVERING INDEX ix_messages_guest (sent_at>?)"],
    ),
    "score of few": (
        lambda c: replied.last(c, providers=["booking"], places=["p1", "p2"], terms=TERMS),
        replied.PLACES
        * [
            "messages USING INDEX ix_messages_conversation (conversation=?)",
            "conversations USING INDEX ix_conversations_property (property_id=?)",
        ],
    ),
    "properties": (
        replied.properties,
        [
            "conversations USING COVERING INDEX ix_conversations_property",
            "conversations USING COVERING INDEX ix_conversations_property (property_id>?)",
        ],
    ),
    "report": (
        lambda c: _all(turns.turns(c, 1, 2, None)),
        [
            f"messages USING COVERING INDEX ix_messages_guest ({SPAN})",
            f"messages USING INDEX ix_messages_conversation (conversation=? AND {SPAN})",
        ],
    ),
    "who answered": (
        lambda c: turns.answered_by(c, 1, 3, None),
        [
            "outbox USING INDEX ix_outbox_sent (finished_at>? AND finished_at<?)",
            f"messages USING INDEX ix_messages_elsewhere ({SPAN})",
        ],
    ),
}
"""What is asked about a time, and how its rows are found in the large tables."""


async def _all(walk: AsyncIterator[object]) -> list[object]:
    return [each async for each in walk]


@pytest.mark.parametrize("name", FIGURES)
async def test_figures_about_a_time_read_that_time_alone(tmp_path: Path, name: str) -> None:
    """However much lies before it; conversations are then read by their ids."""
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    await store.write(_said)
    asked: list[tuple[str, Any]] = []

    def see(_connection: Any, _cursor: Any, statement: str, values: Any, *_more: Any) -> None:
        asked.append((statement, values))

    event.listen(store.engine.sync_engine, "before_cursor_execute", see)
    ask, expected = FIGURES[name]
    await store.read(ask)
    await store.close()

    with closing(sqlite3.connect(tmp_path / "bridgebot.db")) as database:
        steps = [
            str(row[3]).removeprefix("SEARCH ")
            for statement, values in asked
            for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    large = [each for each in steps if re.match(rf"(SCAN )?({LARGE}) ", f"{each} ")]
    assert [each for each in large if "PRIMARY KEY" not in each] == expected


async def _said(connection: AsyncConnection) -> None:
    """Let a guest write at the moment 1."""
    row = await conversations.ensure(connection, about(), channel="C1", now=1)
    await conversations.add_message(connection, row, message(at=1), origin="guest", raw="{}", now=1)
