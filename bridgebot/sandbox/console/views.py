"""Turns the stand-ins' states into the tables the page is drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from bridgebot.sandbox import world
from bridgebot.sandbox.console.pictures import of_message, of_post
from bridgebot.sandbox.console.stream import State, Table
from bridgebot.sandbox.hostelmate.hostel import HostelMate
from bridgebot.sandbox.messaging.booking import Booking, Message
from bridgebot.sandbox.script import names, read
from bridgebot.sandbox.slack.state import Channel
from bridgebot.sandbox.slack.workspace import Workspace

SHORTCUTS: Final = (
    {"callback_id": "send_to_guest", "name": "Send to guest"},
    {"callback_id": "keep_internal", "name": "Keep internal"},
    {"callback_id": "saved_replies", "name": "Saved replies"},
    {"callback_id": "older_messages", "name": "Older messages"},
)
COMMANDS: Final = (
    {
        "name": "/reservation",
        "hint": "[reservation number | guest name | words]",
        "about": "Find a guest's conversation",
    },
    {"name": "/unanswered", "hint": "", "about": "List the guests who wait, the longest first"},
    {
        "name": "/bridgebot",
        "hint": "status | replies | backfill 2026-01-31 | help",
        "about": "How the bridge is doing",
    },
)
_STAYS: Final = {stay.conversation_id: stay for stay in (*world.STAYS, *world.LODGERS)}
_PEOPLE: Final = {person.user_id: person for person in world.PEOPLE}
_PURPOSES: Final = {channel.channel_id: channel.purpose for channel in world.CHANNELS}
_CITIES: Final = {one.property_id: one.city for one in (*world.PROPERTIES, world.HOSTEL)}


def tables(booking: Booking, hostelmate: HostelMate, workspace: Workspace) -> State:
    """Show both sides, table by table."""
    return {
        "properties": _properties(booking) | _hostels(hostelmate),
        "conversations": _conversations(booking) | _threads(hostelmate),
        "messages": _messages(booking) | _lodgers(hostelmate),
        "people": _people(workspace),
        "channels": _channels(workspace),
        "posts": _posts(workspace),
        "offers": {"shortcuts": SHORTCUTS, "commands": COMMANDS, "scenarios": _scenarios()},
    }


@cache
def _scenarios() -> list[dict[str, object]]:
    return [
        {"name": one.name, "title": one.title, "about": one.about, "speed": one.speed}
        for one in map(read, names())
    ]


def _properties(booking: Booking) -> Table:
    return {
        key: {"id": key, "name": name, "city": _CITIES.get(key, "")}
        for key, name in booking.properties.items()
    }


def _conversations(booking: Booking) -> Table:
    result: Table = {}
    for key, conversation in booking.conversations.items():
        stay = _STAYS.get(key)
        result[key] = {
            "id": key,
            "property_id": conversation.property_id,
            "guest": conversation.guest_name or (stay.guest if stay else "Guest"),
            "type": conversation.kind,
            "reference": conversation.reference,
            "access": conversation.access,
            "has_account": conversation.has_account,
            "language": stay.language if stay else "",
            "arrival": stay.arrival.isoformat() if stay else "",
            "departure": stay.departure.isoformat() if stay else "",
        }
    return result


def _origin(message: Message) -> str:
    if message.sender == "guest":
        return "guest"
    if message.api:
        return "api"
    return "template" if message.kind == "automatically_sent_template" else "extranet"


def _messages(booking: Booking) -> Table:
    return {
        message.message_id: {
            "id": message.message_id,
            "conversation_id": key,
            "order": order,
            "sender": message.sender,
            "origin": _origin(message),
            "content": message.content,
            "pictures": of_message(booking, message),
            "at": message.at.isoformat(),
        }
        for key, conversation in booking.conversations.items()
        for order, message in enumerate(conversation.messages)
    }


def _hostels(mate: HostelMate) -> Table:
    name = world.HOSTEL.name
    return {key: {"id": key, "name": name, "city": _CITIES.get(key, "")} for key in mate.hostels}


def _threads(mate: HostelMate) -> Table:
    """Show Hostel Mate's threads; those it copies from Booking.com have their phone already."""
    return {
        key: {
            "id": key,
            "property_id": thread.hostel,
            "guest": thread.guest_name or "Guest",
            "type": thread.channel,
            "reference": thread.booking_id,
            "access": "read_only",
            "has_account": True,
            "language": stay.language,
            "arrival": stay.arrival.isoformat(),
            "departure": stay.departure.isoformat(),
        }
        for key, thread in mate.threads.items()
        if (stay := _STAYS.get(key)) is not None
    }


def _lodgers(mate: HostelMate) -> Table:
    return {
        message.message_id: {
            "id": message.message_id,
            "conversation_id": thread.thread_id,
            "order": order,
            "sender": "guest" if message.direction == "INBOUND" else "property",
            "origin": "guest" if message.direction == "INBOUND" else "extranet",
            "content": message.content,
            "pictures": [],
            "at": message.at.isoformat(),
        }
        for thread in mate.threads.values()
        if thread.thread_id in _STAYS
        for order, message in enumerate(thread.oldest_first)
    }


def _people(workspace: Workspace) -> Table:
    apps = {app.user_id for app in workspace.apps.values()}
    result: Table = {}
    for key, person in workspace.people.items():
        known = _PEOPLE.get(key)
        result[key] = {
            "id": key,
            "name": person.name,
            "role": known.role if known else "",
            "note": known.note if known else "",
            "app": key in apps,
        }
    return result


def _channels(workspace: Workspace) -> Table:
    return {
        key: {
            "id": key,
            "name": channel.name,
            "purpose": _PURPOSES.get(key, ""),
            "is_private": channel.private,
        }
        for key, channel in workspace.channels.items()
    }


def _posts(workspace: Workspace) -> Table:
    result: Table = {}
    for channel in workspace.channels.values():
        for message in channel.messages.values():
            row = _post(workspace, channel, message)
            result[row["key"]] = row
    for shown in workspace.ephemerals:
        row = _ephemeral(workspace, shown)
        result[row["key"]] = row
    return result


def _name(workspace: Workspace, message: Mapping[str, Any]) -> str:
    person = workspace.people.get(str(message.get("user")))
    return str(message.get("username") or (person.name if person else "Slackbot"))


def _post(workspace: Workspace, channel: Channel, message: Mapping[str, Any]) -> dict[str, Any]:
    ts, metadata = message["ts"], message.get("metadata") or {}
    is_root = metadata.get("event_type") == "bridgebot_thread"
    thread_ts = message.get("thread_ts")
    typed = workspace.history.get((channel.channel_id, ts))
    return {
        "key": f"{channel.channel_id}:{ts}",
        "channel": channel.channel_id,
        "ts": ts,
        "thread_ts": thread_ts if thread_ts != ts else None,
        "user": message.get("user"),
        "name": _name(workspace, message),
        "app": "bot_id" in message,
        "custom": "username" in message,
        "text": message.get("text", ""),
        "typed": typed[0] if typed else None,
        "blocks": message.get("blocks") or None,
        "files": of_post(message.get("files", ())),
        "edited": "edited" in message,
        "reactions": [
            {"name": one["name"], "users": list(one["users"])}
            for one in message.get("reactions", ())
        ],
        "only_for": None,
        "conversation_id": metadata["event_payload"].get("conversation_id") if is_root else None,
    }


def _ephemeral(workspace: Workspace, shown: Mapping[str, Any]) -> dict[str, Any]:
    app = workspace.apps.get(shown["app"])
    return {
        "key": f"only:{shown['channel']}:{shown['ts']}",
        "channel": shown["channel"],
        "ts": shown["ts"],
        "thread_ts": shown.get("thread_ts"),
        "user": app.user_id if app else "USLACKBOT",
        "name": app.name if app else "Slackbot",
        "app": app is not None,
        "custom": False,
        "text": shown["text"],
        "typed": None,
        "blocks": shown["blocks"] or None,
        "files": [],
        "edited": False,
        "reactions": [],
        "only_for": shown["user"],
        "conversation_id": None,
    }
