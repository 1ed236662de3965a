"""Saved replies in forms: chosen and seen before they are sent, and kept in order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bridgebot.rendering.literal import clip
from bridgebot.rendering.modals import LONGEST, TEXT, modal, text_field, words
from bridgebot.rendering.post import Block, actions, button, context, literal_block, plain

TITLE = "Saved replies"
CHOOSE, SEND, FORM = "saved_choose", "saved_send", "saved_form"
"""The forms."""

OPEN, NEW, EDIT, DELETE, TURN = (
    "saved_open",
    "saved_new",
    "saved_edit",
    "saved_delete",
    "saved_turn",
)
"""The buttons; a number behind it keeps them apart within one form."""

NAME, WHICH = "name", "which"
LONGEST_NAME, LONGEST_TEXT = 70, 2500
"""Room for what is filled in has to be left."""

PAGE = 20
_EXCERPT = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A saved reply as it is listed; ``id`` is what the buttons act on."""

    id: int
    name: str
    text: str


def choose_view(replies: Sequence[Shown], place: str, about: str) -> Block:
    """Let somebody choose the saved reply to begin with."""
    options = [{"text": words(clip(each.name, 70)), "value": str(each.id)} for each in replies]
    menu: dict[str, object] = {
        "type": "static_select",
        "action_id": WHICH,
        "placeholder": words("Choose one"),
        "options": options,
    }
    field: Block = {
        "type": "input",
        "block_id": WHICH,
        "label": words("Saved reply"),
        "element": menu,
    }
    next_ = context([plain("Next you see it filled in, and can change it, before it is sent.")])
    return modal(
        TITLE,
        [context([plain(about)]), field, next_],
        callback_id=CHOOSE,
        place=place,
        submit="Next",
    )


def send_view(text: str, place: str, *, about: str, notes: Sequence[str]) -> Block:
    """Show a saved reply, filled in, as it would go to the guest."""
    below = [context([plain(note) for note in notes])] if notes else []
    return modal(
        "Send to guest",
        [context([plain(about)]), text_field(TEXT, "Reply", text), *below],
        callback_id=SEND,
        place=place,
        submit="Send to guest",
    )


def manage_view(replies: Sequence[Shown], *, offset: int = 0) -> Block:
    """List the saved replies, with buttons to write, edit and delete them."""
    shown = replies[offset : offset + PAGE]
    count = f"{len(replies)} saved replies" if len(replies) != 1 else "1 saved reply"
    blocks: list[Block] = [
        context([plain(count)]),
        actions([button("New saved reply", NEW, "-", style="primary")]),
    ]
    for each in shown:
        blocks.append({"type": "divider"})
        blocks.append(
            literal_block(f"{clip(each.name, LONGEST_NAME)}\n{clip(each.text, _EXCERPT)}")
        )
        gone = {**button("Delete", f"{DELETE}_{each.id}", each.id), "confirm": _sure(each)}
        blocks.append(actions([button("Edit", f"{EDIT}_{each.id}", each.id), gone]))
    turns = []
    if offset:
        turns.append(button("Back", f"{TURN}_back", max(0, offset - PAGE)))
    if offset + PAGE < len(replies):
        turns.append(button("More", f"{TURN}_more", offset + PAGE))
    if turns:
        blocks += [{"type": "divider"}, actions(turns)]
    return modal(TITLE, blocks, place=json.dumps({"offset": offset}), close="Close")


def form_view(place: str, *, hint: str, name: str = "", text: str = "") -> Block:
    """Make the form of one saved reply; ``hint`` names the placeholders."""
    return modal(
        "Saved reply",
        [
            text_field(NAME, "Name", name, longest=LONGEST_NAME, lines=False),
            text_field(TEXT, "Text", text, longest=LONGEST_TEXT),
            context([plain(hint)]),
        ],
        callback_id=FORM,
        place=place,
        submit="Save",
    )


def fits(text: str) -> bool:
    """Tell whether a text that was filled in fits into the form in which it is seen."""
    return len(text) <= LONGEST


def _sure(each: Shown) -> Block:
    return {
        "title": words("Delete it?"),
        "text": words(f"“{clip(each.name, LONGEST_NAME)}” is gone for all."),
        "confirm": words("Delete"),
        "deny": words("Keep"),
    }
