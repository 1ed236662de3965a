"""How SQLite goes about the statements of every message: never through a whole table."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy.dialects.sqlite.aiosqlite import dialect

import bridgebot.store
from bridgebot.store import hot
from bridgebot.store.database import Store
from bridgebot.store.prepared import Prepared, _Made, _make, _Slot

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
