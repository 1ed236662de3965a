"""A staff message from Slack as the clean plain text a guest receives."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bridgebot.rendering.mentions import Mentioned, Names, as_text, mentioned
from bridgebot.rendering.mrkdwn import from_mrkdwn
from bridgebot.rendering.rich_text import from_blocks

__all__ = ["Mentioned", "Names", "mentioned", "to_guest"]

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_UNSENDABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_MANY_BLANK_LINES = re.compile(r"\n{4,}")


def to_guest(event: Mapping[str, object], names: Names) -> str:
    """Render a Slack message event; the blocks where they say something, else its ``text``.

    Malformed input never raises; a message without any text gives an empty string.
    """
    return _tidy(from_blocks(event.get("blocks"), names)) or _tidy(
        from_mrkdwn(as_text(event.get("text")), names)
    )


def _tidy(text: str) -> str:
    text = _LINE_ENDS.sub("\n", text)
    text = _SURROGATES.sub("\ufffd", _UNSENDABLE.sub("", text))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    return _MANY_BLANK_LINES.sub("\n\n\n", text).strip()
