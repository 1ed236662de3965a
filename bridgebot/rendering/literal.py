"""Text that someone else wrote, made safe to show: escaped, without hidden characters, in parts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
# Controls, direction marks and overrides, and characters without width: they hide or reverse text.
_HIDDEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_TAGS = re.compile("(\U0001f3f4[\U000e0020-\U000e007f]+)|[\U000e0000-\U000e007f]")
_EMOJI = "\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
# Persian, Arabic and the scripts of India need the joiners for spelling.
_JOINING = "\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u17ff"
_JOINERS = re.compile(
    f"(?<=[{_EMOJI}\ufe0f])\u200d(?=[{_EMOJI}])|(?<=[{_JOINING}])[\u200c\u200d](?=[{_JOINING}])"
    "|([\u200c\u200d])"
)
_BREAKS = (
    re.compile(r"\n[^\S\n]*\n\s*"),
    re.compile(r"\n\s*"),
    re.compile(
        r"[.!?\u2026\u3002\uff01\uff1f][\"')\]\u00bb\u201d]*(?:\s+|(?<=[\u3002\uff01\uff1f]))"
    ),
)
_SPACE = re.compile(r"\s+")
_JOINER = "\u200d"


def escape(text: str) -> str:
    """Escape the three characters Slack gives a meaning; nothing else may be escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def neutral(text: str) -> str:
    """Take out what hides or reverses text and normalise line ends; what is seen stays."""
    if text.isascii() and text.isprintable():
        return text
    text = _LINE_ENDS.sub("\n", text)
    text = _SURROGATES.sub("\ufffd", text)
    text = _HIDDEN.sub("", text)
    text = _TAGS.sub(r"\1", text)
    return _JOINERS.sub(lambda match: "" if match[1] else match[0], text)


def clip(text: str, limit: int) -> str:
    """Make one neutral line of a text, cut at ``limit`` characters with an ellipsis."""
    line = " ".join(neutral(text).split())
    if len(line) <= limit:
        return line
    return line[: cut_before(line, limit - 1)].rstrip() + "…"


def split_text(text: str, limit: int) -> list[str]:
    """Split at paragraphs, lines, sentences, words; only white space at the cuts is lost."""
    return split_by(text, lambda rest: min(len(rest), limit))


def split_by(text: str, room: Callable[[str], int]) -> list[str]:
    """Split a text like ``split_text``; ``room`` says how much of a rest fits into a part."""
    if not text.strip():
        return []
    if room(text) >= len(text):
        return [text]
    parts: list[str] = []
    rest = text.strip()
    while rest:
        cut = _cut(rest, max(1, room(rest)))
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return parts


def cut_before(text: str, limit: int) -> int:
    """Find the last place at or before ``limit`` that divides no character as people see it."""
    if limit >= len(text):
        return len(text)
    cut = limit
    while cut > 0 and not _is_boundary(text, cut):
        cut -= 1
    return cut or limit


def _cut(text: str, limit: int) -> int:
    if limit >= len(text):
        return len(text)
    for pattern in _BREAKS:
        found = _last(pattern, text, limit, limit // 3)
        if found:
            return found
    return _last(_SPACE, text, limit, 0) or cut_before(text, limit)


def _last(pattern: re.Pattern[str], text: str, limit: int, least: int) -> int | None:
    # One character more, since white space just behind the limit is a place to cut as well.
    window = text[: limit + 1]
    ends = [match.end() for match in pattern.finditer(window) if match.start() > least]
    fitting = (end for end in reversed(ends) if end <= limit or window[limit].isspace())
    return next((end for end in fitting if _is_boundary(text, end)), None)


def _is_boundary(text: str, index: int) -> bool:
    if index <= 0 or index >= len(text):
        return True
    before, after = text[index - 1], text[index]
    if before == _JOINER or _extends(after):
        return False
    return not (_is_regional(before) and _is_regional(after) and _regionals(text, index) % 2)


def _extends(char: str) -> bool:
    if char.isascii():
        return False
    return (
        char in "\u200c\u200d"
        or "\U0001f3fb" <= char <= "\U0001f3ff"
        or "\U000e0020" <= char <= "\U000e007f"
        or unicodedata.category(char) in {"Mn", "Mc", "Me"}
    )


def _is_regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _regionals(text: str, index: int) -> int:
    start = index
    while start > 0 and _is_regional(text[start - 1]):
        start -= 1
    return index - start
