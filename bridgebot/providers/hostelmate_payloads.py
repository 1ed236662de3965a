"""What Hostel Mate's client API sends, read tolerantly."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from bridgebot.model import (
    Conversation,
    ConversationId,
    Glimpse,
    Message,
    MessageId,
    PropertyId,
    ProviderName,
    SenderKind,
    Unreadable,
)
from bridgebot.providers.reading import (
    Content,
    Id,
    Moment,
    Payload,
    Text,
    as_mapping,
    as_text_or_none,
    parse_time,
    raw_of,
    reason_of,
)

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DIRECTIONS = {"inbound": SenderKind.GUEST, "outbound": SenderKind.PROPERTY}
TEMPLATE = "automatically_sent_template"
"""The bridge's word for what no person wrote: it does not answer a guest."""


def _as_time_or_none(value: object) -> datetime | None:
    try:
        return parse_time(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _as_number(value: object) -> int:
    text = as_text_or_none(value)
    return int(text) if text is not None and text.isdecimal() else 0


def _as_read(value: object) -> bool:
    """Read a flag; only an explicit no means that nobody has read it."""
    return str(value).lower() != "false"


def _as_flag(value: object) -> bool:
    return str(value).lower() == "true"


MaybeMoment = Annotated[datetime | None, BeforeValidator(_as_time_or_none)]
Number = Annotated[int, BeforeValidator(_as_number)]
Read = Annotated[bool, BeforeValidator(_as_read)]


class LastMessage(Payload):
    """The preview of a thread's last message; it has no id."""

    content: Text = None
    direction: Text = None
    created_at: MaybeMoment = None


class ThreadEntry(Payload):
    """A thread, in the list or above its messages."""

    id: Id
    booking_id: Text = None
    channel: Text = None
    guest_name: Text = None
    subject: Text = None
    is_read: Read = True
    unread_count: Number = 0
    status: Text = None
    last_message: Annotated[LastMessage, BeforeValidator(as_mapping)] = Field(
        default_factory=LastMessage
    )
    created_at: MaybeMoment = None

    @property
    def is_open(self) -> bool:
        """Whether it is in the inbox; only ``ARCHIVED`` says that it is not."""
        return (self.status or "").upper() != "ARCHIVED"


class MessageEntry(Payload):
    """A message of a thread."""

    id: Id
    content: Content = ""
    direction: Text = None
    source: Text = None
    sender: Text = None
    is_read: Read = True
    created_at: Moment


class Pagination(Payload):
    """Where a page stands in the whole."""

    total: Number = 0
    has_more: Annotated[bool, BeforeValidator(_as_flag)] = False


def to_glimpse(entry: ThreadEntry, skip: frozenset[str]) -> Glimpse:
    """Read an entry of the list; ``skip`` are channels in capital letters."""
    shown = entry.model_dump(mode="json", exclude={"created_at"})
    text = json.dumps(shown, sort_keys=True)
    return Glimpse(
        conversation_id=ConversationId(entry.id),
        mark=hashlib.sha256(text.encode()).hexdigest()[:24],
        active_at=entry.last_message.created_at or entry.created_at or LONG_AGO,
        pending=entry.is_open and (entry.unread_count > 0 or not entry.is_read),
        left_out=(entry.channel or "").upper() in skip,
        subject=entry.subject,
    )


def to_conversation(
    entry: ThreadEntry, provider: ProviderName, property_id: PropertyId
) -> Conversation:
    """Read what is said of a thread; the property is the account's name."""
    return Conversation(
        provider=provider,
        conversation_id=ConversationId(entry.id),
        property_id=property_id,
        conversation_type=entry.channel,
        reference=entry.booking_id,
        guest_name=entry.guest_name,
    )


def to_message(entry: MessageEntry, thread: ThreadEntry, subject: str | None) -> Message:
    """Read a message; who sent it is told by its direction alone."""
    sender = _DIRECTIONS.get((entry.direction or "").lower(), SenderKind.UNKNOWN)
    kind, attributes = "", {}
    if sender is SenderKind.PROPERTY and (entry.source or "MANUAL").upper() != "MANUAL":
        kind = TEMPLATE
        attributes = {"template_name": (entry.source or "").replace("_", " ").capitalize()}
    elif (thread.channel or "").upper() == "EMAIL":
        kind = "email"
        attributes = {"subject": subject} if subject else {}
    return Message(
        message_id=MessageId(entry.id),
        sender=sender,
        sender_name=thread.guest_name if sender is SenderKind.GUEST else None,
        content=entry.content,
        sent_at=entry.created_at,
        kind=kind,
        attributes=attributes,
    )


def read_threads(entries: Iterable[object]) -> tuple[list[ThreadEntry], list[Unreadable]]:
    """Read a page of the list, each entry on its own."""
    threads, unreadable = [], []
    for entry in entries:
        try:
            threads.append(ThreadEntry.model_validate(entry))
        except ValidationError as error:
            about = as_mapping(entry)
            key = f"thread {about.get('booking_id')} {about.get('created_at')}" if about else ""
            unreadable.append(Unreadable(raw=raw_of(entry), reason=reason_of(error), key=key))
    return threads, unreadable


def read_messages(
    entries: Iterable[object], thread_id: str
) -> tuple[list[tuple[MessageEntry, str]], list[Unreadable]]:
    """Read a page of messages, each on its own, with its JSON."""
    messages, unreadable = [], []
    for entry in entries:
        raw = raw_of(entry)
        try:
            messages.append((MessageEntry.model_validate(entry), raw))
        except ValidationError as error:
            # Whether it was read in the inbox changes; the message stays the same.
            found = as_text_or_none(as_mapping(entry).get("id"))
            key = f"message {thread_id} {found}" if found else ""
            unreadable.append(Unreadable(raw=raw, reason=reason_of(error), key=key))
    return messages, unreadable
