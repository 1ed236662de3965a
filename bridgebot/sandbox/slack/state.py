"""What a Slack workspace is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MESSAGES = frozenset({"message.channels", "message.groups"})
EVENT_SCOPES = {
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "reaction_added": "reactions:read",
    "reaction_removed": "reactions:read",
    "app_home_opened": "",
    "app_uninstalled": "",
    "channel_archive": "channels:read",
    "group_archive": "groups:read",
    "member_joined_channel": "channels:read",
    "member_left_channel": "channels:read",
    "subteam_members_changed": "usergroups:read",
    "subteam_updated": "usergroups:read",
    "tokens_revoked": "",
}
"""The scope without which an event is never delivered; empty: none is needed."""


@dataclass(slots=True)
class Person:
    """Somebody in, or visible from, the workspace."""

    user_id: str
    name: str
    team_id: str
    guest: bool = False
    bot: bool = False
    deleted: bool = False

    def show(self) -> dict[str, Any]:
        """Write the person as ``users.info`` does."""
        return {
            "id": self.user_id,
            "team_id": self.team_id,
            "name": self.name.lower().replace(" ", "."),
            "deleted": self.deleted,
            "real_name": self.name,
            "tz": "Europe/Amsterdam",
            "profile": {
                "real_name": self.name,
                "real_name_normalized": self.name,
                "display_name": self.name,
                "display_name_normalized": self.name,
                "team": self.team_id,
            },
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": self.guest,
            "is_ultra_restricted": False,
            "is_bot": self.bot,
            "is_app_user": False,
            "is_stranger": False,
            "updated": 1700000000,
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """A command or shortcut as people find it: ``name`` is a command's, or what a menu shows."""

    kind: str
    key: str
    name: str
    about: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class App:
    """An installed app with its bot and its two tokens.

    ``commands`` and ``shortcuts`` (callback ids) are those it owns; ``None`` means any. What it
    says about them is for those who look for one. With a ``request_url`` everything is posted
    there, signed, and its sockets get nothing.
    """

    app_id: str
    name: str
    bot_id: str
    user_id: str
    bot_token: str
    app_token: str
    scopes: frozenset[str]
    events: frozenset[str] = MESSAGES
    commands: frozenset[str] | None = None
    shortcuts: frozenset[str] | None = None
    request_url: str = ""
    signing_secret: str = ""
    offers: tuple[Offer, ...] = ()

    def hears(self, event: str) -> bool:
        """Tell whether an event is subscribed and its scope granted; else it never comes."""
        return event in self.events and EVENT_SCOPES.get(event, "") in {"", *self.scopes}

    def owns(self, name: str, names: frozenset[str] | None) -> bool:
        """Tell whether a command or shortcut is its own; both need the scope ``commands``."""
        return "commands" in self.scopes and (names is None or name in names)

    def profile(self, team_id: str) -> dict[str, Any]:
        """Write the ``bot_profile`` of its messages."""
        return {
            "id": self.bot_id,
            "deleted": False,
            "name": self.name,
            "updated": 1700000000,
            "app_id": self.app_id,
            "team_id": team_id,
        }


@dataclass(slots=True)
class Channel:
    """A channel with its messages by ts, in order."""

    channel_id: str
    name: str
    private: bool = False
    archived: bool = False
    ext_shared: bool = False
    im: bool = False
    members: set[str] = field(default_factory=set)
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)
    last: tuple[int, int] = (0, 0)

    @property
    def type(self) -> str:
        """Name its type as ``conversations.list`` does."""
        if self.im:
            return "im"
        return "private_channel" if self.private else "public_channel"

    @property
    def kind(self) -> str:
        """Name its kind as events do."""
        if self.im:
            return "im"
        return "group" if self.private else "channel"

    def show(self, viewer: str) -> dict[str, Any]:
        """Write the channel as ``conversations.list`` does."""
        return {
            "id": self.channel_id,
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.private,
            "is_group": self.private and not self.im,
            "is_im": self.im,
            "is_mpim": False,
            "is_private": self.private,
            "is_archived": self.archived,
            "is_general": False,
            "is_shared": self.ext_shared,
            "is_ext_shared": self.ext_shared,
            "is_pending_ext_shared": False,
            "is_org_shared": False,
            "is_member": viewer in self.members,
            "created": 1700000000,
            "creator": viewer,
        }


@dataclass(slots=True)
class StoredFile:
    """A file: what is told about it, and its bytes once they came."""

    about: dict[str, Any]
    length: int
    data: bytes | None = None
    complete: bool = False


class SlackRefusalError(Exception):
    """A call is refused with one of Slack's error names."""

    def __init__(self, error: str, **more: object) -> None:
        super().__init__(error)
        self.error = error
        self.more = more
