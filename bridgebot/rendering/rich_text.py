"""Slack's ``rich_text`` blocks as plain text.

A person's message carries them, and they say exactly what was typed; an element of a kind not known
here contributes whatever text it has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from bridgebot.rendering.mentions import EVERYONE, Names, as_items, as_mapping, as_text
from bridgebot.rendering.mrkdwn import from_mrkdwn, link
from bridgebot.rendering.shortcodes import character, with_tone

Element = Mapping[str, object]

_DEPTH = 30
_MAX_INDENT = 8
_SURROGATES = range(0xD800, 0xE000)


def from_blocks(blocks: object, names: Names) -> str:
    """Render a message's blocks; empty where there is no ``rich_text`` among them."""
    found = [as_mapping(block) for block in as_items(blocks)]
    if not any(block.get("type") == "rich_text" for block in found):
        return ""
    return "\n".join(filter(None, (_block(block, names) for block in found)))


def _block(block: Element, names: Names) -> str:
    if block.get("type") != "rich_text":
        return _unknown(block, names, _DEPTH)
    numbers = _Numbers()
    lines: list[str] = []
    for item in as_items(block.get("elements")):
        element = as_mapping(item)
        # Slack ends a section before a list or quote with a line end that is not shown.
        lines.append(_part(element, names, numbers).removesuffix("\n"))
    return "\n".join(lines)


def _part(element: Element, names: Names, numbers: _Numbers) -> str:
    if element.get("type") == "rich_text_list":
        return _list(element, names, numbers)
    numbers.end()
    if element.get("type") == "rich_text_quote":
        return _quoted(_inline(element, names))
    return _inline(element, names)


class _Numbers:
    """Counts the items of numbered lists; a deeper list in between does not end the count."""

    def __init__(self) -> None:
        self._last: dict[int, int] = {}

    def end(self) -> None:
        """Forget all counts, since something other than a list follows."""
        self._last.clear()

    def start(self, indent: int, offset: object) -> int:
        """Give the number before a list's first item."""
        self._last = {level: last for level, last in self._last.items() if level <= indent}
        return offset if isinstance(offset, int) else self._last.get(indent, 0)

    def stop(self, indent: int, last: int) -> None:
        """Note the number of a list's last item."""
        self._last[indent] = last


def _list(element: Element, names: Names, numbers: _Numbers) -> str:
    raw = element.get("indent")
    indent = min(max(raw, 0), _MAX_INDENT) if isinstance(raw, int) else 0
    number = numbers.start(indent, element.get("offset"))
    is_ordered = element.get("style") == "ordered"
    lines: list[str] = []
    for item in as_items(element.get("elements")):
        number += 1
        mark = f"{number}. " if is_ordered else "• "
        lines.append(_item(mark, indent, _inline(as_mapping(item), names)))
    numbers.stop(indent, number if is_ordered else 0)
    text = "\n".join(lines)
    return _quoted(text) if element.get("border") else text


def _item(mark: str, indent: int, text: str) -> str:
    first, *others = text.removesuffix("\n").split("\n")
    margin = "    " * indent
    return "\n".join([margin + mark + first, *(margin + " " * len(mark) + more for more in others)])


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.removesuffix("\n").split("\n"))


def _inline(element: Element, names: Names, depth: int = _DEPTH) -> str:
    items: Sequence[object] = as_items(element.get("elements"))
    if not items:
        return _leaf(element, names, depth)
    return "".join(_leaf(as_mapping(item), names, depth - 1) for item in items)


def _leaf(element: Element, names: Names, depth: int) -> str:
    render = _LEAVES.get(as_text(element.get("type")))
    return render(element, names) if render else _unknown(element, names, depth)


def _unknown(element: Element, names: Names, depth: int) -> str:
    if depth <= 0:
        return ""
    if as_items(element.get("elements")):
        return _inline(element, names, depth)
    text = as_mapping(element.get("text"))
    if text:
        plain = as_text(text.get("text"))
        return from_mrkdwn(plain, names) if text.get("type") == "mrkdwn" else plain
    words = (as_text(element.get(key)) for key in ("text", "fallback", "value", "url"))
    return next(filter(None, words), "")


def _text(element: Element, _names: Names) -> str:
    return as_text(element.get("text"))


def _link(element: Element, _names: Names) -> str:
    return link(as_text(element.get("url")), as_text(element.get("text")))


def _user(element: Element, names: Names) -> str:
    return names.user(as_text(element.get("user_id")))


def _group(element: Element, names: Names) -> str:
    return names.group(as_text(element.get("usergroup_id")))


def _channel(element: Element, names: Names) -> str:
    return names.channel(as_text(element.get("channel_id")))


def _broadcast(_element: Element, _names: Names) -> str:
    return EVERYONE


def _color(element: Element, _names: Names) -> str:
    return as_text(element.get("value"))


def _emoji(element: Element, _names: Names) -> str:
    name = as_text(element.get("name"))
    tone = element.get("skin_tone")
    tone = tone if isinstance(tone, int) else None
    written = _from_hex(as_text(element.get("unicode")))
    if written:
        return with_tone(written, tone)
    return character(name, tone) or (f":{name}:" if name else "")


def _from_hex(code: str) -> str:
    try:
        points = [int(point, 16) for point in code.split("-")]
        shown = "".join(map(chr, points))
    except (ValueError, OverflowError):
        return ""
    return "" if any(point in _SURROGATES or point == 0 for point in points) else shown


def _date(element: Element, _names: Names) -> str:
    fallback = as_text(element.get("fallback"))
    stamp = element.get("timestamp")
    if fallback or not isinstance(stamp, int):
        return fallback
    try:
        return f"{datetime.fromtimestamp(stamp, tz=UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return str(stamp)


_LEAVES: Mapping[str, Callable[[Element, Names], str]] = {
    "text": _text,
    "link": _link,
    "user": _user,
    "usergroup": _group,
    "channel": _channel,
    "broadcast": _broadcast,
    "color": _color,
    "emoji": _emoji,
    "date": _date,
}
