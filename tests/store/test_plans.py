"""How SQLite goes about the statements of every message: never through a whole table."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.dialects.sqlite.aiosqlite import dialect

import bridgebot.store
from bridgebot.store import hot
from bridgebot.store.database import Store
from bridgebot.store.prepared import Prepared, _make

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


def _plan(database: sqlite3.Connection, prepared: Prepared) -> list[str]:
    made = _make(prepared._build, dialect())
    names = [getattr(each, "name", None) for each in made.order]
    values = ["[1]" if name in made.lists else 1 for name in names]
    return [str(row[3]) for row in database.execute(f"EXPLAIN QUERY PLAN {made.text}", values)]


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
