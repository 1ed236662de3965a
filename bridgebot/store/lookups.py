"""What the desk's commands ask of the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Message
from bridgebot.store import fulltext
from bridgebot.store.rows import ConversationRow, conversation_row, message_of
from bridgebot.store.schema import conversations, inbox, messages
from bridgebot.store.sql import different


async def search(
    connection: AsyncConnection, words: str, *, limit: int
) -> Sequence[ConversationRow]:
    """Find conversations by reservation number, else by guest name, else by words written."""
    found = (
        await _by_reference(connection, words, limit)
        or await fulltext.in_names(connection, words, limit=limit)
        or await fulltext.in_messages(connection, words, limit=limit)
    )
    query = select(conversations).where(conversations.c.id.in_(found))
    rows = (await connection.execute(query)).mappings() if found else ()
    by_id = {row["id"]: conversation_row(row) for row in rows}
    return [by_id[row_id] for row_id in found]


def reservation_number(words: str) -> str | None:
    """Read a reservation number as people write it: digits, parted by blanks, dots or dashes."""
    digits = words.strip().lstrip("#")
    for sign in " .-\u00a0":
        digits = digits.replace(sign, "")
    return digits if digits.isascii() and digits.isdigit() else None


def place_and_number(words: str) -> tuple[str | None, str | None]:
    """Read a reservation number, and the property it is of where that stands before a slash."""
    before, slash, number = words.rpartition("/")
    place = before.strip()
    if slash and place.isascii() and place.isdigit() and reservation_number(number):
        return place, reservation_number(number)
    return None, reservation_number(words)


async def _by_reference(connection: AsyncConnection, words: str, limit: int) -> list[int]:
    place, number = place_and_number(words)
    wanted = {words.strip(), number or words.strip()}
    query = (
        select(conversations.c.id)
        .where(conversations.c.reference.in_(wanted))
        .where(*([] if place is None else [conversations.c.property_id == place]))
        .order_by(conversations.c.last_guest_at.desc(), conversations.c.id.desc())
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def last_messages(
    connection: AsyncConnection, conversation: int, *, limit: int
) -> Sequence[Message]:
    """Read a conversation's last messages, oldest first."""
    query = (
        select(messages)
        .where(messages.c.conversation == conversation, messages.c.erased_at.is_(None))
        .order_by(messages.c.sent_at.desc(), messages.c.id.desc())
        .limit(limit)
    )
    rows = (await connection.execute(query)).mappings().all()
    return [message_of(row) for row in reversed(rows)]


async def unanswered(
    connection: AsyncConnection, *, limit: int, offset: int = 0, property_id: str | None = None
) -> Sequence[ConversationRow]:
    """List conversations whose guest waits, the longest first; of one property, or of all."""
    query = (
        select(conversations)
        .where(*_waiting(property_id))
        .order_by(conversations.c.awaiting_since, conversations.c.id)
        .offset(offset)
        .limit(limit)
    )
    return [conversation_row(row) for row in (await connection.execute(query)).mappings()]


async def stuck_channels(
    connection: AsyncConnection, codes: Collection[str], *, limit: int
) -> Sequence[str]:
    """Name channels in which something cannot be shown for one of these reasons."""
    query = (
        select(conversations.c.channel)
        .join(inbox, inbox.c.conversation == conversations.c.id)
        .where(inbox.c.finished_at.is_(None), inbox.c.state == "retryable")
        .where(inbox.c.error.in_(codes))
        .distinct()
        .limit(limit)
    )
    return (await connection.execute(query)).scalars().all()


async def channels(connection: AsyncConnection, *, after: str) -> set[str]:
    """Name the channels in which threads were opened after a ts."""
    channel = different(conversations.c.channel).c.value
    later = exists().where(conversations.c.channel == channel, conversations.c.thread_ts > after)
    query = select(channel).where(later)
    return set((await connection.execute(query)).scalars())


async def older_threads(
    connection: AsyncConnection, *, before: str, active: int
) -> Sequence[ConversationRow]:
    """List conversations whose thread is older than a ts and in which something happened lately."""
    lately = or_(conversations.c.last_guest_at > active, conversations.c.last_answer_at > active)
    query = (
        select(conversations)
        .where(conversations.c.thread_ts < before, lately)
        .order_by(conversations.c.id)
    )
    return [conversation_row(row) for row in (await connection.execute(query)).mappings()]


async def count_unanswered(connection: AsyncConnection, property_id: str | None = None) -> int:
    """Count conversations whose guest waits."""
    query = select(func.count()).select_from(conversations).where(*_waiting(property_id))
    return int((await connection.execute(query)).scalar_one())


def _waiting(property_id: str | None) -> list[ColumnElement[bool]]:
    waits: list[ColumnElement[bool]] = [conversations.c.awaiting_since.is_not(None)]
    return waits if property_id is None else [*waits, conversations.c.property_id == property_id]


async def echoes(connection: AsyncConnection, provider: str, ids: Collection[str]) -> set[str]:
    """Tell which messages are copies of replies that went out from here."""
    query = select(messages.c.message_id).where(
        messages.c.provider == provider,
        messages.c.message_id.in_(ids),
        messages.c.origin == "slack",
    )
    return set((await connection.execute(query)).scalars())
