"""The statements of the way of every message, prepared; see ``prepared``.

Each is used by the module that its table gave its name to.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from bridgebot.store import absences, order
from bridgebot.store.clock import moment
from bridgebot.store.prepared import Prepared, Words, slots
from bridgebot.store.queues import READY, Claims, in_flight
from bridgebot.store.schema import conversations, messages, outbox

CONVERSATION = Prepared(
    lambda _words: select(conversations).where(conversations.c.id == bindparam("row_id"))
)
NAMED = Prepared(
    lambda _words: select(conversations).where(
        conversations.c.provider == bindparam("of"),
        conversations.c.conversation_id == bindparam("name"),
    )
)
IN_THREAD = Prepared(
    lambda _words: select(conversations).where(
        conversations.c.channel == bindparam("place"),
        conversations.c.thread_ts == bindparam("ts"),
    )
)


BIND = Prepared(
    lambda _words: (
        update(conversations)
        .where(conversations.c.id == bindparam("row_id"), conversations.c.thread_ts.is_(None))
        .values(slots("channel", "thread_ts", "card_shown", "card_drawn"))
    )
)


KNOWN = Prepared(
    lambda words: select(messages.c.message_id).where(
        messages.c.provider == bindparam("of"),
        words.among(messages.c.message_id, "ids"),
        messages.c.imported.is_(False),
    )
)


_MESSAGE = [
    "conversation",
    "provider",
    "message_id",
    "sender",
    "sender_name",
    "participant_id",
    "content",
    "kind",
    "attributes",
    "attachment_ids",
    "origin",
    "reply",
    "closing",
    "sent_at",
    "received_at",
    "raw",
    "imported",
]

ADD_MESSAGE = Prepared(
    lambda words: (
        words.insert(messages)
        .values(slots(*_MESSAGE))
        .on_conflict_do_nothing()
        .returning(messages.c.id, messages.c.provider, messages.c.message_id)
    )
)


def _answer(_words: Words) -> Update:
    """Build what an answer of a time changes: who still waits wrote after it."""
    table, at = conversations.c, bindparam("at", type_=BigInteger)
    later = and_(
        messages.c.conversation == bindparam("row_id"),
        messages.c.sender == "guest",
        order.after(at, bindparam("known", type_=BigInteger)),
        or_(table.no_reply_at.is_(None), order.after(table.no_reply_at, table.no_reply_at)),
    )
    first = select(func.min(messages.c.sent_at))
    still = first.where(later, ~messages.c.closing).scalar_subquery()
    thanks = first.where(later, messages.c.closing).scalar_subquery()
    newest = or_(table.last_answer_at.is_(None), table.last_answer_at <= at)
    return (
        update(conversations)
        .where(table.id == bindparam("row_id"), newest)
        .values(
            last_answer_at=at,
            last_answer_by=bindparam("by"),
            awaiting_since=still,
            closing_since=case((still.is_(None), thanks)),
            snoozed_until=None,
            card_wanted=table.card_wanted + 1,
            watch_at=0,
        )
    )


ANSWER = Prepared(_answer)


def _answered(_words: Words) -> Update:
    """Build what an answer of a time ends for the reply score."""
    at, known = bindparam("at", type_=BigInteger), bindparam("known", type_=BigInteger)
    return (
        update(messages)
        .where(
            messages.c.conversation == bindparam("of"),
            messages.c.sender == "guest",
            messages.c.sent_at <= at,
            ~order.after(at, known),
            or_(messages.c.answered_at.is_(None), messages.c.answered_at > at),
        )
        .values(answered_at=at)
    )


ANSWERED = Prepared(_answered)


_CAPTURED = [
    "conversation",
    "channel",
    "ts",
    "thread_ts",
    "user_id",
    "event",
    "kind",
    "content",
    "pictures",
    "state",
    "due_at",
    "created_at",
]

CAPTURE = Prepared(
    lambda words: (
        words.insert(outbox)
        .values(slots(*_CAPTURED))
        .on_conflict_do_nothing()
        .returning(outbox.c.id, outbox.c.conversation, outbox.c.kind)
    )
)


UNDECIDED = Prepared(
    lambda _words: (
        select(outbox)
        .where(outbox.c.kind.is_(None), outbox.c.finished_at.is_(None))
        .where(outbox.c.due_at <= bindparam("now"))
        .order_by(outbox.c.ts)
        .limit(bindparam("most", type_=Integer))
    )
)


@cache
def settling(names: tuple[str, ...]) -> Prepared:
    """Prepare to write a decision down, where the message is what it was when it was read."""
    statement = update(outbox).where(
        outbox.c.id == bindparam("row_id"),
        outbox.c.kind.is_(None),
        outbox.c.finished_at.is_(None),
        outbox.c.event == bindparam("as_read"),
    )
    return Prepared(lambda _words: statement.values(slots(*names)))


@cache
def replies(*, by_database: bool) -> Claims:
    """Prepare to claim replies; leases go by the database's clock, or by a time that is told."""

    def heads(words: Words, chosen: bool) -> Select[Any]:  # noqa: FBT001 - as queues.Heads has it
        at = moment(None) if by_database else bindparam("leased_at", type_=BigInteger)
        return _reply_heads(words, chosen).where(~absences.of_others(bindparam("me"), at=at))

    return Claims(outbox, heads)


def _reply_heads(words: Words, chosen: bool) -> Select[Any]:  # noqa: FBT001
    """Ask for the first open replies that are due; no other of their conversation is out."""
    row = outbox.c
    among = [words.among(row.conversation, "chosen")] if chosen else []
    heads = (
        select(row.conversation, func.min(row.ts).label("ts"))
        .where(row.finished_at.is_(None), row.conversation.is_not(None), *among)
        .group_by(row.conversation)
        .subquery()
    )
    return (
        select(row.id, row.conversation, row.thread_ts, conversations.c.provider)
        .join(conversations, conversations.c.id == row.conversation)
        .join(heads, and_(heads.c.conversation == row.conversation, heads.c.ts == row.ts))
        .where(row.finished_at.is_(None), row.kind == "reply", row.state.in_(READY))
        .where(row.due_at <= bindparam("now"))
        .where(~in_flight(outbox), ~_unbound_before())
        .order_by(row.due_at)
        .limit(bindparam("most", type_=Integer))
    )


def _unbound_before() -> ColumnElement[bool]:
    """Build the condition that an older message of the thread names no conversation yet.

    It was captured before the thread was known to be the conversation's, and is undecided.
    """
    other = outbox.alias()
    return exists().where(
        other.c.channel == outbox.c.channel,
        other.c.thread_ts == outbox.c.thread_ts,
        other.c.conversation.is_(None),
        other.c.finished_at.is_(None),
        other.c.ts < outbox.c.ts,
    )


STAFF = Prepared(lambda words: select(outbox).where(words.among(outbox.c.id, "ids")))
