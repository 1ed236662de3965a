"""The few statements whose words differ between the databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import CTE, Column, Table, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    Insert = sqlite.Insert | postgresql.Insert


def insert(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> Insert:
    """Build an INSERT in the words of the connection's database."""
    return insert_into(connection.dialect.name, table).values(values)


def insert_into(dialect: str, table: Table) -> Insert:
    """Begin an INSERT in a database's words."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 3 MB that SQLite needs not

        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_or_ignore(
    connection: AsyncConnection, table: Table, values: Mapping[str, Any]
) -> Insert:
    """Build an INSERT that does nothing where a row with the same key is there."""
    return insert(connection, table, values).on_conflict_do_nothing()


def different(column: Column[Any]) -> CTE:
    """Build a table with the different values of a column, as its column ``value``.

    The column comes first in an index. It is asked for one value after the other: a DISTINCT would
    read the index whole, also where many rows have few values.
    """
    found = select(func.min(column).label("value")).cte("found", recursive=True)
    following = select(func.min(column)).where(column > found.c.value).scalar_subquery()
    return found.union_all(select(following).where(found.c.value.is_not(None)))
