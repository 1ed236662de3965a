"""Compares what somebody wrote in Slack with what a guest got, without the bot's own rendering.

Formatting marks, blanks and punctuation are left out on both sides; letters, digits and pictures
stay. A judge that used the bridge's own code would share its mistakes.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping

import emoji

_ENTITY = re.compile(r"<([^<>]+)>")
_SKIN_TONE = re.compile(r":skin-tone-\d:")
_KEPT = ("L", "N", "So")
_NOTE = re.compile(r"\s*(//|note:|<[@!#])", re.IGNORECASE)


def is_note(text: str) -> bool:
    """Tell a note, or words to a colleague, from a reply to the guest."""
    return _NOTE.match(text) is not None


def key(text: str) -> str:
    """Reduce a plain text to what must be the same on both sides."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(sign for sign in composed if unicodedata.category(sign).startswith(_KEPT))


def plain(text: str, names: Mapping[str, str]) -> str:
    """Write Slack's text of a message for a person to read."""
    return _plain(text, names, labels=True)


def keys(text: str, names: Mapping[str, str]) -> frozenset[str]:
    """Reduce Slack's text of a message to the forms a guest may rightly get.

    A labelled link may arrive with its label and its address, or with the address alone.
    """
    return frozenset(key(_plain(text, names, labels=labels)) for labels in (True, False))


def _plain(text: str, names: Mapping[str, str], *, labels: bool) -> str:
    spelled = _ENTITY.sub(lambda match: _entity(match[1], names, labels=labels), text)
    signs = emoji.emojize(_SKIN_TONE.sub("", spelled), language="alias")
    return html.unescape(signs)


def _entity(inside: str, names: Mapping[str, str], *, labels: bool) -> str:
    target, _, label = inside.partition("|")
    if target.startswith(("@", "#")):
        return label or names.get(target[1:], target[1:])
    if target.startswith("!"):
        return label or target[1:]
    if target.startswith(("mailto:", "tel:")):
        return label or target.partition(":")[2]
    same = label in ("", target, target.partition("://")[2])
    return target if same or not labels else f"{label} {target}"
