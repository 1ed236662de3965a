"""Attachments: uploads whole and in chunks, what is told about them, and downloads.

Written from "Uploading and downloading attachments" of Booking.com's documents.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from bridgebot.sandbox.messaging.answers import Answer, Call
from bridgebot.sandbox.messaging.booking import Attachment, Booking, Conversation, Upload
from bridgebot.sandbox.messaging.conversations import conversation_of
from bridgebot.sandbox.messaging.payloads import envelope

KINDS: Final = frozenset({"image/jpeg", "image/png"})
DIRECT: Final = 1
LARGEST: Final = 10
DOWNLOAD: Final = 5
"""In MB: what one request takes, what chunks make together, and what one download gives."""

_SIGNS: Final = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


@dataclass(frozen=True, slots=True)
class _Stated:
    """What an upload's body says of its file."""

    name: str
    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class _Refusal:
    status: int


@dataclass(slots=True)
class _Step:
    """One request of an upload in chunks."""

    action: str
    number: int
    content: bytes
    stated: _Stated
    upload: Upload | None = field(default=None)


def guest_sends(
    booking: Booking, conversation_id: str, name: str, data: bytes, text: str = ""
) -> tuple[str, str]:
    """Let the guest send a picture; return the message's id and the attachment's."""
    kept = _keep(booking, conversation_id, name, kind_of(data), data)
    message = booking.guest_writes(conversation_id, text, attachment_ids=[kept.attachment_id])
    return message, kept.attachment_id


def kind_of(data: bytes) -> str:
    """Tell a file's type by how it begins."""
    found = (kind for sign, kind in _SIGNS if data.startswith(sign))
    return next(found, "application/octet-stream")


def upload(call: Call) -> Answer:
    """Take a whole file of at most 1 MB."""
    found = _place(call)
    if not isinstance(found, Conversation):
        return found
    asked = _mapping(call.body.get("attachment"))
    content = _decoded(asked.get("file_content"))
    stated = _stated(call, asked)
    if content is None or isinstance(stated, _Refusal):
        return call.refused(stated.status if isinstance(stated, _Refusal) else 400)
    if len(content) != stated.size:
        return call.refused(400)
    if stated.size > DIRECT * call.switches.mega:
        return call.refused(call.switches.upload_refused)
    kept = _keep(call.booking, found.conversation_id, stated.name, stated.kind, content)
    return 200, envelope({"attachment_id": kept.attachment_id, "ok": "true"})


def upload_chunk(call: Call) -> Answer:
    """Take a chunk of a file of at most 10 MB: start, resume, finish."""
    found = _place(call)
    if not isinstance(found, Conversation):
        return found
    step = _step(call)
    if isinstance(step, _Refusal):
        return call.refused(step.status)
    uploads = call.booking.uploads
    if step.upload is None:
        made = Upload(str(uuid.uuid4()), found.conversation_id, bytearray(step.content))
        uploads[made.upload_id] = made
        shown = {"id": made.upload_id} if call.switches.upload_id == "object" else made.upload_id
        return 200, envelope({"upload_id": shown, "attachment_id": None, "ok": "true"})
    kept = _go_on(call, found, step, step.upload)
    if isinstance(kept, _Refusal):
        # On any error the upload begins again from its first chunk.
        uploads.pop(step.upload.upload_id, None)
        return call.refused(kept.status)
    data = {"upload_id": None, "attachment_id": kept, "ok": "true"}
    return 200, envelope(data)


def download(call: Call) -> Answer:
    """Give a file's bytes, or a range of them, as base64."""
    kept = _kept(call)
    if not isinstance(kept, Attachment):
        return kept
    part = _range(call, kept)
    if part is None:
        return call.refused(400)
    data = {
        "file_content": base64.b64encode(part).decode(),
        "attachment_id": kept.attachment_id,
        "conversation_id": kept.conversation_id,
        "ok": "true",
    }
    return 200, envelope(data)


def file_info(call: Call) -> Answer:
    """Tell about a file; this answer carries no ``ok``."""
    kept = _kept(call)
    if not isinstance(kept, Attachment):
        return kept
    about = {"file_name": kept.name, "file_type": kept.kind, "file_size": len(kept.data)}
    return 200, envelope(about)


def _place(call: Call) -> Conversation | Answer:
    """Find the conversation; booking requests take no attachments."""
    found = conversation_of(call)
    if isinstance(found, Conversation) and found.kind == "request_to_book":
        return call.refused(400)
    return found


def _kept(call: Call) -> Attachment | Answer:
    found = _place(call)
    if not isinstance(found, Conversation):
        return found
    kept = call.booking.attachments.get(call.path["attachment"])
    if kept is None or kept.conversation_id != found.conversation_id:
        return call.refused(call.switches.unknown_status)
    return kept


def _keep(booking: Booking, conversation: str, name: str, kind: str, data: bytes) -> Attachment:
    kept = Attachment(str(uuid.uuid4()), conversation, name, kind, data)
    booking.attachments[kept.attachment_id] = kept
    return kept


def _stated(call: Call, asked: Mapping[str, Any]) -> _Stated | _Refusal:
    """Read what is said of a file; a wrong type or size is refused."""
    name, kind, size = asked.get("file_name"), asked.get("file_type"), asked.get("file_size")
    if not isinstance(name, str) or not name or not isinstance(size, int) or size <= 0:
        return _Refusal(400)
    if kind not in KINDS or size > LARGEST * call.switches.mega:
        return _Refusal(call.switches.upload_refused)
    return _Stated(name, str(kind), size)


def _step(call: Call) -> _Step | _Refusal:
    asked = _mapping(call.body.get("attachment"))
    chunk, stated = _mapping(asked.get("chunk")), _stated(call, asked)
    if isinstance(stated, _Refusal):
        return stated
    action, number = str(asked.get("action")), _number(chunk.get("chunk_number"))
    content = _decoded(chunk.get("chunk_content"))
    if content is None or number is None or len(content) != _number(chunk.get("chunk_size")):
        return _Refusal(400)
    most = DIRECT * call.switches.mega - (call.switches.chunk_size == "less")
    if not 0 < len(content) <= most:
        return _Refusal(call.switches.upload_refused)
    given = asked.get("upload_id")
    name = given.get("id") if isinstance(given, dict) else given
    step = _Step(action, number, content, stated, call.booking.uploads.get(str(name)))
    if action == "start":
        return step if number == 0 and name is None else _Refusal(400)
    known = step.upload is not None and action in {"resume", "finish"}
    return step if known else _Refusal(400)


def _go_on(call: Call, found: Conversation, step: _Step, begun: Upload) -> str | _Refusal | None:
    """Add a chunk; the last one makes an attachment."""
    if begun.conversation_id != found.conversation_id or step.number != begun.following:
        return _Refusal(400)
    begun.data += step.content
    begun.following += 1
    if len(begun.data) > step.stated.size:
        return _Refusal(400)
    if step.action == "resume":
        return None
    if len(begun.data) != step.stated.size:
        return _Refusal(400)
    del call.booking.uploads[begun.upload_id]
    stated = step.stated
    return _keep(
        call.booking, found.conversation_id, stated.name, stated.kind, bytes(begun.data)
    ).attachment_id


def _range(call: Call, kept: Attachment) -> bytes | None:
    """Cut out what is asked for; ``None`` where that is refused."""
    switches, most = call.switches, DOWNLOAD * call.switches.mega
    start, end = call.query.get("from"), call.query.get("to")
    if start is None and end is None:
        small = DIRECT * switches.mega if switches.plain_download == "1 MB" else most
        return kept.data if len(kept.data) <= small else None
    first, last = _number(start or "0"), _number(end or str(len(kept.data)))
    if first is None or last is None or not first <= last:
        return None
    if switches.range_end == "inclusive":
        last += 1
    part = kept.data[first:last]
    return part if len(part) <= most else None


def _decoded(text: object) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _number(value: object) -> int | None:
    """Read a number, which the tables call a string."""
    text = str(value)
    return int(text) if text.isdecimal() else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
