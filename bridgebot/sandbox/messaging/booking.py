"""Booking.com's side of the sandbox: properties, conversations, and a queue per machine account."""

from __future__ import annotations

import re
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bridgebot.sandbox.messaging.jobs import Job
from bridgebot.sandbox.messaging.switches import Switches

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_100NS = 0x01B21DD213814000
_LINK = re.compile(r"https?://\S+")
Watcher = Callable[[Mapping[str, Any]], None]


@dataclass(slots=True)
class Message:
    """A message of a conversation; ``api`` says that it was posted through the API.

    ``redacted`` says that something was taken out of it after it was written.
    """

    message_id: str
    sender: str
    content: str
    at: datetime
    kind: str = "free_text"
    attributes: Mapping[str, str] = field(default_factory=dict)
    attachment_ids: tuple[str, ...] = ()
    api: bool = False
    read_by: set[str] = field(default_factory=set)
    redacted: bool = False


@dataclass(slots=True)
class Conversation:
    """A guest's conversation with a property."""

    conversation_id: str
    property_id: str
    guest_name: str | None
    reference: str
    kind: str = "reservation"
    access: str = "read_write"
    has_account: bool = True
    no_reply_needed: bool | None = None
    messages: list[Message] = field(default_factory=list)

    @property
    def guest_id(self) -> str:
        """Return the guest's participant id."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"guest {self.conversation_id}"))

    @property
    def shown_name(self) -> str | None:
        """Return the guest's name, which a booking request does not show."""
        return None if self.kind == "request_to_book" else self.guest_name

    @property
    def hotel_id(self) -> str:
        """Return the property's participant id, the same in all its conversations."""
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"property {self.property_id}"))


@dataclass(slots=True)
class Account:
    """A machine account; its queue holds (conversation, message) pairs, or junk as it is.

    ``batch`` is the size of the last fetch until it is confirmed, ``recent`` what was confirmed
    last, ``late`` the counts of confirms that have not taken effect yet.
    """

    client_id: str
    client_secret: str
    properties: frozenset[str]
    queue_enabled: bool = True
    self_service: bool = True
    queue: deque[Any] = field(default_factory=deque)
    batch: int | None = None
    received: int = 0
    confirmed: int = 0
    tokens: dict[str, datetime] = field(default_factory=dict)
    exchanges: deque[datetime] = field(default_factory=deque)
    recent: deque[Any] = field(default_factory=lambda: deque(maxlen=100))
    late: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that was uploaded into a conversation; a message may name it."""

    attachment_id: str
    conversation_id: str
    name: str
    kind: str
    data: bytes


@dataclass(slots=True)
class Upload:
    """A file of which some chunks came; ``following`` is the number of the next one."""

    upload_id: str
    conversation_id: str
    data: bytearray
    following: int = 1


@dataclass(frozen=True, slots=True)
class Junk:
    """A queue entry served as it stands."""

    entry: Any


class Booking:
    """The state of the stand-in, and what people do in it."""

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        switches: Switches | None = None,
    ) -> None:
        self.now = now
        self.switches = switches or Switches()
        self.properties: dict[str, str] = {}
        self.conversations: dict[str, Conversation] = {}
        self.accounts: dict[str, Account] = {}
        self.jobs: dict[str, Job] = {}
        self.attachments: dict[str, Attachment] = {}
        self.uploads: dict[str, Upload] = {}
        self.wire: deque[dict[str, Any]] = deque(maxlen=500)
        self.refused = 0
        self._watchers: list[Watcher] = []
        self._clock = uuid.uuid4().int & 0x3FFF

    def watch(self, watcher: Watcher) -> None:
        """Call ``watcher`` with a small mapping after each change."""
        self._watchers.append(watcher)

    def changed(self, **change: Any) -> None:  # noqa: ANN401 - small JSON values
        """Tell the watchers."""
        for watcher in self._watchers:
            watcher(change)

    def add_property(self, property_id: str, name: str) -> None:
        """Open a hotel."""
        self.properties[property_id] = name

    def add_account(self, client_id: str, client_secret: str, properties: Sequence[str]) -> Account:
        """Make a machine account for some properties."""
        account = Account(client_id, client_secret, frozenset(properties))
        self.accounts[client_id] = account
        return account

    def add_conversation(self, conversation: Conversation) -> Conversation:
        """Open a conversation, empty as a new reservation's is."""
        self.conversations[conversation.conversation_id] = conversation
        return conversation

    def guest_writes(
        self,
        conversation_id: str,
        content: str,
        *,
        kind: str = "free_text",
        attributes: Mapping[str, str] | None = None,
        attachment_ids: Sequence[str] = (),
    ) -> str:
        """Let the guest write; return the message's id."""
        return self._add(
            conversation_id, "guest", content, kind, attributes or {}, tuple(attachment_ids)
        )

    def property_writes(
        self,
        conversation_id: str,
        content: str,
        *,
        kind: str = "free_text",
        attributes: Mapping[str, str] | None = None,
        api: bool = False,
        attachment_ids: Sequence[str] = (),
    ) -> str:
        """Let the property write: in the extranet, by a template, or through the API."""
        return self._add(
            conversation_id,
            "property",
            content,
            kind,
            attributes or {},
            tuple(attachment_ids),
            api=api,
        )

    def guest_reads(self, conversation_id: str) -> None:
        """Let the guest read what the property has written."""
        conversation = self.conversations[conversation_id]
        for message in conversation.messages:
            if message.sender != "guest":
                message.read_by.add(conversation.guest_id)
        self.changed(type="tag", conversation=conversation_id, tag="read")

    def redact(self, message_id: str) -> None:
        """Take something out of a message that was delivered, as for phishing."""
        for conversation in self.conversations.values():
            for message in conversation.messages:
                if message.message_id == message_id:
                    message.redacted = True
                    left = {"kept": message.content, "empty": "", "masked": "[redacted]"}
                    message.content = left[self.switches.redacted_text]
                    self.changed(type="redacted", conversation=conversation.conversation_id)
        if self.switches.redacted_again == "queued":
            self.queue_again(message_id)

    def confirm_request(self, conversation_id: str, reservation: str) -> None:
        """Turn a booking request into a reservation; the conversation stays."""
        conversation = self.conversations[conversation_id]
        conversation.kind, conversation.reference = "reservation", reservation
        self.changed(type="conversation", conversation=conversation_id)

    def set_access(self, conversation_id: str, access: str) -> None:
        """Open or close a conversation for messages."""
        self.conversations[conversation_id].access = access
        self.changed(type="conversation", conversation=conversation_id)

    def set_guest_name(self, conversation_id: str, name: str | None) -> None:
        """Give a guest a name, or take it away; old messages show it as well."""
        self.conversations[conversation_id].guest_name = name
        self.changed(type="conversation", conversation=conversation_id)

    def queue_junk(self, entry: object) -> None:
        """Put an entry into all queues as it stands, readable or not."""
        for account in self.accounts.values():
            account.queue.append(Junk(entry))

    def queue_again(self, message_id: str) -> None:
        """Deliver a message once more, as the documents say may happen."""
        for conversation in self.conversations.values():
            for message in conversation.messages:
                if message.message_id == message_id:
                    self._enqueue(conversation, message)

    def reset_queue(self, client_id: str) -> int:
        """Drop all that is queued; return how much it was."""
        account = self.accounts[client_id]
        dropped = len(account.queue)
        account.queue.clear()
        account.batch = None
        return dropped

    def snapshot(self) -> dict[str, Any]:
        """Show the whole state as JSON."""
        return {
            "properties": [{"id": key, "name": name} for key, name in self.properties.items()],
            "conversations": [self._show(each) for each in self.conversations.values()],
            "queued": sum(len(account.queue) for account in self.accounts.values()),
            "received": sum(account.received for account in self.accounts.values()),
            "confirmed": sum(account.confirmed for account in self.accounts.values()),
            "posted": sum(
                message.api for each in self.conversations.values() for message in each.messages
            ),
            "refused": self.refused,
        }

    def _show(self, conversation: Conversation) -> dict[str, Any]:
        return {
            "conversation_id": conversation.conversation_id,
            "property_id": conversation.property_id,
            "guest_name": conversation.guest_name,
            "reference": conversation.reference,
            "type": conversation.kind,
            "access": conversation.access,
            "has_account": conversation.has_account,
            "messages": [
                {
                    "message_id": each.message_id,
                    "sender": each.sender,
                    "content": each.content,
                    "message_type": each.kind,
                    "api": each.api,
                    "at": each.at.timestamp(),
                    "attributes": dict(each.attributes),
                    "attachment_ids": list(each.attachment_ids),
                }
                for each in conversation.messages
            ],
        }

    def _add(
        self,
        conversation_id: str,
        sender: str,
        content: str,
        kind: str,
        attributes: Mapping[str, str],
        attachment_ids: tuple[str, ...],
        *,
        api: bool = False,
    ) -> str:
        conversation = self.conversations[conversation_id]
        at = self.now()
        message_id = self.new_id(at)
        if sender == "guest":
            # Guests' times were seen cut to whole seconds, while their ids were not.
            at = at.replace(microsecond=0)
        if self.switches.strip_links == "on":
            content = _LINK.sub("", content)
        message = Message(message_id, sender, content, at, kind, attributes, attachment_ids, api)
        conversation.messages.append(message)
        self._enqueue(conversation, message)
        self.changed(
            type="message", conversation=conversation_id, message=message.message_id, sender=sender
        )
        return message.message_id

    def _enqueue(self, conversation: Conversation, message: Message) -> None:
        for account in self.accounts.values():
            wanted = message.kind != "self_service_event" or account.self_service
            if conversation.property_id in account.properties and account.queue_enabled and wanted:
                account.queue.append((conversation, message))

    def new_id(self, at: datetime) -> str:
        """Make a version 1 id whose time is ``at``, as the real ones' is their message's."""
        self._clock = (self._clock + 1) & 0x3FFF
        ticks = (at - _EPOCH) // timedelta(microseconds=1) * 10 + _EPOCH_100NS
        low, middle, high = ticks & 0xFFFFFFFF, (ticks >> 32) & 0xFFFF, (ticks >> 48) & 0x0FFF
        node = uuid.uuid5(uuid.NAMESPACE_OID, "sandbox").node
        fields = (low, middle, high, self._clock >> 8, self._clock & 0xFF, node)
        return str(uuid.UUID(fields=fields, version=1))
