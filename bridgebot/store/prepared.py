"""Statements that every message needs: put into the database's words once, then run as they are.

To look a statement up in its cache, to run it and to wrap what comes back costs SQLAlchemy many
times what SQLite needs for the work itself. So the few statements on the way from the queue to
Slack, and from Slack to the guest, are compiled once for each database. SQLite's go to the driver's
own connection, in the transaction that SQLAlchemy began; PostgreSQL's go through SQLAlchemy, which
spares them the compiling. All others stay what they are.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    ColumnElement,
    CompoundSelect,
    Dialect,
    Select,
    Table,
    UpdateBase,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import ExternallyTraversible, replacement_traverse

from bridgebot.store.sql import insert_into
from bridgebot.store.thread import ThreadConnection, driver_of

if TYPE_CHECKING:
    from bridgebot.store.sql import Insert

Row = dict[str, Any]
"""What was found, by the columns' names."""

Statement = Select[Any] | CompoundSelect[Any] | UpdateBase
"""What can be prepared."""

Values = Mapping[str, Any]


def slots(*names: str) -> dict[str, BindParameter[Any]]:
    """Give each column the value of its own name, which is told when the statement is run."""
    return {name: bindparam(name) for name in names}


@dataclass(frozen=True, slots=True)
class _Slot:
    """The place of a value that is given when the statement is run."""

    name: str


@dataclass(slots=True)
class Words:
    """What the databases say differently; ``lists`` names the values that are lists."""

    dialect: Dialect
    lists: set[str] = field(default_factory=set)

    def among(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        """Build the condition that a column is one of a list: one value, however long it is."""
        self.lists.add(name)
        if self.dialect.name == "postgresql":
            return column == any_(bindparam(name, type_=ARRAY(column.type)))
        each = func.json_each(bindparam(name)).table_valued("value")
        return column.in_(select(each.c.value))

    def insert(self, table: Table) -> Insert:
        """Begin an INSERT that knows what to do where a row is there."""
        return insert_into(self.dialect.name, table)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Made:
    """A statement in one database's words."""

    statement: Statement
    text: str
    order: tuple[object, ...]
    names: tuple[str, ...]
    flags: tuple[str, ...]
    lists: frozenset[str]

    def arguments(self, values: Values) -> tuple[Any, ...]:
        """Put values where the statement wants them."""
        return tuple(values[each.name] if each.__class__ is _Slot else each for each in self.order)

    def row(self, found: Sequence[Any]) -> Row:
        """Name what was found; SQLite knows no truth, only numbers."""
        row = dict(zip(self.names, found, strict=True))
        for name in self.flags:
            if row[name] is not None:
                row[name] = bool(row[name])
        return row


class Prepared:
    """A statement whose values are named ``bindparam``s; ``build`` is asked once a database."""

    def __init__(self, build: Callable[[Words], Statement]) -> None:
        self._build = build
        self._made: dict[str, _Made] = {}

    async def rows(self, connection: AsyncConnection, values: Values) -> list[Row]:
        """Run it, and return what it finds or gives back."""
        made = self._in_words_of(connection)
        driver = _driver(connection)
        if driver is None:
            result = await connection.exec_driver_sql(made.text, made.arguments(values))
            return [made.row(row) for row in result]
        cursor = _execute(connection, driver, made, values)
        try:
            return [made.row(row) for row in cursor.fetchall()]
        finally:
            cursor.close()

    async def first(self, connection: AsyncConnection, values: Values) -> Row | None:
        """Run it, and return the first row, if there is one."""
        found = await self.rows(connection, values)
        return found[0] if found else None

    async def run(self, connection: AsyncConnection, values: Values) -> int:
        """Run it, and return how many rows it changed."""
        made = self._in_words_of(connection)
        driver = _driver(connection)
        if driver is None:
            return (await connection.exec_driver_sql(made.text, made.arguments(values))).rowcount
        cursor = _execute(connection, driver, made, values)
        cursor.close()
        return cursor.rowcount

    async def run_all(self, connection: AsyncConnection, many: Sequence[Values]) -> None:
        """Run it once for each of these values."""
        made = self._in_words_of(connection)
        driver = _driver(connection)
        if driver is None:
            await connection.exec_driver_sql(made.text, [made.arguments(each) for each in many])
            return
        arguments = [made.arguments(_plain(made, each)) for each in many]
        _tell(connection, made.text, arguments, many=True)
        driver.here.executemany(made.text, arguments).close()

    async def rows_of_all(self, connection: AsyncConnection, many: Sequence[Values]) -> list[Row]:
        """Run it once for each of these values, and return what all of it gives back."""
        made = self._in_words_of(connection)
        driver = _driver(connection)
        if driver is None:
            # SQLAlchemy makes few statements of many rows, which saves as many ways to the server.
            result = await connection.execute(made.statement, [dict(each) for each in many])
            return [dict(row) for row in result.mappings()]
        arguments = [made.arguments(_plain(made, each)) for each in many]
        _tell(connection, made.text, arguments, many=True)
        return [
            made.row(row)
            for each in arguments
            for row in driver.here.execute(made.text, each).fetchall()
        ]

    def _in_words_of(self, connection: AsyncConnection) -> _Made:
        made = self._made.get(connection.dialect.name)
        if made is None:
            made = self._made[connection.dialect.name] = _make(self._build, connection.dialect)
        return made


def _make(build: Callable[[Words], Statement], dialect: Dialect) -> _Made:
    words = Words(dialect)
    statement = _with_constants(build(words))
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - statements compile to nothing else
    told = {name: _Slot(name) for name, bind in compiled.binds.items() if bind.required}
    expanded = compiled.construct_expanded_state(told)
    columns = tuple(statement.exported_columns)
    return _Made(
        statement=statement,
        text=expanded.statement,
        order=tuple(expanded.positional_parameters),
        names=tuple(str(column.key) for column in columns),
        flags=tuple(str(each.key) for each in columns if isinstance(each.type, Boolean))
        if dialect.name == "sqlite"
        else (),
        lists=frozenset(words.lists),
    )


def _with_constants(statement: Statement) -> Statement:
    """Write what never changes into the statement, instead of telling it each time.

    SQLite plans a statement anew whenever a value is told that is compared with a column of a
    partial index: the value might be the index's own (https://www.sqlite.org/c3ref/bind_blob.html
    with https://www.sqlite.org/partialindex.html). That costs ten times the statement itself.
    """

    def constant(element: ExternallyTraversible, **_more: Any) -> BindParameter[Any] | None:  # noqa: ANN401
        if isinstance(element, BindParameter) and not element.required:
            return element.render_literal_execute()
        return None

    return cast("Statement", replacement_traverse(statement, {}, constant))


def _driver(connection: AsyncConnection) -> ThreadConnection | None:
    """Find SQLite's own connection; ``None`` on PostgreSQL."""
    return driver_of(connection) if connection.dialect.name == "sqlite" else None


def _execute(
    connection: AsyncConnection, driver: ThreadConnection, made: _Made, values: Values
) -> sqlite3.Cursor:
    arguments = made.arguments(_plain(made, values))
    _tell(connection, made.text, arguments)
    return driver.here.execute(made.text, arguments)


def _plain(made: _Made, values: Values) -> Values:
    """Write lists as SQLite reads them."""
    if not made.lists:
        return values
    return {**values, **{name: json.dumps(list(values[name])) for name in made.lists}}


def _tell(connection: AsyncConnection, text: str, arguments: Any, *, many: bool = False) -> None:  # noqa: ANN401
    """Tell those who watch statements, as SQLAlchemy does."""
    for listener in connection.sync_engine.dispatch.before_cursor_execute:
        listener(connection.sync_connection, None, text, arguments, None, many)
