"""Answers as Hostel Mate writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bridgebot.sandbox.hostelmate.hostel import HostelMate, Message, Thread
from bridgebot.sandbox.hostelmate.switches import Switches

Json = dict[str, Any]


def list_page(mate: HostelMate, threads: Sequence[Thread], offset: int, limit: int) -> Json:
    """Make a page of the list of threads."""
    shown = [_listed(mate, each) for each in threads[offset : offset + limit]]
    return {"pagination": _pagination(len(threads), offset, limit), "results": shown}


def thread_page(mate: HostelMate, thread: Thread, offset: int, limit: int) -> Json:
    """Make a page of a thread's messages, oldest first."""
    messages = thread.oldest_first
    about = {
        "id": thread.thread_id,
        "booking_id": thread.booking_id,
        "channel": thread.channel,
        "guest_name": thread.guest_name,
    }
    return {
        "thread": _set(about, mate.switches),
        "pagination": _pagination(len(messages), offset, limit),
        "results": [_message(each, mate.switches) for each in messages[offset : offset + limit]],
    }


def error_body(code: str, switches: Switches) -> Json | str | None:
    """Make an error's body; the documents show none."""
    words = code.replace("_", " ").capitalize()
    if switches.error_body == "nested":
        return {"error": {"code": code, "message": words}}
    if switches.error_body == "plain":
        return words
    return None if switches.error_body == "empty" else {"error": code, "message": words}


def moment(at: datetime, switches: Switches) -> str:
    """Write a time."""
    if switches.times == "millis":
        return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    text = at.astimezone(UTC).isoformat(timespec="seconds")
    return text if switches.times == "offset" else text.replace("+00:00", "Z")


def _pagination(total: int, offset: int, limit: int) -> Json:
    return {
        "total": total,
        "limit": limit,
        "offset": offset,
        "has_more": offset + limit < total,
    }


def _listed(mate: HostelMate, thread: Thread) -> Json:
    last = mate.preview(thread)
    preview = last and {
        "content": last.content,
        "direction": last.direction,
        "created_at": moment(last.at, mate.switches),
    }
    entry = {
        "id": thread.thread_id,
        "booking_id": thread.booking_id,
        "channel": thread.channel,
        "guest_name": thread.guest_name,
        "subject": thread.subject,
        "is_read": not thread.unread,
        "unread_count": thread.unread,
        "status": thread.status,
        "last_message": preview,
        "created_at": moment(thread.created_at, mate.switches),
    }
    return _set(entry, mate.switches)


def _message(message: Message, switches: Switches) -> Json:
    return {
        "id": message.message_id,
        "content": message.content,
        "direction": message.direction,
        "source": message.source,
        "sender": message.sender,
        "is_read": message.is_read,
        "created_at": moment(message.at, switches),
    }


def _set(entry: Json, switches: Switches) -> Json:
    """Leave out what is not there, where the switch says so."""
    if switches.unset == "null":
        return entry
    return {name: value for name, value in entry.items() if value is not None}
