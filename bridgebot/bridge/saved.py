"""Placeholders of saved replies: filled in before anybody sees the text, and never sent empty."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

PLACEHOLDERS: Mapping[str, str] = {
    "guest": "the guest's name is not known",
    "reservation": "the reservation's number is not known",
    "property": "the property's name is not known, and the settings have none",
}
"""The placeholders there are, and why one cannot be filled in."""

_FORM = re.compile(r"\{\s*([^\W\d_][\w ]{0,30}?)\s*\}")


def names_in(text: str) -> list[str]:
    """List what stands in braces in a text, each once, in small letters."""
    return list(dict.fromkeys(found.casefold() for found in _FORM.findall(text)))


def fill(text: str, values: Mapping[str, str | None]) -> str:
    """Fill in what is known; what is not stays as it stands."""

    def one(found: re.Match[str]) -> str:
        return values.get(found[1].casefold()) or found[0]

    return _FORM.sub(one, text)


def why_not_kept(text: str) -> str | None:
    """Say why a text cannot be kept as a saved reply; ``None`` where it can."""
    unknown = [name for name in names_in(text) if name not in PLACEHOLDERS]
    if not unknown:
        return None
    return f"There is no placeholder {_braced(unknown)}. There are {_braced([*PLACEHOLDERS])}."


def why_not_sent(text: str) -> str | None:
    """Say which placeholder of a text is not filled in, and why; ``None`` where all are."""
    left = names_in(text)
    if not left:
        return None
    why = PLACEHOLDERS.get(left[0], "there is no such placeholder")
    return f"{_braced(left[:1])} is not filled in: {why}. Please write it yourself."


def _braced(names: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
