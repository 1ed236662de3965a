"""What the desk's commands show: conversations found, and guests who wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bridgebot.model import Conversation, Message
from bridgebot.rendering.literal import escape
from bridgebot.rendering.post import Post, literal_block

EVENT_TYPE = "bridgebot_desk"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A conversation with its last messages (oldest first) and the address of its thread.

    ``id`` is what the buttons act on, 0 for none; ``closing`` says that the guest only thanked;
    ``open_until`` is how long replies are taken for sure.
    """

    conversation: Conversation
    provider_label: str
    state: str
    awaiting_since: datetime | None = None
    link: str | None = None
    messages: tuple[Message, ...] = ()
    id: int = 0
    closing: bool = False
    claimed_by: str | None = None
    open_until: datetime | None = None


def said_post(text: str) -> Post:
    """Say something in answer to a command."""
    return Post(text=escape(text), blocks=(literal_block(text),), event_type=EVENT_TYPE)
