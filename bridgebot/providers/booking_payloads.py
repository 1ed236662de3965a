"""What Booking.com's Messaging API sends, read tolerantly.

The documents disagree with their own examples in many places (reference, section 18), so keys that
are not known are ignored, numbers and strings stand for each other where both were seen, and
entries are read one by one: one that cannot be read never fails a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Any

import structlog
from pydantic import BeforeValidator, Field, ValidationError

from bridgebot.model import (
    REDACTED,
    Conversation,
    ConversationId,
    Message,
    MessageId,
    PropertyId,
    ProviderName,
    Received,
    SenderKind,
    Unreadable,
)
from bridgebot.providers.reading import (
    Content,
    Entries,
    Id,
    Moment,
    Open,
    Payload,
    Text,
    as_list,
    as_mapping,
    as_text_or_none,
    clean,
    raw_of,
    reason_of,
)

log = structlog.get_logger()

_KINDS = {
    "guest": SenderKind.GUEST,
    "property": SenderKind.PROPERTY,
    "hotel": SenderKind.PROPERTY,
}


class Metadata(Payload):
    """About a participant; the kind's key and words differ between endpoints."""

    participant_type: Text = None
    type: Text = None
    id: Text = None
    name: Text = None

    @property
    def kind(self) -> SenderKind:
        """Tell who it is; a word that is not known is not a guest."""
        word = (self.participant_type or self.type or "").lower()
        return _KINDS.get(word, SenderKind.UNKNOWN)


class Participant(Payload):
    """One of the two sides of a conversation."""

    participant_id: Text = None
    metadata: Annotated[Metadata, BeforeValidator(as_mapping)] = Field(default_factory=Metadata)


class ConversationRef(Payload):
    """The conversation a message belongs to, as queue and search name it."""

    conversation_id: Id
    property_id: Text = None
    conversation_type: Text = None
    conversation_reference: Text = None


class QueueMessage(Payload):
    """A message from the queue or from a search."""

    message_id: Id
    content: Content = ""
    timestamp: Moment
    sender: Annotated[Participant, BeforeValidator(as_mapping)] = Field(default_factory=Participant)
    conversation: ConversationRef
    property_id: Text = None
    attachment_ids: Entries = Field(default_factory=list)
    message_type: Text = None
    attributes: Open = Field(default_factory=dict)
    is_redacted: Any = None


class ThreadMessage(Payload):
    """A message inside a conversation."""

    message_id: Id
    content: Content = ""
    timestamp: Moment
    sender_id: Text = None
    attachment_ids: Entries = Field(default_factory=list)
    message_type: Text = None
    attributes: Open = Field(default_factory=dict)
    is_redacted: Any = None
    tags: Open = Field(default_factory=dict)


class ThreadConversation(Payload):
    """A conversation as the conversation endpoints show it, newest message first."""

    conversation_id: Id
    conversation_type: Text = None
    conversation_reference: Text = None
    access: Text = None
    participants: Annotated[
        list[Annotated[Participant, BeforeValidator(as_mapping)]], BeforeValidator(as_list)
    ] = Field(default_factory=list)
    messages: Entries = Field(default_factory=list)
    tags: Open = Field(default_factory=dict)


def read_entries(
    entries: Iterable[object], provider: ProviderName
) -> tuple[list[Received], list[Unreadable]]:
    """Read a batch of the queue's or a search's entries, each on its own."""
    received, unreadable = [], []
    for entry in entries:
        raw = raw_of(entry)
        try:
            received.append(read_entry(entry, provider, raw))
        except ValidationError as error:
            unreadable.append(Unreadable(raw=raw, reason=reason_of(error)))
    return received, unreadable


def read_entry(entry: object, provider: ProviderName, raw: str) -> Received:
    """Read one entry; raises pydantic's ``ValidationError``."""
    payload = QueueMessage.model_validate(entry)
    about, who = payload.conversation, payload.sender
    kind = who.metadata.kind
    is_guest, is_property = kind is SenderKind.GUEST, kind is SenderKind.PROPERTY
    conversation = Conversation(
        provider=provider,
        conversation_id=ConversationId(about.conversation_id),
        property_id=_property(about.property_id or payload.property_id),
        conversation_type=about.conversation_type,
        reference=about.conversation_reference,
        guest_name=who.metadata.name if is_guest else None,
        guest_participant_id=who.participant_id if is_guest else None,
        property_participant_id=who.participant_id if is_property else None,
    )
    message = Message(
        message_id=MessageId(payload.message_id),
        sender=kind,
        sender_name=who.metadata.name,
        participant_id=who.participant_id,
        content=payload.content,
        sent_at=payload.timestamp,
        kind=payload.message_type or "",
        attributes=_attributes(payload.attributes, payload.is_redacted),
        attachment_ids=_ids(payload.attachment_ids),
    )
    return Received(conversation=conversation, message=message, raw=raw)


def to_conversation(
    payload: ThreadConversation, provider: ProviderName, property_id: str
) -> Conversation:
    """Read what a conversation endpoint says of a conversation."""
    by_kind = {each.metadata.kind: each for each in payload.participants}
    guest, hotel = by_kind.get(SenderKind.GUEST), by_kind.get(SenderKind.PROPERTY)
    tag = payload.tags.get("no_reply_needed")
    return Conversation(
        provider=provider,
        conversation_id=ConversationId(payload.conversation_id),
        property_id=PropertyId((hotel.metadata.id if hotel else None) or property_id),
        conversation_type=payload.conversation_type,
        reference=payload.conversation_reference,
        access=payload.access,
        guest_name=guest.metadata.name if guest else None,
        guest_participant_id=guest.participant_id if guest else None,
        property_participant_id=hotel.participant_id if hotel else None,
        no_reply_needed=as_flag(tag.get("set")) if isinstance(tag, dict) else None,
    )


def to_messages(
    payload: ThreadConversation, participants: Iterable[Participant] = ()
) -> list[Message]:
    """Read a conversation's messages as they stand.

    An entry that carries only tags is none: it says what the one before it was tagged with.
    ``participants`` are known from elsewhere, for a page that does not name them.
    """
    known = (*participants, *payload.participants)
    people = {each.participant_id: each.metadata for each in known if each.participant_id}
    messages: list[Message] = []
    for entry in payload.messages:
        if isinstance(entry, dict) and entry.get("message_id") is None:
            if messages:
                messages[-1] = _tagged(messages[-1], as_mapping(entry.get("tags")))
            continue
        try:
            each = ThreadMessage.model_validate(entry)
        except ValidationError as error:
            log.warning(
                "history_entry_unreadable",
                conversation_id=payload.conversation_id,
                reason=reason_of(error),
            )
            continue
        messages.append(_to_message(each, people.get(each.sender_id or "", Metadata())))
    return messages


def _tagged(message: Message, tags: Mapping[str, Any]) -> Message:
    """Add who has read a message; the table has a boolean where the sample lists participants."""
    read = as_mapping(tags.get("read"))
    named = read.get("participants")
    if as_flag(read.get("set")) is False or not isinstance(named, list):
        return message
    return replace(message, read_by=(*message.read_by, *_ids(named)))


def _to_message(entry: ThreadMessage, who: Metadata) -> Message:
    message = Message(
        message_id=MessageId(entry.message_id),
        sender=who.kind,
        sender_name=who.name,
        participant_id=entry.sender_id,
        content=entry.content,
        sent_at=entry.timestamp,
        kind=entry.message_type or "",
        attributes=_attributes(entry.attributes, entry.is_redacted),
        attachment_ids=_ids(entry.attachment_ids),
    )
    return _tagged(message, entry.tags)


def is_ok(value: object) -> bool:
    """Read ``data.ok``, which comes as ``true``, ``"true"`` or not at all."""
    return value is None or _word(value) == "true"


def is_refused(value: object) -> bool:
    """Tell whether ``data.ok`` is an explicit no."""
    return _word(value) == "false"


def as_flag(value: object) -> bool | None:
    """Read a flag that comes as a boolean or a word."""
    return {"true": True, "false": False}.get(_word(value))


def next_page(data: Mapping[str, Any]) -> str | None:
    """Read the next page's id: absent, ``null`` and ``""`` all mean the last page."""
    value = data.get("next_page_id")
    return str(value) if value else None


def _word(value: object) -> str:
    return str(value).strip().lower()


def _ids(values: Iterable[object]) -> tuple[str, ...]:
    """Keep a list's ids; anything else in it is none."""
    return tuple(each for each in map(as_text_or_none, values) if each)


def _property(value: str | None) -> PropertyId | None:
    return PropertyId(value) if value else None


def _attributes(value: Mapping[str, Any], redacted: object) -> dict[str, str]:
    """Keep attributes as words; nested ones stay JSON.

    Where version 1.3 states ``is_redacted`` is not documented: beside the text or among these.
    """
    words: dict[str, str] = {
        clean(key): clean(each) if isinstance(each, str) else raw_of(each)
        for key, each in value.items()
        if each is not None
    }
    flag = as_flag(words.get(REDACTED) if redacted is None else redacted)
    return words | {REDACTED: "true"} if flag else words
