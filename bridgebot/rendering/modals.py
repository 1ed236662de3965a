"""Forms: their frame, their fields, and what was put into them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridgebot.rendering.post import Block, literal_block

TEXT = "text"
LONGEST = 3000
"""Characters that a field of a form takes."""


def modal(
    title: str,
    blocks: Sequence[Block],
    *,
    callback_id: str = "",
    place: str = "",
    submit: str | None = None,
    close: str = "Cancel",
) -> Block:
    """Make a form; ``place`` comes back with what was put into it."""
    view: dict[str, object] = {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": place,
        "title": words(title),
        "close": words(close),
        "blocks": [dict(block) for block in blocks],
    }
    return view | {"submit": words(submit)} if submit else view


def text_field(
    name: str, label: str, text: str = "", *, longest: int = LONGEST, lines: bool = True
) -> Block:
    """Make a field for a text; one that is empty begins with nothing in it."""
    field: dict[str, object] = {
        "type": "plain_text_input",
        "action_id": name,
        "multiline": lines,
        "max_length": longest,
    }
    if text:
        field["initial_value"] = text
    return {"type": "input", "block_id": name, "label": words(label), "element": field}


def said_view(title: str, text: str) -> Block:
    """Say something where there is nothing to fill in."""
    return modal(title, [literal_block(text)], close="Close")


def wording(callback_id: str, text: str, place: str) -> Block:
    """Make a form to change the words of a reply before the guest gets it."""
    return modal(
        "Edit the reply",
        [text_field(TEXT, "Reply", text)],
        callback_id=callback_id,
        place=place,
        submit="Send to guest",
    )


def typed_text(view: Mapping[str, object], name: str = TEXT) -> str:
    """Read what was typed into a field; empty where there is nothing."""
    found = _filled_in(view, name).get("value")
    return found.strip() if isinstance(found, str) else ""


def chosen(view: Mapping[str, object], name: str) -> str:
    """Read the value of the option that was chosen in a menu; empty where none is."""
    option = _filled_in(view, name).get("selected_option")
    return str(option.get("value") or "") if isinstance(option, Mapping) else ""


def words(text: str) -> Block:
    """Make a text object without formatting."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _filled_in(view: Mapping[str, object], name: str) -> Mapping[str, object]:
    found: object = view.get("state")
    for key in ("values", name, name):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}
