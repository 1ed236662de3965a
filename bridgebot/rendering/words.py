"""What staff read about a message or conversation: the providers' words in plain language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bridgebot.model import Message
from bridgebot.rendering.literal import clip

_WORD = 80
_NAME = 200

_TOPICS: Mapping[str, str] = {
    "checkin": "check-in time",
    "checkout": "check-out time",
    "change_dates_nr": "change of dates",
    "cancel_booking": "cancellation",
    "booking_basic_waive_fee": "cancellation without the fee",
    "parking": "parking",
    "free_text_parking": "parking",
    "bed_type": "bed preference",
    "extra_crib": "extra crib",
    "extra_bed": "extra bed",
}
# Booking.com takes no API message as the answer to these: "Understanding the Messaging API",
# https://developers.booking.com/connectivity/docs/messaging-api/understanding-the-messaging-api
_EXTRANET_ONLY = frozenset({"change_dates_nr", "cancel_booking", "booking_basic_waive_fee"})
# … and takes any property message as the answer to these.
_REPLY_ANSWERS = frozenset({"checkin", "checkout", "bed_type", "extra_crib", "extra_bed"})

_TYPES: Mapping[str, str] = {
    "reservation": "reservation",
    "request_to_book": "request to book",
    "AIRBNB": "Airbnb",
    "BOOKING_COM": "Booking.com",
    "EMAIL": "e-mail",
    "HOSTELWORLD": "Hostelworld",
    "WHATSAPP": "WhatsApp",
}


def about_kind(message: Message, provider_label: str) -> list[str]:
    """Say what kind of message it is; nothing for plain text."""
    if message.kind in {"", "free_text"}:
        return []
    if message.kind == "self_service_event":
        return _about_request(message.attributes.get("self_service_topic", ""), provider_label)
    if message.kind == "automatically_sent_template":
        return [template_title(message)]
    if message.kind == "email":
        subject = clip(message.attributes.get("subject", ""), _NAME)
        return [f"E-mail: {subject}" if subject else "E-mail"]
    if message.kind == "request_to_book_event":
        return ["Request to book: news, see the text"]
    return [f"Kind of message: {_plain_word(message.kind)}"]


def template_title(message: Message) -> str:
    """Name an automatic template as well as the provider does."""
    given = message.attributes.get("template_name") or message.attributes.get("template_id") or ""
    name = clip(given, _NAME)
    return f"Automatic template: {name}" if name else "Automatic template"


def about_attachments(count: int, *, follow: bool = False) -> list[str]:
    """Say how many pictures go with a message, and where they are."""
    if count == 0:
        return []
    if follow:
        return ["1 picture follows" if count == 1 else f"{count} pictures follow"]
    if count == 1:
        return ["1 picture, open it in the extranet"]
    return [f"{count} pictures, open them in the extranet"]


def picture_title(about: Mapping[str, Any], guest_name: str | None) -> str:
    """Name a picture in a thread: whose it is, and which of how many."""
    which = "Picture" if about["count"] == 1 else f"Picture {about['number']} of {about['count']}"
    if not about["guest"]:
        return f"{which} from the property"
    name = clip(guest_name or "", _WORD)
    return f"{which} from {name} (guest)" if name else f"{which} from the guest"


def late_picture(sent_at: datetime) -> str:
    """Say which message a picture belongs to that comes after others."""
    return f"Belongs to the message of {moment(sent_at)}"


def conversation_type(word: str | None) -> str:
    """Say what a conversation is about."""
    if not word:
        return "conversation"
    return _TYPES.get(word) or _plain_word(word)


def moment(at: datetime) -> str:
    """Write a time that Slack shows in the reader's zone, with UTC where it cannot."""
    fallback = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"


def how_long(milliseconds: int) -> str:
    """Say how long somebody has waited, as people say it."""
    minutes = max(0, milliseconds) // 60_000
    hours, rest = divmod(minutes, 60)
    days, left = divmod(hours, 24)
    if days:
        return f"{days} d {left} h" if left else f"{days} d"
    if hours:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{minutes} min" if minutes else "less than a minute"


def _about_request(topic: str, provider_label: str) -> list[str]:
    words = _TOPICS.get(topic) or _plain_word(topic)
    lines = [f"Guest request: {words}" if words else "Guest request"]
    if topic in _EXTRANET_ONLY:
        lines.append(
            f"Answer it in the {clip(provider_label, _WORD)} extranet: a reply here does not count"
        )
    elif topic in _REPLY_ANSWERS:
        lines.append("The next reply counts as the answer")
    return lines


def _plain_word(word: str) -> str:
    return clip(word.replace("_", " "), _WORD)
