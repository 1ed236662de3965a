"""Who and what a Slack message mentions, and the names to say instead of ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_DEPTH = 30
_USER = re.compile(r"<@([UW][A-Z0-9]+)[|>]")
_CHANNEL = re.compile(r"<#([CGD][A-Z0-9]+)[|>]")
_GROUP = re.compile(r"<!subteam\^(S[A-Z0-9]+)[|>]")

EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Names:
    """Names by Slack id; an id that is missing becomes plain words."""

    users: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)

    def user(self, user_id: str, label: str = "") -> str:
        """Name a person, without the sign that would make it a mention."""
        return _plain(self.users.get(user_id, "")) or _plain(label) or "a colleague"

    def channel(self, channel_id: str, label: str = "") -> str:
        """Name a channel without its sign."""
        return _plain(self.channels.get(channel_id, "")) or _plain(label) or "a channel"

    def group(self, group_id: str, label: str = "") -> str:
        """Name a user group without its sign."""
        return _plain(self.groups.get(group_id, "")) or _plain(label) or "our team"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mentioned:
    """The ids a message mentions, for looking their names up before it is rendered."""

    users: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


def mentioned(event: Mapping[str, object]) -> Mentioned:
    """Collect the ids in a message's blocks and text; never raises on malformed input."""
    text = as_text(event.get("text"))
    elements = list(_walk(event.get("blocks"), _DEPTH))
    return Mentioned(
        users=frozenset(_USER.findall(text)) | _ids(elements, "user", "user_id"),
        channels=frozenset(_CHANNEL.findall(text)) | _ids(elements, "channel", "channel_id"),
        groups=frozenset(_GROUP.findall(text)) | _ids(elements, "usergroup", "usergroup_id"),
    )


def as_text(value: object) -> str:
    """Give a value if it is text, else nothing."""
    return value if isinstance(value, str) else ""


def as_mapping(value: object) -> Mapping[str, object]:
    """Give a value if it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_items(value: object) -> Sequence[object]:
    """Give a value if it is a JSON array, else an empty one."""
    return value if isinstance(value, list | tuple) else ()


def _plain(name: object) -> str:
    return as_text(name).strip().lstrip("@#").strip()


def _ids(elements: list[Mapping[str, object]], kind: str, key: str) -> frozenset[str]:
    found = (as_text(element.get(key)) for element in elements if element.get("type") == kind)
    return frozenset(value for value in found if value)


def _walk(value: object, depth: int) -> Iterator[Mapping[str, object]]:
    if depth <= 0:
        return
    for item in as_items(value):
        element = as_mapping(item)
        yield element
        yield from _walk(element.get("elements"), depth - 1)
