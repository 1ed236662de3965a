"""The words of the bridge: conversations, messages and what comes and goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

ProviderName = NewType("ProviderName", str)
PropertyId = NewType("PropertyId", str)
ConversationId = NewType("ConversationId", str)
MessageId = NewType("MessageId", str)


REDACTED = "is_redacted"
"""The attribute of a message of which the provider has taken something out."""


class SenderKind(StrEnum):
    """Who wrote a message; anything a provider does not name clearly is ``unknown``."""

    GUEST = "guest"
    PROPERTY = "property"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Conversation:
    """One guest thread at a provider; ``None`` means the provider did not say.

    ``access`` is ``read_write`` or ``read_only``; ``conversation_type`` and ``reference`` may
    change (a booking request becomes a reservation) while ``conversation_id`` stays.
    """

    provider: ProviderName
    conversation_id: ConversationId
    property_id: PropertyId | None = None
    conversation_type: str | None = None
    reference: str | None = None
    access: str | None = None
    guest_name: str | None = None
    guest_participant_id: str | None = None
    property_participant_id: str | None = None
    no_reply_needed: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message as a provider shows it.

    ``kind`` is the provider's word (``free_text``, ``email``, …) and empty where it has none;
    ``attributes`` holds what goes with the kind (``self_service_topic``, ``template_name``, …).
    ``sent_at`` is aware UTC and neither unique nor a total order; ``read_by`` are the participants
    of whom the provider says so.
    """

    message_id: MessageId
    sender: SenderKind
    content: str
    sent_at: datetime
    sender_name: str | None = None
    participant_id: str | None = None
    kind: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    attachment_ids: tuple[str, ...] = ()
    read_by: tuple[str, ...] = ()

    @property
    def is_redacted(self) -> bool:
        """Tell whether the provider has taken something out of it since it was written."""
        return self.attributes.get(REDACTED) == "true"


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A file that goes with a message; ``kind`` is its media type, as far as somebody said."""

    name: str
    kind: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureLimits:
    """What pictures a provider takes: media types, bytes, and how many go with a message.

    ``not_in`` are types of conversation that take none.
    """

    kinds: frozenset[str]
    largest: int
    per_message: int
    not_in: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A message with the conversation it belongs to and the JSON it was read from.

    ``history`` says that it is from before we came and dealt with: kept, and not shown.
    """

    conversation: Conversation
    message: Message
    raw: str
    history: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """An entry that could not be read: its JSON, whole, and why (without guest text).

    ``key`` knows it again where its JSON may change; without one the JSON itself does.
    """

    raw: str
    reason: str
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What one fetch brought.

    ``receipt`` is handed back to ``confirm`` once everything is stored; 0 means there is nothing to
    confirm. ``mismatch`` is true when the stated count and the entries differ.
    """

    messages: tuple[Received, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    receipt: int = 0
    full: bool = False
    mismatch: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Glimpse:
    """A conversation as a provider's list shows it.

    ``mark`` is another one once the list shows something else; ``active_at`` is when somebody wrote
    last; ``pending`` says that the provider's own inbox holds it open and unread; ``left_out`` that
    the settings leave it to another provider.
    """

    conversation_id: ConversationId
    mark: str
    active_at: datetime
    pending: bool = False
    left_out: bool = False
    subject: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListPage:
    """A page of such a list; ``following`` is the next page's offset, ``None`` at the end."""

    glimpses: tuple[Glimpse, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    total: int = 0
    following: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RecentPage:
    """A page of a property's conversations, newest activity first.

    ``following`` asks for the next page, ``None`` at the end. Of its glimpses ``pending`` says that
    the list does not tell when somebody wrote last.
    """

    glimpses: tuple[Glimpse, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    following: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A reply the provider has taken, with the id it gave and its own id of the request."""

    message_id: MessageId
    request_id: str = ""
    guest_has_account: bool | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """A conversation with all its messages, oldest first."""

    conversation: Conversation
    messages: tuple[Message, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReplyWindow:
    """How many days a provider takes replies: after the end of a stay, and after a message."""

    after_stay: int
    after_message: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A guest's message: when it came, was answered, was marked "no reply needed" (ms or never)."""

    sent_at: int
    answered_at: int | None = None
    excused_at: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Messages of one guest that one answer covers, or that nobody has answered (``None``).

    ``open`` counts those that still want one; times are milliseconds since 1970.
    """

    property_id: str | None
    asked_at: int
    answered_at: int | None
    messages: int
    open: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What a property, an hour or all came to; times in milliseconds, ``None`` without answers."""

    messages: int
    answered: int
    unanswered: int
    median: int | None
    ninetieth: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All of a report; ``hours`` has the hours of the day in which somebody wrote."""

    since: datetime
    until: datetime
    total: Figures
    properties: Mapping[str, Figures]
    hours: Mapping[int, Figures]
    answered_by: Mapping[str, int]
