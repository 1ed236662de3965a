"""What ``/reservation`` shows to its caller: one conversation, or a list to choose from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridgebot.model import SenderKind
from bridgebot.rendering.blocks import open_note
from bridgebot.rendering.desk import EVENT_TYPE, Found
from bridgebot.rendering.literal import clip, escape, neutral
from bridgebot.rendering.post import Block, Post, context, literal_block, marked_up, plain
from bridgebot.rendering.words import conversation_type, moment

PAGE = 5
SHOW, TURN, OPEN, GO = "find_show", "find_turn", "find_open", "find_go"
"""The buttons; a number or a word behind it keeps them apart within one message."""

AGAIN = "find:"
"""Marks, in the value of a button about waiting, what is to be drawn again."""

_NAME = 100
_EXCERPT = 300
_QUERY = 300
_STATES: Mapping[str, str] = {
    "new": "new, nobody has written",
    "waiting": "the guest waits",
    "answered": "answered",
    "read_only": "read only",
    "no_reply_needed": "no reply needed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where in a list somebody is, as a button carries it."""

    query: str
    offset: int = 0
    conversation: int | None = None
    back: bool = False

    def to_value(self) -> str:
        """Write it into a button; Slack takes 2,000 characters."""
        value = {"q": self.query[:_QUERY], "o": self.offset, "c": self.conversation}
        value |= {"b": 1} if self.back else {}
        return json.dumps(value, ensure_ascii=False)


def place_of(value: str) -> Place:
    """Read a button's value."""
    data = json.loads(value)
    return Place(
        query=str(data["q"]), offset=int(data["o"]), conversation=data["c"], back="b" in data
    )


def one_post(found: Found, place: Place, *, back: bool = False) -> Post:
    """Draw one conversation with its last messages, and what can be done with it."""
    blocks: list[Block] = [
        {"type": "section", "fields": [plain(_guest(found)), plain(_house(found))]},
        context([plain(_about(found)), *_notes(found)]),
    ]
    lines = [_line(found)]
    for message in found.messages:
        who = _guest(found) if message.sender is SenderKind.GUEST else "Property"
        text = clip(neutral(message.content), _EXCERPT) or "(no text)"
        blocks += [
            literal_block(f"{clip(who, 80)}: {text}"),
            context([marked_up(moment(message.sent_at))]),
        ]
        lines.append(f"{clip(who, 80)}: {text}")
    if not found.messages:
        blocks.append(literal_block("No messages yet."))
    blocks.append({"type": "actions", "elements": _buttons(found, place, back=back)})
    if done := _about_waiting(found, place, back=back):
        blocks.append({"type": "actions", "elements": done})
    return _post(lines, blocks)


def list_post(found: Sequence[tuple[int, Found]], place: Place, *, head: str, more: bool) -> Post:
    """Draw a page of conversations to choose from."""
    head = clip(head, _QUERY)
    blocks: list[Block] = [{"type": "section", "text": plain(head)}]
    lines = [head]
    for row_id, each in found:
        lines.append(_line(each))
        button = _button("Show", f"{SHOW}_{row_id}", _at(place, row_id))
        blocks.append({"type": "section", "text": plain(_line(each)), "accessory": button})
        blocks.append(context(_notes(each)))
    turns = []
    if place.offset:
        turns.append(_turn("Back", place, -PAGE))
    if more:
        turns.append(_turn("More", place, PAGE))
    if turns:
        blocks.append({"type": "actions", "elements": turns})
    return _post(lines, blocks)


def _buttons(found: Found, place: Place, *, back: bool) -> list[Block]:
    buttons: list[Block] = []
    if found.link is not None:
        buttons.append({**_button("Go to the thread", GO, "-"), "url": found.link})
    else:
        button = _button("Open a thread", OPEN, place.to_value())
        buttons.append({**button, "style": "primary"})
    if back:
        buttons.append(_button("Back to the list", f"{TURN}_list", _at(place, None)))
    return buttons


def _about_waiting(found: Found, place: Place, *, back: bool) -> list[Block]:
    """Offer what can be done about the guest; the card is drawn again in its place after it."""
    if not found.id or found.state == "read_only":
        return []
    at = Place(query=place.query, offset=place.offset, conversation=found.id, back=back)
    value = f"{found.id}|{AGAIN}{at.to_value()}"
    claim = ("Release", "wait_release") if found.claimed_by else ("Claim", "wait_claim")
    buttons = [_button(*claim, value)]
    if found.awaiting_since is not None or found.closing:
        buttons.append(_button("No reply needed", "wait_settle", value))
    if found.closing or found.state == "no_reply_needed":
        buttons.append(_button("Count as waiting", "wait_reopen", value))
    return buttons


def _turn(label: str, place: Place, by: int) -> Block:
    to = Place(query=place.query, offset=max(0, place.offset + by))
    return _button(label, f"{TURN}_{label.lower()}", to.to_value())


def _at(place: Place, row_id: int | None) -> str:
    return Place(query=place.query, offset=place.offset, conversation=row_id).to_value()


def _button(label: str, action_id: str, value: str) -> Block:
    text = {"type": "plain_text", "text": label, "emoji": False}
    return {"type": "button", "text": text, "action_id": action_id, "value": value}


def _guest(found: Found) -> str:
    return clip(found.conversation.guest_name or "", _NAME) or "Guest"


def _house(found: Found) -> str:
    place = clip(found.conversation.property_id or "", _NAME) or "not known yet"
    return f"{clip(found.provider_label, _NAME)}, property {place}"


def _about(found: Found) -> str:
    words = conversation_type(found.conversation.conversation_type)
    reference = clip(found.conversation.reference or "", _NAME)
    return f"{words[:1].upper()}{words[1:]} {reference}".rstrip()


def _line(found: Found) -> str:
    return f"{_guest(found)} · {_house(found)} · {_about(found)}"


def _notes(found: Found) -> list[Block]:
    """Say how things stand: state, who takes care, how long replies are taken."""
    notes = [marked_up(_state(found))]
    if found.closing:
        notes.append(plain("The guest's last words ask nothing"))
    if found.claimed_by:
        notes.append(marked_up(f":raising_hand: Claimed by <@{found.claimed_by}>"))
    return notes + (open_note(found.open_until) if found.state != "read_only" else [])


def _state(found: Found) -> str:
    words = escape(_STATES.get(found.state, found.state.replace("_", " ")))
    if found.awaiting_since is not None:
        words += f", since {moment(found.awaiting_since)}"
    return words


def _post(lines: Sequence[str], blocks: Sequence[Block]) -> Post:
    return Post(text=escape("\n".join(lines))[:3900], blocks=tuple(blocks), event_type=EVENT_TYPE)
