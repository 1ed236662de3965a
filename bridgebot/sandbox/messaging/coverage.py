"""What the stand-in covers of Booking.com's Messaging API, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

_P: Final = "/messaging/properties/{}"
_C: Final = f"{_P}/conversations/{{}}"


@dataclass(frozen=True, slots=True)
class Covered:
    """One documented endpoint, how far it is served, and what of it is not."""

    method: str
    path: str
    level: Literal["supported", "partial", "missing"]
    note: str = ""


COVERAGE: Final = (
    Covered(
        "POST",
        "/token-based-authentication/exchange",
        "partial",
        "JSON only; the signature is not one",
    ),
    Covered("GET", "/messaging/messages/latest", "supported"),
    Covered("PUT", "/messaging/messages", "supported"),
    Covered("POST", _C, "supported"),
    Covered("GET", f"{_P}/conversations", "supported"),
    Covered("GET", _C, "partial", "read tags are samples"),
    Covered("GET", f"{_P}/conversations/type/{{}}", "supported"),
    Covered("GET", "/messaging/messages/search", "supported"),
    Covered("GET", "/messaging/messages/search/result/{}", "supported"),
    Covered("POST", f"{_C}/attachments", "supported"),
    Covered("POST", f"{_C}/attachment_chunks", "supported"),
    Covered("GET", f"{_C}/attachments/{{}}", "supported"),
    Covered("GET", f"{_C}/attachments/{{}}/file_info", "supported"),
    Covered("GET", f"{_P}/tags", "supported"),
    Covered("PUT", f"{_C}/tags/no_reply_needed", "supported"),
    Covered("DELETE", f"{_C}/tags/no_reply_needed", "supported"),
    Covered("PUT", f"{_C}/tags/message_read", "supported"),
    Covered("DELETE", f"{_C}/tags/message_read", "supported"),
    Covered("POST", f"{_C}/tags", "supported"),
    Covered("DELETE", f"{_C}/tags", "supported"),
)
