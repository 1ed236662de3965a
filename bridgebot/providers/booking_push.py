"""Notifications of new messages, as the Connectivity Notification Service sends them.

The envelope is ``{"metadata": {"uuid", "type", "payloadVersion"}, "payload": {...}}`` (Managing
notifications); the payload looks like an entry of the queue, though the words for who wrote may be
others (reference, section 15).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridgebot.model import Batch, ProviderName, Unreadable
from bridgebot.providers.booking_payloads import read_entries
from bridgebot.providers.reading import as_mapping, as_text_or_none

NEW_MESSAGE = "MESSAGING_API_NEW_MESSAGE"
LONGEST_WORD = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What stands on a notification's envelope; ``key`` knows the same one again.

    Whether a retry carries the same ``uuid`` is not documented, nor whether another message never
    does; so both ids together tell what is the same.
    """

    kind: str
    key: str
    is_message: bool


def read_notice(body: Mapping[str, Any], raw: str) -> Notice:
    """Read a notification's envelope; one without a type may hold a message and is kept as one."""
    metadata, payload = as_mapping(body.get("metadata")), as_mapping(body.get("payload"))
    kind = (as_text_or_none(metadata.get("type")) or "")[:LONGEST_WORD]
    ids = [as_text_or_none(metadata.get("uuid")), as_text_or_none(payload.get("message_id"))]
    if ids[1] is None:
        ids[1] = hashlib.sha256(raw.encode()).hexdigest()
    key = " ".join(each[:LONGEST_WORD] for each in ids if each)
    return Notice(kind=kind, key=key, is_message=kind in {NEW_MESSAGE, ""})


def read_push(body: str, provider: ProviderName) -> Batch:
    """Read the message of a kept notification; one that cannot be read is put aside whole."""
    envelope = json.loads(body)
    if not isinstance(envelope.get("payload"), dict):
        return Batch(unreadable=(Unreadable(raw=body, reason="payload: missing"),))
    messages, unreadable = read_entries([envelope["payload"]], provider)
    return Batch(messages=tuple(messages), unreadable=tuple(unreadable))
