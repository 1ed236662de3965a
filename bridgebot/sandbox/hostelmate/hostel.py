"""Hostel Mate's side of the sandbox: properties with their keys, threads and messages."""

from __future__ import annotations

import secrets
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bridgebot.sandbox.hostelmate.switches import Switches

Watcher = Callable[[], None]


@dataclass(slots=True)
class Message:
    """A message of a thread; ``at`` is when it was written, ``came_at`` when it came."""

    message_id: str
    content: str
    direction: str
    source: str
    sender: str
    at: datetime
    came_at: datetime
    is_read: bool


@dataclass(slots=True)
class Thread:
    """A guest's thread; ``messages`` stand in the order in which they came."""

    thread_id: str
    hostel: str
    channel: str
    guest_name: str | None
    booking_id: str | None
    subject: str | None
    created_at: datetime
    status: str = "OPEN"
    messages: list[Message] = field(default_factory=list)

    @property
    def oldest_first(self) -> list[Message]:
        """Return the messages in the order in which they were written."""
        return sorted(self.messages, key=lambda each: each.at)

    @property
    def unread(self) -> int:
        """Count the guest's messages that nobody has read in the inbox."""
        return sum(not each.is_read for each in self.messages)


@dataclass(slots=True)
class Hostel:
    """A property with its master key; ``enabled`` tells whether it has conversations at all."""

    name: str
    key: str
    enabled: bool = True


class HostelMate:
    """The state of the stand-in, and what people do in it."""

    def __init__(
        self,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        switches: Switches | None = None,
    ) -> None:
        self.now = now
        self.switches = switches or Switches()
        self.hostels: dict[str, Hostel] = {}
        self.threads: dict[str, Thread] = {}
        self.wire: deque[dict[str, Any]] = deque(maxlen=500)
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Call ``watcher`` after each change."""
        self._watchers.append(watcher)

    def add_hostel(self, name: str, key: str | None = None) -> Hostel:
        """Open a property; without a key it is given one."""
        hostel = Hostel(name, key or _new_key())
        self.hostels[name] = hostel
        return hostel

    def rotate_key(self, name: str) -> str:
        """Make a new key; the old one is dead at once."""
        self.hostels[name].key = _new_key()
        return self.hostels[name].key

    def open_thread(
        self,
        hostel: str,
        *,
        channel: str = "AIRBNB",
        guest_name: str | None = "Sam Example",
        booking_id: str | None = None,
        subject: str | None = None,
        thread_id: str | None = None,
    ) -> Thread:
        """Open a thread, empty."""
        thread = Thread(
            thread_id=thread_id or str(uuid.uuid4()),
            hostel=hostel,
            channel=channel,
            guest_name=guest_name,
            booking_id=booking_id,
            subject=subject,
            created_at=self.now(),
        )
        self.threads[thread.thread_id] = thread
        self._changed()
        return thread

    def guest_writes(
        self, thread_id: str, content: str, *, at: datetime | None = None, is_read: bool = False
    ) -> str:
        """Let the guest write; ``at`` is an earlier time for a message that comes in late."""
        thread = self.threads[thread_id]
        sender = "guest" if thread.channel != "EMAIL" else "guest@mail.example"
        message = Message(
            message_id=str(uuid.uuid4()),
            content=content,
            direction="INBOUND",
            source="GUEST",
            sender=sender,
            at=at or self.now(),
            came_at=self.now(),
            is_read=is_read,
        )
        thread.messages.append(message)
        self._changed()
        return message.message_id

    def property_writes(
        self, thread_id: str, content: str, *, source: str = "MANUAL", at: datetime | None = None
    ) -> str:
        """Let staff answer in the Hostel Mate inbox, or the system write by itself."""
        message = Message(
            message_id=str(uuid.uuid4()),
            content=content,
            direction="OUTBOUND",
            source=source,
            sender="hostel@example.com",
            at=at or self.now(),
            came_at=self.now(),
            is_read=True,
        )
        self.threads[thread_id].messages.append(message)
        self._changed()
        return message.message_id

    def read_in_inbox(self, thread_id: str) -> None:
        """Let staff read a thread in the Hostel Mate inbox."""
        for message in self.threads[thread_id].messages:
            message.is_read = True
        self._changed()

    def archive(self, thread_id: str) -> None:
        """Put a thread away."""
        self.threads[thread_id].status = "ARCHIVED"
        self._changed()

    def hostel_of(self, key: str) -> Hostel | None:
        """Find the property whose key this is."""
        matching = (
            each
            for each in self.hostels.values()
            if secrets.compare_digest(each.key.encode(), key.encode())
        )
        return next(matching, None)

    def listed(self, hostel: str) -> list[Thread]:
        """List a property's threads in the order of the list."""
        threads = [each for each in self.threads.values() if each.hostel == hostel]
        if self.switches.list_order == "id":
            return sorted(threads, key=lambda each: each.thread_id)
        if self.switches.list_order == "activity":
            return sorted(threads, key=_activity, reverse=True)
        return threads

    def preview(self, thread: Thread) -> Message | None:
        """Return the message that the list shows of a thread."""
        ordered = thread.oldest_first if self.switches.preview == "written" else thread.messages
        return ordered[-1] if ordered else None

    def messages(self) -> Iterator[tuple[Thread, Message]]:
        """Walk all messages with their threads."""
        for thread in self.threads.values():
            for message in thread.messages:
                yield thread, message

    def _changed(self) -> None:
        for watcher in self._watchers:
            watcher()


def _activity(thread: Thread) -> datetime:
    return max([thread.created_at, *(each.at for each in thread.messages)])


def _new_key() -> str:
    return f"hm_live_{secrets.token_hex(16)}"
