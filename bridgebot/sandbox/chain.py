"""The small chain, running: both stand-ins furnished, what people do in them, and the ledger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, Final, Protocol

from bridgebot.sandbox import world
from bridgebot.sandbox.console.books import books, read_post
from bridgebot.sandbox.console.ledger import Ledger, Post, ledger
from bridgebot.sandbox.console.stream import State
from bridgebot.sandbox.console.surfaces import surfaces
from bridgebot.sandbox.console.troubles import Troubles
from bridgebot.sandbox.console.views import tables
from bridgebot.sandbox.console.wire import Wire
from bridgebot.sandbox.furniture import furnish_booking, furnish_hostelmate, furnish_workspace
from bridgebot.sandbox.hostelmate.hostel import HostelMate
from bridgebot.sandbox.hostelmate.standin import HostelMateStandIn
from bridgebot.sandbox.hostelmate.webhook import Webhook
from bridgebot.sandbox.messaging.attachments import guest_sends
from bridgebot.sandbox.messaging.booking import Booking
from bridgebot.sandbox.messaging.notifications import Notifier
from bridgebot.sandbox.messaging.standin import BookingStandIn
from bridgebot.sandbox.script import Script
from bridgebot.sandbox.slack.files import person_uploads
from bridgebot.sandbox.slack.standin import SlackStandIn
from bridgebot.sandbox.slack.workspace import Workspace
from bridgebot.sandbox.world import Stay

# The bridge's posts that carry what others said.
_SHOWN: Final = ("bridgebot_thread", "bridgebot_message")
# On the page a message may take this long before it counts as lost.
_PATIENCE: Final = 120.0


class Bot(Protocol):
    """The bridge's process, where the sandbox runs it itself."""

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        ...

    async def start(self) -> None:
        """Start it."""
        ...

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        ...


class Chain:
    """All stand-ins of the small chain, and what can be done and seen there."""

    def __init__(self) -> None:
        self.booking = Booking()
        self.workspace = Workspace(world.TEAM, world.WORKSPACE)
        self.hostelmate = HostelMate()
        furnish_booking(self.booking)
        furnish_hostelmate(self.hostelmate)
        furnish_workspace(self.workspace)
        self.booking_api = BookingStandIn(self.booking)
        self.hostelmate_api = HostelMateStandIn(self.hostelmate)
        self.slack_api = SlackStandIn(self.workspace)
        self.notifier = Notifier(self.booking)
        self.webhook = Webhook(self.hostelmate)
        self.troubles = Troubles(self.booking_api, self.slack_api, self.notifier)
        self.wire = Wire(self.booking, self.workspace)
        self.bot: Bot | None = None
        # What the page says about the scenario that is played, if one is.
        self.scene: Callable[[], dict[str, object]] = dict
        # Plays another scenario, where the sandbox runs the bot itself.
        self.play: Callable[[Script], Awaitable[None]] | None = None
        self.touch: Callable[[], None] = lambda: None
        self.port = 0
        # Set as soon as a page follows what happens.
        self.looked_at = asyncio.Event()
        self._deleted: list[Post] = []

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def watch(self, touch: Callable[[], None]) -> None:
        """Call ``touch`` after each change on either side."""
        self.touch = touch
        self.booking.watch(lambda _change: touch())
        self.hostelmate.watch(touch)
        self.workspace.watch(lambda _change: touch())

    def ledger(self, *, patience: float | None = None) -> Ledger:
        """Compare both sides; without ``patience`` everything has to be in its place."""
        both = books(self.booking, self.hostelmate, self.workspace, self._deleted)
        if patience is None:
            return ledger(both)
        return ledger(both, now=time.time(), patience=patience)

    def state(self) -> State:
        """Show everything the page is drawn from."""
        figures = asdict(self.ledger(patience=_PATIENCE))
        app: dict[str, object] = {
            "name": "bridgebot",
            "workspace": self.workspace.team_name,
            "id": world.APP,
            "connected": self._connected(),
            # Null where the bot is somebody else's process, which the page cannot kill.
            "running": None if self.bot is None else self.bot.alive,
        }
        both = tables(self.booking, self.hostelmate, self.workspace)
        return {
            **both,
            **surfaces(self.slack_api),
            "app": app,
            "figures": figures,
            "troubles": self.troubles.table(),
            "scene": self.scene(),
        }

    def _connected(self) -> bool:
        app = self.workspace.apps[world.APP]
        return bool(app.request_url) or self.slack_api.sockets.connected(world.APP)

    def guest_writes(self, stay: Stay, text: str) -> str:
        """Let a guest write."""
        return self.says_guest(stay.conversation_id, text)

    def guest_wrote_before(self, stay: Stay, text: str) -> str:
        """Let a message come in late through an agency: it stands where it was written."""
        at = self.hostelmate.now() - timedelta(minutes=20)
        return self.hostelmate.guest_writes(stay.conversation_id, text, at=at)

    def guest_wrote_long_ago(self, stay: Stay, text: str) -> None:
        """Let there be a message from before the queue was looked at."""
        self.booking.guest_writes(stay.conversation_id, text)
        message = self.booking.conversations[stay.conversation_id].messages[-1]
        message.at -= timedelta(days=40)
        for account in self.booking.accounts.values():
            account.queue.pop()

    def hotel_writes(self, stay: Stay, text: str, *, template: str | None = None) -> str:
        """Let the hotel write elsewhere, or a template go out by itself."""
        if template is None:
            return self.says_hotel(stay.conversation_id, text)
        return self.booking.property_writes(
            stay.conversation_id,
            text,
            kind="automatically_sent_template",
            attributes={"template_id": "1001", "template_name": template},
        )

    def has(self, conversation_id: str) -> bool:
        """Tell whether there is such a conversation."""
        return conversation_id in {**self.booking.conversations, **self.hostelmate.threads}

    def says_guest(self, conversation_id: str, text: str) -> str:
        """Let the guest of a conversation write, whichever provider it is at."""
        if conversation_id in self.hostelmate.threads:
            return self.hostelmate.guest_writes(conversation_id, text)
        return self.booking.guest_writes(conversation_id, text)

    def says_hotel(self, conversation_id: str, text: str) -> str:
        """Let the hotel write in the extranet, or in Hostel Mate's inbox."""
        if conversation_id in self.hostelmate.threads:
            return self.hostelmate.property_writes(conversation_id, text)
        return self.booking.property_writes(conversation_id, text)

    def answer_everybody(self, text: str) -> None:
        """Let the hotel answer elsewhere whoever wrote last."""
        threads = self.hostelmate.threads.items()
        waiting = [key for key, one in threads if _wrote_last(one.oldest_first, "direction")]
        talks = self.booking.conversations.items()
        waiting += [key for key, one in talks if _wrote_last(one.messages, "sender")]
        for conversation in waiting:
            self.says_hotel(conversation, text)

    def queue_unreadable(self, stay: Stay) -> None:
        """Put an entry into the queue that nobody can read."""
        about = {"property_id": stay.property_id, "conversation_id": ["not", "an", "id"]}
        self.booking.queue_junk({"message_id": None, "timestamp": "soon", "conversation": about})

    def queue_again(self, stay: Stay) -> None:
        """Deliver the first message of a guest once more."""
        first = self.booking.conversations[stay.conversation_id].messages[0]
        self.booking.queue_again(first.message_id)

    def queued(self) -> int:
        """Count what waits in the queues."""
        return sum(len(account.queue) for account in self.booking.accounts.values())

    def thread_of(self, stay: Stay) -> tuple[str, str] | None:
        """Find the channel and the root of a guest's thread."""
        for channel in self.workspace.channels.values():
            for message in channel.messages.values():
                if _conversation(message) == stay.conversation_id:
                    return channel.channel_id, str(message["ts"])
        return None

    def says(
        self, person: world.Person, stay: Stay, text: str, *, file: tuple[str, bytes] | None = None
    ) -> str:
        """Let somebody write in a guest's thread, beside a file if given; return the ts."""
        channel, root = self._thread(stay)
        user, there = person.user_id, self.workspace
        files = [person_uploads(there, user, *file)] if file is not None else []
        return there.person_writes(user, channel, text, thread_ts=root, files=files)

    def guest_sends(self, stay: Stay, name: str, data: bytes, text: str) -> None:
        """Let a guest of Booking.com send a picture."""
        guest_sends(self.booking, stay.conversation_id, name, data, text)

    def pictures_shown(self, stay: Stay) -> list[bytes]:
        """List the bytes of the pictures that the bridge put into a guest's thread."""
        files = self.workspace.files
        return [
            files[each["id"]].data or b""
            for message in (self._replies(stay) if self.thread_of(stay) else ())
            if message.get("bot_id") == world.BOT
            for each in message.get("files", ())
        ]

    def pictures_got(self, stay: Stay) -> list[bytes]:
        """List the bytes of the pictures that a guest got through the API."""
        messages = self.booking.conversations[stay.conversation_id].messages
        kept = self.booking.attachments
        return [kept[key].data for each in messages if each.api for key in each.attachment_ids]

    def edits(self, person: world.Person, stay: Stay, ts: str, text: str) -> None:
        """Let somebody edit what they wrote in a guest's thread."""
        self.workspace.person_edits(person.user_id, self._thread(stay)[0], ts, text)

    def deletes(self, stay: Stay, ts: str) -> None:
        """Delete a message in a guest's thread."""
        self.delete(self._thread(stay)[0], ts)

    def delete(self, channel_id: str, ts: str) -> None:
        """Delete a message; the ledger remembers it, since it may have gone out before."""
        channel = self.workspace.channels[channel_id]
        post = read_post(self.workspace, channel, channel.messages[ts])
        self._deleted.append(replace(post, deleted=True))
        self.workspace.person_deletes(channel_id, ts)

    def got(self, stay: Stay) -> list[str]:
        """List what a guest got through the API."""
        messages = self.booking.conversations[stay.conversation_id].messages
        return [message.content for message in messages if message.api]

    def marks(self, stay: Stay, text: str) -> frozenset[str]:
        """Name the bridge's marks on a staff message, found by what was typed."""
        found = self._written(stay, text)
        if found is None:
            return frozenset()
        channel = self.workspace.channels[self._thread(stay)[0]]
        return read_post(self.workspace, channel, found).marks

    def told_after(self, stay: Stay, text: str) -> bool:
        """Tell whether the bridge said something of its own in the thread after a message."""
        found = self._written(stay, text)
        return found is not None and any(
            message.get("bot_id") == world.BOT
            and (message.get("metadata") or {}).get("event_type") not in _SHOWN
            and message["ts"] > found["ts"]
            for message in self._replies(stay)
        )

    def private_words(self, person: world.Person) -> list[str]:
        """List what only this person was shown."""
        shown = self.workspace.ephemerals
        return [str(one["text"]) for one in shown if one["user"] == person.user_id]

    def alerts(self) -> dict[str, str]:
        """List the alerts by kind, each with its state."""
        result: dict[str, str] = {}
        for message in self.workspace.channels[world.ALERTS.channel_id].messages.values():
            metadata = message.get("metadata") or {}
            if metadata.get("event_type") == "bridgebot_alert":
                payload = metadata["event_payload"]
                result[str(payload.get("kind"))] = str(payload.get("state"))
        return result

    def _thread(self, stay: Stay) -> tuple[str, str]:
        thread = self.thread_of(stay)
        if thread is None:
            raise LookupError(f"no thread for {stay.guest}")
        return thread

    def _replies(self, stay: Stay) -> Iterator[dict[str, Any]]:
        channel_id, root = self._thread(stay)
        channel = self.workspace.channels[channel_id]
        for message in channel.messages.values():
            if message.get("thread_ts") == root and message["ts"] != root:
                yield message

    def _written(self, stay: Stay, text: str) -> dict[str, Any] | None:
        if self.thread_of(stay) is None:
            return None
        channel_id, _ = self._thread(stay)
        return next(
            (
                message
                for message in self._replies(stay)
                if text in self.workspace.history.get((channel_id, message["ts"]), ())
            ),
            None,
        )


def _wrote_last(messages: Sequence[Any], field: str) -> bool:
    return bool(messages) and getattr(messages[-1], field) in {"guest", "INBOUND"}


def _conversation(message: dict[str, Any]) -> str | None:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") != "bridgebot_thread":
        return None
    return str(metadata["event_payload"].get("conversation_id"))
