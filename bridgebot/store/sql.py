"""The few statements whose words differ between the databases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    Insert = sqlite.Insert | postgresql.Insert


def insert(connection: AsyncConnection, table: Table, values: Mapping[str, Any]) -> Insert:
    """Build an INSERT in the words of the connection's database."""
    return _insert_into(connection, table).values(values)


def _insert_into(connection: AsyncConnection, table: Table) -> Insert:
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 3 MB that SQLite needs not

        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_or_ignore(
    connection: AsyncConnection, table: Table, values: Mapping[str, Any]
) -> Insert:
    """Build an INSERT that does nothing where a row with the same key is there."""
    return insert(connection, table, values).on_conflict_do_nothing()


def insert_all_or_ignore(connection: AsyncConnection, table: Table) -> Insert:
    """Build an INSERT as ``insert_or_ignore`` does, for a list of rows given when it is run."""
    return _insert_into(connection, table).on_conflict_do_nothing()
