"""Texts as Slack keeps them: entities, shortcodes, and the rich text of what people type."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import emoji

_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
_CONTROL = re.compile(r"<(?:[@#!][^<>\n]*|(?:https?:|mailto:|tel:)[^<>\s][^<>\n]*)>")
_LINK = re.compile(r"(?<![<|])\bhttps?://[^\s<>|]+")
_TYPED = re.compile(
    r"<@(?P<user>[UW]\w+)>|<(?P<url>https?://[^|>\s]+)(?:\|(?P<label>[^>]*))?>|"
    r"(?P<bare>https?://[^\s<>]+)|:(?P<emoji>[a-z0-9_+-]+):|(?P<bold>\*[^*\n]+\*)|"
    r"<#(?P<channel>C\w+)(?:\|[^>]*)?>|<!(?P<range>here|channel|everyone)>|"
    r"<!subteam\^(?P<group>S\w+)(?:\|[^>]*)?>|<(?P<mail>mailto:[^|>\s]+)(?:\|(?P<mailed>[^>]*))?>"
)

_NAME = re.compile(r"[\w+'-]+")
_NAMED = {"user": "user_id", "channel": "channel_id", "group": "usergroup_id"}


def to_shortcodes(text: str) -> str:
    """Turn emoji characters into ``:shortcodes:``, as Slack does in what is read back."""
    if text.isascii():
        return text
    return emoji.demojize(text, language="alias")


def is_emoji(name: str) -> bool:
    """Tell whether a reaction has this name; the workspace has no emoji of its own."""
    plain = name.split("::", maxsplit=1)[0]
    return bool(_NAME.fullmatch(plain)) and plain != _emojized(plain)


def _emojized(name: str) -> str:
    return emoji.emojize(f":{name}:", language="alias").strip(":")


def stored(text: str, *, links: bool = False) -> str:
    """Write a text as it is read back from Slack; ``links`` puts bare addresses in brackets."""
    kept = _ENTITY.sub("&amp;", text) if "&" in text else text
    if "<" in kept or ">" in kept:
        kept = _outside(_CONTROL, kept, _brackets)
    if links and "://" in kept:
        kept = _LINK.sub(r"<\g<0>>", kept)
    return to_shortcodes(kept)


def fallback(typed: str) -> str:
    """Write what a person typed as the ``text`` of the message: bare addresses in brackets."""
    return stored(typed, links=True)


def _outside(pattern: re.Pattern[str], text: str, change: Callable[[str], str]) -> str:
    """Change what stands between the matches of a pattern."""
    parts: list[str] = []
    end = 0
    for match in pattern.finditer(text):
        parts += [change(text[end : match.start()]), match[0]]
        end = match.end()
    return "".join([*parts, change(text[end:])])


def _brackets(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")


def rich_text(typed: str) -> list[dict[str, Any]]:
    """Write what a person typed as the blocks their client would send."""
    elements: list[dict[str, Any]] = []
    section: list[str] = []

    def flush() -> None:
        if section:
            inside = _inline("\n".join(section))
            elements.append({"type": "rich_text_section", "elements": inside})
            section.clear()

    items: list[dict[str, Any]] = []
    for line in typed.split("\n"):
        if line.startswith(("• ", "- ")):
            flush()
            items.append({"type": "rich_text_section", "elements": _inline(line[2:])})
            continue
        if items:
            elements.append(_list(items))
            items = []
        section.append(line)
    flush()
    if items:
        elements.append(_list(items))
    return [{"type": "rich_text", "block_id": "b1", "elements": elements}]


def _list(items: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "type": "rich_text_list",
        "style": "bullet",
        "indent": 0,
        "border": 0,
        "elements": list(items),
    }


def _inline(text: str) -> list[dict[str, Any]]:
    elements: list[dict[str, Any]] = []
    end = 0
    for match in _TYPED.finditer(text):
        if match.start() > end:
            elements.append({"type": "text", "text": _plain(text[end : match.start()])})
        elements.append(_element(match))
        end = match.end()
    if end < len(text):
        elements.append({"type": "text", "text": _plain(text[end:])})
    return elements


def _element(match: re.Match[str]) -> dict[str, Any]:
    for kind, key in _NAMED.items():
        if match[kind]:
            return {"type": key.removesuffix("_id"), key: match[kind]}
    if match["range"]:
        return {"type": "broadcast", "range": match["range"]}
    if url := match["url"] or match["bare"] or match["mail"]:
        label = match["label"] or match["mailed"]
        return {"type": "link", "url": _plain(url)} | ({"text": label} if label else {})
    if match["bold"]:
        return {"type": "text", "text": match["bold"][1:-1], "style": {"bold": True}}
    return _emoji(match["emoji"])


def _emoji(name: str) -> dict[str, Any]:
    element: dict[str, Any] = {"type": "emoji", "name": name}
    found = _emojized(name)
    if found != name:
        element["unicode"] = "-".join(f"{ord(char):x}" for char in found)
    return element


def _plain(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
