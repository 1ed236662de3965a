"""What is posted to Slack, and the block pieces posts are built from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridgebot.rendering.literal import clip, escape, neutral

Block = Mapping[str, object]

TEXT_LIMIT = 3900
"""``chat.update`` refuses more than 4,000 characters; a post must stay editable."""

PART_LIMIT = 2900
"""Slack takes 3,000 characters in a text object."""

CONTEXT_LIMIT = 300

# Only an address that reads as what it is becomes a link: no user part, no look-alike letters.
_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_OPEN_ADDRESS = re.compile(r"[a-z]+://[a-z0-9.-]+(:[0-9]+)?([/?#][!-~]*)?", re.IGNORECASE)
_CLOSING = ".,;:!?'\")]}*_~"


@dataclass(frozen=True, slots=True)
class Post:
    """One message to post; ``text`` is the fallback and holds the whole content, escaped."""

    text: str
    blocks: tuple[Block, ...]
    event_type: str
    username: str | None = None
    icon_emoji: str | None = None
    payload: Mapping[str, object] = field(default_factory=dict)


def room(rest: str) -> int:
    """Count the characters that fit into one text of a post, as written and as escaped.

    Slack counts in JavaScript, so a character outside the basic plane is taken as two.
    """
    head = rest[:PART_LIMIT]
    if units_of(head) <= PART_LIMIT and units_of(escape(head)) <= TEXT_LIMIT:
        return len(head)
    units = escaped = 0
    for index, char in enumerate(head):
        units += units_of(char)
        escaped += units_of(escape(char))
        if units > PART_LIMIT or escaped > TEXT_LIMIT:
            return index
    return len(head)


def units_of(text: str) -> int:
    """Measure a text in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def literal_block(text: str) -> Block:
    """Show a text as it stands: nothing in it is parsed."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", **_inline(text)}]}


def quote_block(text: str) -> Block:
    """Show a text as it stands, as a quotation."""
    return {"type": "rich_text", "elements": [{"type": "rich_text_quote", **_inline(text)}]}


def plain(text: str) -> Block:
    """Make a text object without formatting; an empty one would be refused."""
    return {"type": "plain_text", "text": clip(text, CONTEXT_LIMIT) or "-", "emoji": False}


def marked_up(text: str) -> Block:
    """Make a text object of our own mark-up; nothing a guest wrote may stand in it."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def context(elements: Sequence[Block]) -> Block:
    """Put small print below a message; Slack allows ten pieces."""
    return {"type": "context", "elements": list(elements[:10])}


def headline(emoji: str, text: str) -> Block:
    """Begin a message of ours with a small picture and bold words, shown as they stand."""
    elements = [
        {"type": "emoji", "name": emoji},
        {"type": "text", "text": f" {text}", "style": {"bold": True}},
    ]
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "elements": [section]}


def button(label: str, action_id: str, value: int | str, *, style: str | None = None) -> Block:
    """Make a button; ``value`` is what its press tells us."""
    made: dict[str, object] = {
        "type": "button",
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "action_id": action_id,
        "value": str(value),
    }
    return made | {"style": style} if style else made


def actions(buttons: Sequence[Block]) -> Block:
    """Put buttons in a row."""
    return {"type": "actions", "elements": list(buttons)}


def _inline(text: str) -> dict[str, object]:
    elements: list[Block] = []
    end = 0
    text = neutral(text)
    for match in _ADDRESS.finditer(text):
        url = match[0].rstrip(_CLOSING)
        if not _OPEN_ADDRESS.fullmatch(url):
            continue
        elements += _literal(text[end : match.start()])
        elements.append({"type": "link", "url": url, "text": url})
        end = match.start() + len(url)
    return {"elements": elements + _literal(text[end:])}


def _literal(text: str) -> list[Block]:
    return [{"type": "text", "text": text}] if text else []
