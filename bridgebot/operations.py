"""What the operator's commands do with the store, beside a running bot or without one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.errors import BridgebotError, StoreError
from bridgebot.settings import single
from bridgebot.store import audit, quarantined, queues, standing
from bridgebot.store.database import Store
from bridgebot.store.engine import open_engine
from bridgebot.store.migrate import HEAD, revision
from bridgebot.store.moving import move
from bridgebot.store.rows import from_ms
from bridgebot.store.schema import conversations, inbox, outbox, quarantine

TABLES = {"i": inbox, "o": outbox}
NAMES = {"i": "inbox", "o": "outbox", "q": "quarantine"}
GIVEN_UP = ("discarded",)


@asynccontextmanager
async def _store() -> AsyncIterator[Store]:
    store = await Store.open(single("DATABASE_URL"))
    try:
        yield store
    finally:
        await store.close()


async def upgrade() -> str:
    """Bring the database to this version's schema; return what was done."""
    async with _store():
        return f"The database is at schema {HEAD}."


async def check() -> str:
    """Tell whether the database can be used; raises ``StoreError`` where it cannot."""
    engine = open_engine(single("DATABASE_URL"))
    try:
        async with engine.connect() as connection:
            found = await revision(connection)
    finally:
        await engine.dispose()
    if found == HEAD:
        return f"The database is at schema {HEAD}, as this version needs."
    if found is None:
        raise StoreError("the database is empty; bridgebot run or bridgebot db upgrade fills it")
    raise StoreError(f"the database is at schema {found}, this version needs {HEAD}")


async def copy(target: str, show: Callable[[str], None]) -> str:
    """Copy the database to an empty PostgreSQL one; return what is to be done next."""
    rows = await move(
        single("DATABASE_URL"), target, lambda table, count: show(f"{table}: {count} rows")
    )
    return (
        f"All {rows} rows are copied. Name the new database in BRIDGEBOT_DATABASE_URL, then start. "
        "Start no bridge on the old one any more."
    )


async def list_deliveries() -> str:
    """List what is open, given up, or put aside, one line each; never guest text."""
    async with _store() as store:
        lines = await store.read(_lines)
    return "\n".join(lines) or "Nothing is open, failed or put aside."


async def _lines(connection: AsyncConnection) -> list[str]:
    lines = []
    for letter, table in TABLES.items():
        query = (
            select(table, conversations.c.provider, conversations.c.conversation_id)
            .outerjoin(conversations, conversations.c.id == table.c.conversation)
            .where(table.c.finished_at.is_(None) | table.c.state.in_(GIVEN_UP))
            .order_by(table.c.id)
        )
        for row in (await connection.execute(query)).mappings():
            since = from_ms(row["created_at"]).isoformat(timespec="seconds")
            where = f"{row['provider']}/{row['conversation_id']}"
            why = f", {row['error']}" if row["error"] else ""
            tries = f"{row['attempts']} attempts"
            lines.append(f"{letter}{row['id']}  {row['state']}  {since}  {where}  {tries}{why}")
    aside = select(quarantine).where(quarantine.c.resolved_at.is_(None)).order_by(quarantine.c.id)
    for row in (await connection.execute(aside)).mappings():
        since = from_ms(row["received_at"]).isoformat(timespec="seconds")
        lines.append(f"q{row['id']}  quarantined  {since}  {row['provider']}  {row['reason']}")
    return lines


async def discard_delivery(name: str, *, now: int) -> str:
    """Give a delivery up, or declare a quarantined entry done with."""
    letter, number = _parse(name)
    async with _store() as store:
        done = await store.write(lambda c: _discard(c, letter, number, now))
    return f"{name} is given up." if done else f"{name} is not open."


async def retry_delivery(name: str, *, now: int) -> str:
    """Let a delivery go out again."""
    letter, number = _parse(name)
    async with _store() as store:
        done = await store.write(lambda c: _retry(c, letter, number, now))
    if letter == "q":
        return f"{name} will be read again by the bridge." if done else f"{name} is not open."
    return f"{name} will be tried again." if done else f"{name} was not given up or waiting."


async def _discard(connection: AsyncConnection, letter: str, number: int, now: int) -> bool:
    if letter == "q":
        line = "An operator gave it up."
        done = await quarantined.resolve(connection, number, line=line, now=now)
    else:
        done = await queues.give_up(connection, TABLES[letter], number, now=now)
        if done:
            line = "An operator gave it up."
            await standing.close(connection, TABLES[letter], number, line=line, now=now)
    return done and await _note(connection, "dropped", letter, number, now)


async def _retry(connection: AsyncConnection, letter: str, number: int, now: int) -> bool:
    if letter == "q":
        done = await quarantined.ask(connection, number, now=now)
    else:
        # At once, by whatever time the bridge goes.
        done = await queues.try_again(connection, TABLES[letter], number, now=0)
        if done:
            line = "An operator had it tried again."
            await standing.close(connection, TABLES[letter], number, line=line, now=now)
    return done and await _note(connection, "retried", letter, number, now)


async def _note(connection: AsyncConnection, act: str, letter: str, number: int, now: int) -> bool:
    """Write down what the operator did, beside what it did."""
    conversation = None
    if letter in TABLES:
        table = TABLES[letter]
        query = select(table.c.conversation).where(table.c.id == number)
        conversation = (await connection.execute(query)).scalar()
    await audit.note(
        connection,
        at=now,
        actor=audit.operator(),
        act=act,
        conversation=conversation,
        subject=f"{NAMES[letter]}:{number}",
    )
    return True


def _parse(name: str) -> tuple[str, int]:
    letter, digits = name[:1], name[1:]
    if letter not in {*TABLES, "q"} or not digits.isdigit():
        raise BridgebotError(f"{name} names no delivery; expected i, o or q and a number, as i12")
    return letter, int(digits)
