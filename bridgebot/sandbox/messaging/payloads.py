"""The shapes of Booking.com's answers, with the types each endpoint documents."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bridgebot.sandbox.messaging.booking import Conversation, Junk, Message
from bridgebot.sandbox.messaging.switches import Switches

PAGE = 50


def envelope(data: object, errors: Sequence[object] = ()) -> dict[str, Any]:
    """Wrap data as every answer is wrapped."""
    ruid = base64.b64encode(uuid.uuid4().bytes * 3).decode()
    return {"meta": {"ruid": ruid}, "data": data, "errors": list(errors), "warnings": []}


def stamp(at: datetime) -> str:
    """Write a time as messages carry it."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def short_stamp(at: datetime) -> str:
    """Write a time as the queue's own answer does: two digits, no zone."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 10000:02d}"


def queue_entry(entry: Any, version: str, switches: Switches) -> Any:  # noqa: ANN401
    """Write a queue entry."""
    if isinstance(entry, Junk):
        return entry.entry
    conversation, message = entry
    is_guest = message.sender == "guest"
    about: dict[str, Any] = {
        "conversation_id": conversation.conversation_id,
        "conversation_type": conversation.kind,
        "conversation_reference": conversation.reference,
    }
    if switches.property_id == "number" and conversation.property_id.isdigit():
        about["property_id"] = int(conversation.property_id)
    elif switches.property_id != "absent":
        about["property_id"] = conversation.property_id
    metadata: dict[str, Any] = {"participant_type": "GUEST" if is_guest else "property"}
    if is_guest and version >= "1.2" and conversation.shown_name:
        metadata["name"] = conversation.shown_name
    sender = {
        "participant_id": conversation.guest_id if is_guest else conversation.hotel_id,
        "metadata": metadata,
    }
    addressee = conversation.hotel_id if is_guest else conversation.guest_id
    return {
        "message_id": message.message_id,
        "timestamp": stamp(message.at),
        "content": message.content,
        "attachment_ids": list(message.attachment_ids),
        "sender": sender,
        "conversation": about,
        **({"reply_to": addressee} if switches.reply_to == "present" else {}),
        **_typed(message, version, switches),
    }


def thread_entry(
    conversation: Conversation,
    messages: Sequence[Message],
    version: str,
    switches: Switches,
    *,
    tagged: bool = True,
) -> dict[str, Any]:
    """Write a conversation with some of its messages, newest first as they are given."""
    guest: dict[str, Any] = {"type": "guest"}
    if version >= "1.2" and conversation.shown_name:
        guest["name"] = conversation.shown_name
    number = conversation.property_id
    hotel = {"type": "property", "id": int(number) if number.isdigit() else number}
    entry: dict[str, Any] = {
        "conversation_id": conversation.conversation_id,
        "conversation_type": conversation.kind,
        "conversation_reference": conversation.reference,
        "access": conversation.access,
        "participants": [
            {"participant_id": conversation.guest_id, "metadata": guest},
            {"participant_id": conversation.hotel_id, "metadata": hotel},
        ],
    }
    shown: list[dict[str, Any]] = []
    for message in messages:
        readers = sorted(message.read_by) if tagged else []
        shown += _thread_messages(conversation, message, readers, version, switches)
    if shown or switches.empty_messages == "list":
        entry["messages"] = shown
    if conversation.no_reply_needed is not None:
        entry["tags"] = {"no_reply_needed": {"set": conversation.no_reply_needed}}
    return entry


def _thread_message(
    conversation: Conversation, message: Message, version: str, switches: Switches
) -> dict[str, Any]:
    is_guest = message.sender == "guest"
    entry: dict[str, Any] = {
        "message_id": message.message_id,
        "timestamp": stamp(message.at),
        "sender_id": conversation.guest_id if is_guest else conversation.hotel_id,
        "content": message.content,
        **_typed(message, version, switches),
    }
    if message.attachment_ids:
        entry["attachment_ids"] = list(message.attachment_ids)
    return entry


def _thread_messages(
    conversation: Conversation,
    message: Message,
    readers: list[str],
    version: str,
    switches: Switches,
) -> list[dict[str, Any]]:
    """Write a message and, beside or inside it, who has read it."""
    entry = _thread_message(conversation, message, version, switches)
    if switches.tag_entries == "on":
        readers = readers or [conversation.guest_id]
    if not readers:
        return [entry]
    tags = {"tags": {"read": {"set": True, "participants": readers}}}
    return [{**entry, **tags}] if switches.read_tags == "inside" else [entry, tags]


def search_entry(
    conversation: Conversation,
    message: Message,
    version: str,
    names: Mapping[str, str],
    switches: Switches,
) -> dict[str, Any]:
    """Write a message of a search's result, which names the property under any version."""
    if message.sender == "guest":
        participant, kind = conversation.guest_id, "guest"
        name = conversation.shown_name if version >= "1.2" else None
    else:
        participant, kind = conversation.hotel_id, "hotel"
        name = names.get(conversation.property_id)
    return {
        "message_id": message.message_id,
        "property_id": conversation.property_id,
        "timestamp": stamp(message.at),
        "content": message.content,
        "attachment_ids": list(message.attachment_ids),
        "sender": {
            "participant_id": participant,
            "metadata": {"participant_type": kind, **({"name": name} if name else {})},
        },
        "conversation": {
            "conversation_id": conversation.conversation_id,
            "conversation_type": conversation.kind,
            "conversation_reference": conversation.reference,
        },
        **_typed(message, version, switches),
    }


def account_word(*, has: bool, switches: Switches) -> bool | str:
    """Say whether the guest has an account: a boolean in the sample, a string in the table."""
    return str(has).lower() if switches.guest_has_account == "string" else has


def _typed(message: Message, version: str, switches: Switches) -> dict[str, Any]:
    """Add what version 1.2 tells of a message's kind, and 1.3 of its redaction."""
    if version < "1.2":
        return {}
    attributes: dict[str, Any] = dict(message.attributes)
    told = {"is_redacted": message.redacted} if version >= "1.3" else {}
    if switches.redacted_place == "attributes":
        attributes |= told
        told = {}
    typed = {"message_type": message.kind, **told}
    return typed | ({"attributes": attributes} if attributes else {})


def page_id(offset: int, switches: Switches) -> str:
    """Make an opaque page id in one of its two known forms."""
    if switches.page_ids == "base64":
        return base64.b64encode(f"{offset:06d}".encode() + b"+/=?" * 75).decode()
    return str(uuid.UUID(fields=(offset, 0xEC41, 0x11EA, 0x80, 0x80, 0x808080808080)))


def offset_of(page: str | None) -> int | None:
    """Read a page id of ours; ``None`` where it is none."""
    if not page:
        return 0
    try:
        return uuid.UUID(page).fields[0]
    except ValueError:
        pass
    try:
        return max(0, int(base64.b64decode(page)[:6]))
    except ValueError:
        return None
