"""What has to be done after erasing, so that nothing can be read from the database's files.

On SQLite each connection overwrites what it deletes (``secure_delete``). What remains are words in
the full-text index, whose deletions are entries of their own until its parts are merged, and old
pages in the write-ahead log. The index's own "secure-delete" would spare the merge; it changes the
file's format so that a SQLite before 3.42 can no longer write it (https://sqlite.org/fts5.html,
section 6.11). PostgreSQL removes what is dead by ``VACUUM``.
"""

from __future__ import annotations

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.errors import StoreError
from bridgebot.store import records
from bridgebot.store.database import Store
from bridgebot.store.engine import ALONE, FAULTS
from bridgebot.store.writer import in_words

log = structlog.get_logger()

PAGES = 256
"""Index pages merged in one transaction: some milliseconds."""

INDEXES = ("message_words", "guest_words")
ERASED = ("messages", "conversations", "outbox", "inbox", "quarantine")
_CURSOR = "cleaning"


async def want(connection: AsyncConnection) -> None:
    """Note, in the transaction that erases, that there is something to clean up after."""
    await records.set_cursor(connection, _CURSOR, {"wanted": list(INDEXES)})


async def clean(store: Store) -> bool:
    """Do a part of what is wanted; return whether there is more to do."""
    left = (await store.read(lambda c: records.get_cursor(c, _CURSOR))).get("wanted")
    if not left:
        return False
    if store.engine.dialect.name == "postgresql":
        await _vacuum(store)
        await store.write(lambda c: records.set_cursor(c, _CURSOR, {}))
        return False
    if await store.write(lambda c: _merge(c, list(left))):
        return True
    # Where a reader is in its way it does as much as it can; the log is used again from its start.
    try:
        async with store.engine.connect() as connection:
            bare = await connection.execution_options(**ALONE)
            await bare.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    except FAULTS as error:
        raise StoreError(f"the database refused: {in_words(error)}") from error
    return False


async def finish(store: Store) -> None:
    """Do all that is wanted."""
    while await clean(store):
        pass


async def _merge(connection: AsyncConnection, left: list[str]) -> bool:
    """Merge a piece of the first index that is left; return whether there is more to do.

    A negative number begins to merge all parts into one, positive ones go on with it; what changes
    fewer than two rows had nothing to do (https://sqlite.org/fts5.html, section 6.8).
    """
    name = left[0].removeprefix("+")
    before = await _changes(connection)
    pages = PAGES if left[0].startswith("+") else -PAGES
    # S608: a name of our own, which cannot be bound
    merge = text(f"INSERT INTO {name}({name}, rank) VALUES ('merge', :pages)")  # noqa: S608
    await connection.execute(merge, {"pages": pages})
    more = await _changes(connection) - before > 1
    left = [f"+{name}", *left[1:]] if more else left[1:]
    await records.set_cursor(connection, _CURSOR, {"wanted": left})
    return bool(left)


async def _changes(connection: AsyncConnection) -> int:
    return int((await connection.execute(text("SELECT total_changes()"))).scalar_one())


async def _vacuum(store: Store) -> None:
    """Have PostgreSQL take out what is dead now; where that fails it does so by itself, later."""
    try:
        async with store.engine.connect() as connection:
            bare = await connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in ERASED:
                await bare.execute(text(f"VACUUM {table}"))
    except FAULTS as error:
        log.info("not_vacuumed", reason=in_words(error))
