"""Who has read what: guests' messages that staff answered, and answers that guests have read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import MessageId
from bridgebot.store.prepared import Prepared, Words
from bridgebot.store.rows import ConversationRow, conversation_row
from bridgebot.store.schema import UNREAD, UNSEEN, conversations, messages

MOST = 50
"""Messages marked at once; older ones were read long ago."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """A conversation that was answered, and the guest's messages that the answer was to."""

    conversation: ConversationRow
    message_ids: tuple[MessageId, ...]


async def unread(
    connection: AsyncConnection, provider: str, *, since: int, limit: int
) -> Sequence[Unread]:
    """List conversations answered from Slack since a moment whose messages are not marked."""
    rows = await _UNREAD.rows(connection, {"since": since, "of": provider, "most": limit})
    return [
        Unread(
            conversation=conversation_row(row),
            message_ids=await _messages(connection, row["id"], row["read_until"] or 0),
        )
        for row in rows
    ]


def _unread(_words: Words) -> Select[Any]:
    table = conversations.c
    return (
        select(conversations)
        .where(
            UNREAD,
            table.last_answer_at > bindparam("since"),
            table.last_answer_by.like("slack:%"),
            _is_of(bindparam("of")),
        )
        .order_by(table.last_answer_at)
        .limit(bindparam("most", type_=Integer))
    )


_UNREAD = Prepared(_unread)


def _is_of(provider: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Hold for an account's conversations.

    Compared so that SQLite does not take the index of their names, in which are all there ever
    were.
    """
    return conversations.c.provider + "" == provider


async def _messages(
    connection: AsyncConnection, conversation: int, after: int
) -> tuple[MessageId, ...]:
    """List the guest's messages since those that were marked, oldest first."""
    query = (
        select(messages.c.message_id)
        .join(conversations, conversations.c.id == messages.c.conversation)
        .where(
            messages.c.conversation == conversation,
            messages.c.sender == "guest",
            messages.c.sent_at <= conversations.c.last_answer_at,
            messages.c.answered_at > after,
        )
        .order_by(messages.c.sent_at.desc(), messages.c.id.desc())
        .limit(MOST)
    )
    found = (await connection.execute(query)).scalars().all()
    return tuple(MessageId(each) for each in reversed(found))


async def note_read(connection: AsyncConnection, row_id: int, until: int | None) -> None:
    """Remember up to when the guest's messages are marked."""
    await connection.execute(
        update(conversations).where(conversations.c.id == row_id).values(read_until=until)
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Unseen:
    """A conversation whose last answer the guest may not have read, and that answer."""

    conversation: ConversationRow
    answer: MessageId
    answered_at: int


async def unseen(
    connection: AsyncConnection, provider: str, *, since: int, limit: int
) -> Sequence[Unseen]:
    """List conversations answered from Slack since a moment, the newest answer first.

    A guest who has written since then has read the answer; who is known to have, is left out too.
    """
    table = conversations.c
    answer = (
        select(messages.c.message_id)
        .where(messages.c.conversation == table.id, messages.c.origin == "slack")
        .order_by(messages.c.sent_at.desc(), messages.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(conversations, answer.label("answer"))
        .where(
            UNSEEN,
            table.last_answer_at > since,
            table.last_answer_at > func.coalesce(table.last_guest_at, 0),
            table.last_answer_by.like("slack:%"),
            table.property_id.is_not(None),
            _is_of(provider),
            table.erased_at.is_(None),
        )
        .order_by(table.last_answer_at.desc())
        .limit(limit)
    )
    rows = (await connection.execute(query)).mappings().all()
    return [
        Unseen(
            conversation=conversation_row(row),
            answer=MessageId(row["answer"]),
            answered_at=row["last_answer_at"],
        )
        for row in rows
        if row["answer"] is not None
    ]


async def note_seen(connection: AsyncConnection, row_id: int, until: int) -> None:
    """Remember up to when the guest has read what was answered, and show it."""
    table = conversations.c
    await connection.execute(
        update(conversations)
        .where(table.id == row_id, func.coalesce(table.guest_read_until, 0) < until)
        .values(guest_read_until=until, card_wanted=table.card_wanted + 1)
    )


async def waiting_at(connection: AsyncConnection, provider: str) -> dict[str, set[str]]:
    """List the conversations whose guest waits, by property.

    One whose own mark is still on its way to the provider is left out: what the provider says of it
    is older than what staff said.
    """
    query = select(conversations.c.property_id, conversations.c.conversation_id).where(
        conversations.c.awaiting_since.is_not(None),
        _is_of(provider),
        conversations.c.property_id.is_not(None),
        conversations.c.tag_wanted.is_(None),
    )
    found: dict[str, set[str]] = {}
    for property_id, conversation_id in await connection.execute(query):
        found.setdefault(property_id, set()).add(conversation_id)
    return found
