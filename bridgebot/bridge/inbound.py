"""What to do with a message that a provider hands over."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bridgebot.bridge.closing import is_closing
from bridgebot.model import Message, SenderKind

TEMPLATE = "automatically_sent_template"
WRITTEN = frozenset({"", "free_text", "email"})
"""Kinds of message that hold what a person wrote."""


class Disposition(StrEnum):
    """What a received message is to us."""

    SHOW = "show"
    DUPLICATE = "duplicate"
    ECHO = "echo"
    KEEP = "keep"


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingReply:
    """A reply of ours whose answer is not known (yet); ``began`` is milliseconds since 1970."""

    delivery: int
    content: str
    began: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Inbound:
    """The decision on one message; ``reply`` is the delivery it is the echo of."""

    disposition: Disposition
    reply: int | None = None


SKEW_MS = 120_000
"""How far the provider's clock may run behind ours."""

_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_BLANK = re.compile(r"\s+")


def classify(
    message: Message, *, known: bool, pending: Iterable[PendingReply], history: bool = False
) -> Inbound:
    """Decide on a message: seen before, the echo of our own reply, kept quietly, or to be shown.

    An echo may come before the answer to our own post; its id is unknown then, so a reply that is
    still out is recognised by sender, content and time.
    """
    if known:
        return Inbound(disposition=Disposition.DUPLICATE)
    if message.sender is SenderKind.PROPERTY:
        reply = matching_reply(message, pending)
        if reply is not None:
            return Inbound(disposition=Disposition.ECHO, reply=reply)
    return Inbound(disposition=Disposition.KEEP if history else Disposition.SHOW)


def matching_reply(message: Message, pending: Iterable[PendingReply]) -> int | None:
    """Find the reply that a property message is the echo of, or ``None``."""
    sent = int(message.sent_at.timestamp() * 1000)
    for reply in pending:
        if sent >= reply.began - SKEW_MS and is_same_text(reply.content, message.content):
            return reply.delivery
    return None


def is_same_text(ours: str, theirs: str) -> bool:
    """Compare a text as sent with the same text as the provider shows it.

    Links that the property's security settings do not allow are removed by Booking.com (Managing
    conversations, first note), so texts are compared without links and without regard to blanks.
    """
    return _comparable(ours) == _comparable(theirs)


def _comparable(text: str) -> str:
    return _BLANK.sub("", _LINK.sub("", text))


def is_closing_word(message: Message) -> bool:
    """Tell whether a guest's message only thanks or agrees; a request or a picture never does."""
    return message.kind in WRITTEN and not message.attachment_ids and is_closing(message.content)


def is_answer(message: Message) -> bool:
    """Tell whether a message answers the guest: the property wrote it and no template did."""
    return message.sender is SenderKind.PROPERTY and message.kind != TEMPLATE
