"""Slack's marked-up text (``mrkdwn``) as plain text.

The order is Slack's own: entities in angle brackets first, then code, then formatting, so what
stands in code keeps its signs. What is finished is put aside behind a NUL, which no text holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bridgebot.rendering.mentions import EVERYONE, Names
from bridgebot.rendering.shortcodes import to_unicode

_ENTITY = re.compile(r"<([^<>\n]{1,4000})>")
_CODE = re.compile(r"```\n?(.+?)\n?```|`([^`\n]+)`", re.DOTALL)
_KEPT = re.compile("\0([0-9]+)\0")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")
_FORMATTING = tuple(
    re.compile(
        rf"(?<![^\W_])(?<!{sign}){sign}(?=\S)([^{sign}\n]+)(?<=\S){sign}(?!{sign})(?![^\W_])"
    )
    for sign in (r"\*", "_", "~")
)
_NESTED = 3


def from_mrkdwn(text: str, names: Names) -> str:
    """Render a message's ``text`` for a guest; what is not well formed stays as typed."""
    kept: list[str] = []

    def keep(value: str) -> str:
        kept.append(value)
        return f"\0{len(kept) - 1}\0"

    text = text.replace("\0", "")
    text = _ENTITY.sub(lambda match: keep(entity(match[1], names)), text)
    text = _CODE.sub(lambda match: keep(_restore(unescape(match[1] or match[2]), kept)), text)
    text = unescape(to_unicode(_without_formatting(text)))
    return _restore(text, kept)


def entity(body: str, names: Names) -> str:
    """Render what stands between angle brackets."""
    head, _, label = body.partition("|")
    label = unescape(label)
    if head.startswith(("@", "#", "!")):
        return _reference(head, label, names)
    if not _SCHEME.match(head):
        return f"<{unescape(body)}>"
    return link(unescape(head), label)


def link(url: str, label: str) -> str:
    """Write a link as its label with the address behind it, or one of them where they agree."""
    scheme, _, rest = url.partition(":")
    shown = rest if scheme.lower() in {"mailto", "tel"} else url
    label = label.strip()
    if not label or label == shown:
        return shown
    if _bare(label) == _bare(shown):
        return label
    return f"{label} ({shown})"


def unescape(text: str) -> str:
    """Undo Slack's three escapes, the ampersand last so that nothing is undone twice."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _reference(head: str, label: str, names: Names) -> str:
    kind, value = head[0], head[1:]
    if kind == "@":
        return names.user(value, label)
    if kind == "#":
        return names.channel(value, label)
    return _special(value, label, names)


def _special(value: str, label: str, names: Names) -> str:
    word, _, rest = value.partition("^")
    if word in {"here", "channel", "everyone"}:
        return EVERYONE
    if word == "subteam":
        return names.group(rest, label)
    return label.lstrip("@") or word


def _bare(address: str) -> str:
    """Reduce an address to what people type: no scheme, no closing slash, digits of a number."""
    compact = re.sub(r"[\s()/-]", "", address)
    if re.fullmatch(r"\+?[0-9]+", compact):
        return compact
    return re.sub(r"^https?://", "", address, flags=re.IGNORECASE).rstrip("/").lower()


def _without_formatting(text: str) -> str:
    if not any(sign in text for sign in "*_~"):
        return text
    for _ in range(_NESTED):
        for pattern in _FORMATTING:
            text = pattern.sub(r"\1", text)
    return text


def _restore(text: str, kept: list[str]) -> str:
    put_back: Callable[[re.Match[str]], str] = lambda match: kept[int(match[1])]  # noqa: E731
    return _KEPT.sub(put_back, text)
