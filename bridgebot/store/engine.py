"""Connections to the database: SQLite by default, PostgreSQL for several nodes."""

from __future__ import annotations

import socket
import sqlite3
import ssl
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bridgebot.errors import StoreError
from bridgebot.store.thread import BUSY_MS, LOCKING, connect

NUL = "\0"
APPLICATION = "bridgebot"
STALLED_MS = 8000
"""How long a node that stands still in a transaction may keep the others out, about."""

POSTGRESQL = {
    # A server that does not answer is an error, not a wait without end.
    "timeout": 5,
    "command_timeout": 20,
    "server_settings": {
        "application_name": APPLICATION,
        # Two nodes that wait for each other find out sooner than by the server's own look.
        "lock_timeout": "300",
        # Between two statements the server sees it by itself, within one `Neighbours` does.
        "idle_in_transaction_session_timeout": str(STALLED_MS),
        # The server finds out sooner than after two hours that a machine is gone with its sockets.
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
    },
}
WRITING = {"bridgebot_writing": True}
ALONE = {"bridgebot_alone": True}
"""For statements that no transaction takes: on SQLite none is begun then."""
FAULTS = (SQLAlchemyError, OSError, sqlite3.Error)
"""What a database raises; the driver lets a refused connection and a timeout through as they are,
and so do statements that go to SQLite's driver past SQLAlchemy.
"""
IN_EACH_OTHERS_WAY = frozenset({"40001", "40P01", "55P03"})
"""PostgreSQL's codes for a conflict, a deadlock and a lock that was not to be had in time
(https://www.postgresql.org/docs/current/errcodes-appendix.html)."""

NOT_YET = frozenset({"57P01", "57P02", "57P03", "53300"})
"""PostgreSQL's codes for a server that goes down, comes up, or has no connection left."""
CONNECTION = "08"
"""The class of its codes for a connection that broke."""


class _DbapiConnection(Protocol):
    isolation_level: str | None

    def cursor(self) -> _Cursor: ...


class _Cursor(Protocol):
    def execute(self, statement: str) -> object: ...

    def close(self) -> None: ...


def to_async_url(address: str) -> URL:
    """Turn ``sqlite:///…`` or ``postgresql://…`` into the address of the async driver.

    Raises ``StoreError`` for anything else.
    """
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise StoreError("BRIDGEBOT_DATABASE_URL is not a database address") from error
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}
    name = drivers.get(url.get_backend_name())
    if name is None:
        raise StoreError(
            f"BRIDGEBOT_DATABASE_URL names {url.get_backend_name()}; expected sqlite or postgresql"
        )
    return url.set(drivername=name)


def sqlite_file(address: str | URL) -> Path | None:
    """Name the file of a SQLite database; ``None`` for one in memory, and for PostgreSQL."""
    url = make_url(address)
    in_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    return Path(str(url.database)) if in_file else None


def open_engine(address: str) -> AsyncEngine:
    """Make the engine; no connection is opened yet."""
    url = to_async_url(address)
    if url.get_backend_name() == "postgresql":
        return _open_postgresql(url)
    path = sqlite_file(url)
    if path is not None and not path.parent.is_dir():
        raise StoreError(f"the directory {path.parent} for the database is missing")
    # An error's text may come into a log: it must not hold what guests and staff wrote.
    engine = create_async_engine(
        url,
        pool_size=4,
        max_overflow=4,
        # Closing a connection ends its transaction; an empty ROLLBACK would be one more call.
        pool_reset_on_return=None,
        connect_args={"async_creator_fn": connect},
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _open_postgresql(url: URL) -> AsyncEngine:
    try:
        engine = create_async_engine(
            url, pool_size=8, max_overflow=8, connect_args=POSTGRESQL, hide_parameters=True
        )
    except ModuleNotFoundError:
        raise StoreError("PostgreSQL needs an extra: pip install 'bridgebot[postgres]'") from None
    event.listen(engine.sync_engine, "before_cursor_execute", _without_nul, retval=True)
    return engine


def _without_nul(
    _connection: Connection,
    _cursor: object,
    statement: str,
    parameters: Any,  # noqa: ANN401 - one row's or many rows'
    _context: object,
    _many: bool,  # noqa: FBT001 - SQLAlchemy's form
) -> tuple[str, Any]:
    """Put a sign in place of the one character that PostgreSQL keeps in no text.

    A guest's message that holds it must not stop the queue
    (https://www.postgresql.org/docs/current/datatype-character.html).
    """
    # Many rows are a list; those of one INSERT with many VALUES come as one tuple.
    if isinstance(parameters, list):
        return statement, [_clean(row) for row in parameters]
    return statement, _clean(parameters)


def _clean(row: Any) -> Any:  # noqa: ANN401
    return tuple(_clean_value(each) for each in row)


def _clean_value(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, list):
        return [_clean_value(each) for each in value]
    return value.replace(NUL, "\ufffd") if isinstance(value, str) and NUL in value else value


def _prepare_sqlite(connection: _DbapiConnection, _record: ConnectionPoolEntry) -> None:
    """Set a new SQLite connection up for durable writes beside readers."""
    # The driver shall not open transactions by itself: BEGIN is ours (see _begin_sqlite).
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        # What is erased is overwritten, wherever SQLite had moved it to: on every connection.
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin a transaction; one that will write takes the write lock at once.

    A transaction that reads first and then wants to write fails when somebody else wrote between.
    """
    options = connection.get_execution_options()
    if options.get("bridgebot_alone", False):
        return
    writing = options.get("bridgebot_writing", False)
    connection.exec_driver_sql(LOCKING if writing else "BEGIN")


def is_lost(error: Exception) -> bool:
    """Tell whether the connection went away: a commit under way may have taken effect or not."""
    return isinstance(error, OSError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


def is_away(error: Exception) -> bool:
    """Tell whether a server could not be reached: the same works when it is back.

    A name that nobody knows, a certificate and a login that are refused are for a person to mend.
    """
    if isinstance(error, OSError):
        if isinstance(error, socket.gaierror):
            return error.errno == socket.EAI_AGAIN
        return not isinstance(error, ssl.SSLError | PermissionError)
    code = _code(error)
    return code in NOT_YET or code.startswith(CONNECTION)


def is_crowded(error: Exception) -> bool:
    """Tell whether nodes stood in each other's way: the same works a moment later."""
    return _code(error) in IN_EACH_OTHERS_WAY


def was_crowded(refusal: StoreError) -> bool:
    """Tell of a refusal in words whether nodes stood in each other's way."""
    return isinstance(refusal.__cause__, Exception) and is_crowded(refusal.__cause__)


def _code(error: Exception) -> str:
    """Return PostgreSQL's code for an error; nothing for SQLite's."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""
