"""Reads the stand-ins' states into the books that the ledger compares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from bridgebot.sandbox.console.ledger import Books, Held, Post
from bridgebot.sandbox.hostelmate.hostel import HostelMate
from bridgebot.sandbox.messaging.booking import Booking
from bridgebot.sandbox.slack.state import Channel
from bridgebot.sandbox.slack.workspace import Workspace

# Hostel Mate copies these from Booking.com, whose own API the bridge reads.
_COPIED: Final = "BOOKING_COM"


def books(
    booking: Booking, hostelmate: HostelMate, workspace: Workspace, deleted: Iterable[Post] = ()
) -> Books:
    """Read both sides; ``deleted`` are messages that Slack no longer holds."""
    posts = (
        read_post(workspace, channel, message)
        for channel in workspace.channels.values()
        for message in channel.messages.values()
    )
    return Books(
        held=(*_held(booking), *_lodgers(hostelmate)),
        posts=(*posts, *deleted),
        writable=frozenset(
            key for key, one in booking.conversations.items() if one.access == "read_write"
        ),
        names={key: person.name for key, person in workspace.people.items()},
        forms=tuple(workspace.filled_in),
        pressed=Counter(workspace.pressed),
        confirmed=sum(account.confirmed for account in booking.accounts.values()),
    )


def _held(booking: Booking) -> Iterable[Held]:
    for key, conversation in booking.conversations.items():
        for message in conversation.messages:
            yield Held(
                message_id=message.message_id,
                conversation_id=key,
                content=message.content,
                api=message.api,
                from_guest=message.sender == "guest",
                at=message.at.timestamp(),
                pictures=len(message.attachment_ids),
            )


def _lodgers(hostelmate: HostelMate) -> Iterable[Held]:
    for thread, message in hostelmate.messages():
        if thread.channel != _COPIED:
            yield Held(
                message_id=message.message_id,
                conversation_id=thread.thread_id,
                content=message.content,
                from_guest=message.direction == "INBOUND",
                at=message.came_at.timestamp(),
            )


def author(workspace: Workspace, message: Mapping[str, Any]) -> str:
    """Tell the bridge, a full human member, and everybody else apart."""
    if message.get("bot_id") in {app.bot_id for app in workspace.apps.values()}:
        return "app"
    person = workspace.people.get(str(message.get("user")))
    if person is None or "bot_id" in message or person.bot or person.guest or person.deleted:
        return "other"
    return "member" if person.team_id == workspace.team_id else "other"


def read_post(workspace: Workspace, channel: Channel, message: Mapping[str, Any]) -> Post:
    """Read one Slack message, with all versions it had and the bridge's marks on it."""
    ts, metadata = message["ts"], message.get("metadata") or {}
    thread_ts = message.get("thread_ts")
    texts = workspace.history.get((channel.channel_id, ts)) or [str(message.get("text", ""))]
    bots = {app.user_id for app in workspace.apps.values()}
    return Post(
        channel=channel.channel_id,
        ts=ts,
        author=author(workspace, message),
        thread_ts=thread_ts if thread_ts != ts else None,
        texts=tuple(texts),
        event_type=str(metadata.get("event_type", "")),
        payload=metadata.get("event_payload") or {},
        files=len(message.get("files", ())),
        marks=frozenset(
            one["name"] for one in message.get("reactions", ()) if bots & set(one["users"])
        ),
    )
