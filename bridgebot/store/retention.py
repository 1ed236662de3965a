"""Erases contents and names that are older than they may be; ids stay, so that nothing comes twice.

Nothing is erased that is undelivered or that somebody waits for. What is erased here and what is
kept, column by column, stands in ``store/holdings.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import (
    ColumnElement,
    Delete,
    Table,
    Update,
    and_,
    case,
    exists,
    func,
    not_,
    or_,
    select,
    text,
    update,
)
from sqlalchemy import delete as remove
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.outbox import NOTHING
from bridgebot.store.schema import conversations, inbox, messages, outbox, promises, quarantine

EMPTY_MESSAGE: dict[str, object] = {
    "content": "",
    "sender_name": None,
    "participant_id": None,
    "attributes": "{}",
    "attachment_ids": "[]",
    "raw": "{}",
}
NAMELESS: dict[str, object] = {"guest_name": None, "guest_participant_id": None}
EMPTY_REPLY: dict[str, object] = {
    "event": NOTHING,
    "content": None,
    "pictures": "[]",
    # A question to its author that nobody answered: there is nothing left that could be sent.
    "kind": case((outbox.c.kind == "held", "note"), else_=outbox.c.kind),
}
DONE = ("completed", "cancelled")
"""States in which a delivery is over for good; one that was discarded may be tried again."""

# Written out, as the partial indexes have them: SQLite does not see that a bound value is theirs.
HAS_WORDS = text("outbox.event <> '{}'").self_group()
IS_IMPORTED = text("messages.imported").self_group()


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """How many of each were erased."""

    messages: int = 0
    fetched: int = 0
    replies: int = 0
    notices: int = 0
    conversations: int = 0
    quarantined: int = 0

    def counts(self) -> dict[str, int]:
        """Return what is not zero, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: count for name, count in named.items() if count}

    def __add__(self, other: Erased) -> Erased:
        """Add counts up."""
        return Erased(
            **{
                field.name: getattr(self, field.name) + getattr(other, field.name)
                for field in fields(self)
            }
        )


async def erase_old(connection: AsyncConnection, *, before: int, now: int, limit: int) -> Erased:
    """Erase at most ``limit`` of each that is older than ``before``.

    The order matters: a conversation keeps its guest's name while it has a message.
    """
    notice = inbox.c
    fetched, erased = await _erase_messages(connection, before, now, limit)
    return Erased(
        fetched=fetched,
        messages=erased,
        replies=await _change(
            connection,
            update(outbox).values(**EMPTY_REPLY),
            outbox,
            and_(outbox.c.created_at < before, over()),
            limit,
            outbox.c.created_at,
        ),
        notices=await _change(
            connection,
            update(inbox).values(notice=None),
            inbox,
            and_(notice.created_at < before, said()),
            limit,
            notice.created_at,
        ),
        # While there are messages to erase their conversations are not looked through each time.
        conversations=0
        if erased == limit
        else await _change(
            connection,
            update(conversations).values(**NAMELESS, erased_at=now),
            conversations,
            _quiet(before),
            limit,
            conversations.c.created_at,
        ),
        quarantined=await _change(
            connection,
            update(quarantine).values(raw=""),
            quarantine,
            and_(
                quarantine.c.received_at < before,
                quarantine.c.resolved_at.is_not(None),
                quarantine.c.raw != "",
            ),
            limit,
            quarantine.c.received_at,
        ),
    )


async def _erase_messages(
    connection: AsyncConnection, before: int, now: int, limit: int
) -> tuple[int, int]:
    """Erase messages that were only fetched to be looked at, and others; return how many."""
    message = messages.c
    shown = and_(not_(message.imported), message.sent_at < before)
    # They can be fetched again: then they are new.
    old = and_(IS_IMPORTED, message.received_at < before, idle())
    fetched = await _change(connection, remove(messages), messages, old, limit, message.received_at)
    erased = await _change(
        connection,
        update(messages).values(**EMPTY_MESSAGE, erased_at=now),
        messages,
        and_(shown, message.erased_at.is_(None), idle()),
        limit,
        message.sent_at,
    )
    return fetched, erased


async def _change(
    connection: AsyncConnection,
    statement: Update | Delete,
    table: Table,
    where: ColumnElement[bool],
    limit: int,
    oldest: ColumnElement[int],
) -> int:
    """Change the oldest rows; between nodes, rows that somebody has in hand are left to later."""
    chosen = (
        select(table.c.id)
        .where(where)
        .order_by(oldest)
        .limit(limit)
        .with_for_update(of=table, skip_locked=True)
    )
    ids = (await connection.execute(chosen)).scalars().all()
    if not ids:
        return 0
    return int((await connection.execute(statement.where(table.c.id.in_(ids)))).rowcount)


def idle() -> ColumnElement[bool]:
    """Build the condition for a message that is in Slack, or never will be, and is not waited for.

    One that may be the copy of our own reply could still have to be shown (``ends.release_echo``).
    """
    waits = exists().where(
        conversations.c.id == messages.c.conversation,
        messages.c.sender == "guest",
        conversations.c.awaiting_since <= messages.c.sent_at,
    )
    undelivered = exists().where(inbox.c.message == messages.c.id, inbox.c.state.not_in(DONE))
    echo = exists().where(outbox.c.id == messages.c.reply, outbox.c.finished_at.is_(None))
    return and_(not_(waits), not_(undelivered), not_(echo))


def over() -> ColumnElement[bool]:
    """Build the condition for what staff wrote, is done with, and still has its words."""
    promised = exists().where(promises.c.channel == outbox.c.channel, promises.c.ts == outbox.c.ts)
    return and_(
        HAS_WORDS,
        outbox.c.finished_at.is_not(None),
        outbox.c.state.in_(DONE),
        not_(promised),
    )


def said() -> ColumnElement[bool]:
    """Build the condition for words of the bot's own that are in Slack."""
    return and_(inbox.c.notice.is_not(None), inbox.c.state.in_(DONE))


def busy(row_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Build the condition for a conversation with something undelivered or promised."""
    queues = [
        exists().where(table.c.conversation == row_id, condition)
        for table in (inbox, outbox)
        for condition in (table.c.finished_at.is_(None), text(f"{table.name}.state = 'discarded'"))
    ]
    return or_(*queues, exists().where(promises.c.conversation == row_id))


def _quiet(before: int) -> ColumnElement[bool]:
    """Build the condition for a conversation of which nothing is left but the guest's name."""
    row = conversations.c
    kept = exists().where(messages.c.conversation == row.id, messages.c.erased_at.is_(None))
    return and_(
        row.erased_at.is_(None),
        row.created_at < before,
        func.coalesce(row.last_guest_at, 0) < before,
        func.coalesce(row.last_answer_at, 0) < before,
        row.awaiting_since.is_(None),
        not_(kept),
        not_(busy(row.id)),
    )
