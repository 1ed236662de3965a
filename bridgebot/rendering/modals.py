"""Forms for a single text."""

from __future__ import annotations

from collections.abc import Mapping

from bridgebot.rendering.post import Block

TEXT = "text"
LONGEST = 3000
"""Characters that a field of a form takes."""


def wording(callback_id: str, text: str, place: str) -> Block:
    """Make a form to change the words of a reply before the guest gets it."""
    field = {
        "type": "plain_text_input",
        "action_id": TEXT,
        "multiline": True,
        "initial_value": text,
        "max_length": LONGEST,
    }
    block = {"type": "input", "block_id": TEXT, "label": _label("Reply"), "element": field}
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": place,
        "title": _label("Edit the reply"),
        "submit": _label("Send to guest"),
        "close": _label("Cancel"),
        "blocks": [block],
    }


def typed_text(view: Mapping[str, object]) -> str:
    """Read what was typed into a form; empty where there is nothing."""
    found: object = view.get("state")
    for key in ("values", TEXT, TEXT, "value"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found.strip() if isinstance(found, str) else ""


def _label(words: str) -> Block:
    return {"type": "plain_text", "text": words, "emoji": False}
