"""The database's own clock: the one that all nodes share, whatever their machines say."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class now_ms(FunctionElement[int]):  # noqa: N801 - it is written as a function of SQL
    """Milliseconds since 1970 at the moment a statement runs, by the database's clock."""

    type = BigInteger()
    inherit_cache = True


@compiles(now_ms, "postgresql")
def _on_postgresql(_element: now_ms, _compiler: object, **_more: Any) -> str:  # noqa: ANN401
    # Not now(): that is the transaction's beginning, which may lie behind a wait for a lock.
    return "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


@compiles(now_ms, "sqlite")
def _on_sqlite(_element: now_ms, _compiler: object, **_more: Any) -> str:  # noqa: ANN401
    return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"


def moment(now: int | None) -> ColumnElement[int]:
    """Take a given time, or the database's where none is given."""
    return now_ms() if now is None else literal(now, BigInteger())
