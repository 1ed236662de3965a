"""Brings a database to the schema this program needs, by the Alembic migrations in the package."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bridgebot.errors import StoreAwayError, StoreError
from bridgebot.store.engine import FAULTS, WRITING, is_away, sqlite_file
from bridgebot.store.keep import copy_before_change, make_private
from bridgebot.store.writer import in_words

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"
ALONE = 4_710_021
"""The advisory lock on PostgreSQL, where a transaction by itself keeps nobody else out."""
HEAD = "0001"
"""The newest migration; stated here so that an up-to-date start need not load Alembic."""


async def upgrade(engine: AsyncEngine) -> str | None:
    """Apply the migrations that are missing; return the revision found before, ``None`` if empty.

    Raises ``StoreError`` when the database cannot be opened or comes from a newer bridgebot, and
    ``StoreAwayError`` when its server cannot be reached.
    """
    path = sqlite_file(engine.url)
    if path is not None:
        make_private(path)
    try:
        found = await _found(engine)
        if path is not None and found not in {None, HEAD}:
            await copy_before_change(path, str(found), datetime.now(UTC))
        if found != HEAD:
            await _apply(engine)
    except FAULTS as error:
        away = path is None and is_away(error)
        kind = StoreAwayError if away else StoreError
        raise kind(f"the database cannot be opened: {in_words(error)}") from error
    return found


async def _found(engine: AsyncEngine) -> str | None:
    """Read the revision; one that only a newer bridgebot knows is refused, and not copied."""
    async with engine.connect() as connection:
        found = await revision(connection)
    if found not in {None, HEAD}:
        _check_known(str(found))
    return found


async def _apply(engine: AsyncEngine) -> None:
    """Apply what is missing, looked up again under the write lock: two may start at once."""
    async with engine.connect() as connection:
        writing = await connection.execution_options(**WRITING)
        async with writing.begin():
            if writing.dialect.name == "postgresql":
                # Another node may be at it for as long as a migration takes.
                await writing.execute(text("SET LOCAL lock_timeout = 0"))
                await writing.execute(text(f"SELECT pg_advisory_xact_lock({ALONE})"))
            if await revision(writing) != HEAD:
                await writing.run_sync(_run_alembic)


async def revision(connection: AsyncConnection) -> str | None:
    """Tell which migration a database stands at; ``None`` for an empty one."""
    tables = await connection.run_sync(_table_names)
    if "alembic_version" not in tables:
        return None
    row = (await connection.execute(text("SELECT version_num FROM alembic_version"))).first()
    return None if row is None else str(row[0])


def _table_names(connection: Connection) -> set[str]:
    return set(connection.dialect.get_table_names(connection))


def _config() -> Config:
    # Loaded only when there is something to do: it costs a third of a second.
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config


def _check_known(found: str) -> None:
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    if found not in {script.revision for script in scripts}:
        raise StoreError(
            f"the database is at schema {found}, which this bridgebot does not know: "
            "it was written by a newer version; install that version or restore a backup"
        )


def _run_alembic(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
