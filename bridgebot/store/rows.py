"""Rows as values, and times as integers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import RowMapping

from bridgebot.model import (
    Conversation,
    ConversationId,
    Message,
    MessageId,
    PropertyId,
    ProviderName,
    SenderKind,
)

Columns = RowMapping | Mapping[str, Any]
"""A row's values by the columns' names."""


def to_ms(moment: datetime) -> int:
    """Return milliseconds since 1970 of an aware time."""
    return int(moment.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    """Return the aware UTC time of milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC)


class ConversationRow(NamedTuple):
    """A conversation as the store knows it; ``id`` is the store's own.

    A tuple, since several are made for each message and a frozen dataclass takes six times as long.
    """

    about: Conversation
    id: int
    channel: str
    thread_ts: str | None
    awaiting_since: int | None
    last_guest_at: int | None
    last_answer_at: int | None
    last_answer_by: str | None
    card_wanted: int
    card_shown: int
    created_at: int
    card_drawn: int | None
    closing_since: int | None
    no_reply_at: int | None
    no_reply_by: str | None
    claimed_by: str | None
    claimed_at: int | None
    snoozed_until: int | None
    snoozed_by: str | None
    alert: int | None
    alert_since: int | None
    alert_step: int
    alert_warned: bool
    whole: bool
    guest_read_until: int | None
    erased_at: int | None


_AS_STORED = itemgetter(*ConversationRow._fields[1:])


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxRow:
    """Something on its way into a thread: a message, or a notice (``text``, ``to`` a user or none).

    ``posted`` are the ts of its posts (of a picture: the file's id) that are in Slack already.
    ``file`` is one whose sharing was begun; ``aside`` says that others go on without it; ``older``
    that it is shown below what was written after it.
    """

    id: int
    conversation: ConversationRow
    message: Message | None
    notice: Mapping[str, Any] | None
    posted: tuple[str, ...]
    state: str
    attempts: int
    started_at: int | None
    aside: bool = False
    file: str | None = None
    older: bool = False

    @property
    def picture(self) -> Mapping[str, Any] | None:
        """Return what is to be shown where this is a picture; see ``store.inbox``."""
        return self.notice if self.notice is not None and "picture" in self.notice else None


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxRow:
    """A staff message; ``conversation`` is the store's id, ``None`` while the thread is unknown."""

    id: int
    conversation: int | None
    channel: str
    ts: str
    thread_ts: str
    user_id: str
    event: Mapping[str, Any]
    kind: str | None
    content: str | None
    state: str
    attempts: int
    due_at: int
    created_at: int
    started_at: int | None
    mark_wanted: str | None
    mark_shown: str | None
    message_id: str | None
    error: str | None
    pictures: tuple[str, ...] = ()


def conversation_row(row: Columns) -> ConversationRow:
    """Read a row of ``conversations``."""
    about = Conversation(
        provider=ProviderName(row["provider"]),
        conversation_id=ConversationId(row["conversation_id"]),
        property_id=PropertyId(row["property_id"]) if row["property_id"] else None,
        conversation_type=row["conversation_type"],
        reference=row["reference"],
        access=row["access"],
        guest_name=row["guest_name"],
        guest_participant_id=row["guest_participant_id"],
        property_participant_id=row["property_participant_id"],
        no_reply_needed=bool(row["no_reply_needed"]),
    )
    return ConversationRow(about, *_AS_STORED(row))


def message_of(row: Columns) -> Message:
    """Read a row of ``messages``."""
    return Message(
        message_id=MessageId(row["message_id"]),
        sender=SenderKind(row["sender"]),
        sender_name=row["sender_name"],
        participant_id=row["participant_id"],
        content=row["content"],
        kind=row["kind"],
        attributes=json.loads(row["attributes"]),
        attachment_ids=tuple(json.loads(row["attachment_ids"])),
        sent_at=from_ms(row["sent_at"]),
    )


def outbox_row(row: Columns) -> OutboxRow:
    """Read a row of ``outbox``."""
    return OutboxRow(
        event=json.loads(row["event"]),
        pictures=tuple(json.loads(row["pictures"])),
        **{name: row[name] for name in _PLAIN},
    )


_PLAIN = [
    "id",
    "conversation",
    "channel",
    "ts",
    "thread_ts",
    "user_id",
    "kind",
    "content",
    "state",
    "attempts",
    "due_at",
    "created_at",
    "started_at",
    "mark_wanted",
    "mark_shown",
    "message_id",
    "error",
]


def state_of(row: ConversationRow) -> str:
    """Say where a conversation stands, in one of the card's words."""
    if row.about.access == "read_only":
        return "read_only"
    if row.awaiting_since is not None:
        return "waiting"
    if row.about.no_reply_needed:
        return "no_reply_needed"
    return "answered" if row.last_answer_at is not None else "new"
