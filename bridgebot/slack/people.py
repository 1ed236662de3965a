"""Who people are: members of the workspace, its guests, people from outside, apps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog

from bridgebot.bridge.asking import first_names
from bridgebot.errors import SlackError
from bridgebot.rendering.mentions import Names
from bridgebot.slack.gateway import Gateway

log = structlog.get_logger()

KEPT_SECONDS = 300.0
NAMES_AT_ONCE = 10
"""People whose names are asked for at a time: within what Slack answers without a pause."""

BOT_SIGNS = ("is_bot", "is_workflow_bot", "is_connector_bot")


class Kind(StrEnum):
    """What a person is to the workspace."""

    MEMBER = "member"
    NAMED = "named"
    GUEST = "guest"
    EXTERNAL = "external"
    BOT = "bot"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A person in Slack."""

    user_id: str
    name: str
    kind: Kind
    first_name: str = ""

    @property
    def signs_as(self) -> str:
        """Return the first name that a guest may read below a reply."""
        return self.first_name or next(iter(self.name.split()), "")

    @property
    def may_act(self) -> bool:
        """Tell whether this is a full member, or somebody whom the owner named."""
        return self.kind in {Kind.MEMBER, Kind.NAMED}


class People:
    """Looks people up, and remembers them for some minutes."""

    def __init__(
        self,
        gateway: Gateway,
        team_id: str,
        *,
        enterprise_id: str | None = None,
        named: Collection[str] = (),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._team_id = team_id
        self._enterprise_id = enterprise_id
        self._named = frozenset(named)
        self._now = now
        self._known: dict[str, tuple[float, Person]] = {}
        self._called: dict[str, frozenset[str]] = {}
        self._members: dict[str, tuple[float, frozenset[str]]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def person(self, user_id: str) -> Person:
        """Tell who somebody is; raises ``SlackError`` when Slack cannot be asked now.

        Somebody whom Slack does not know, or does not show us, is ``unknown``.
        """
        # Several who want to know the same at the same moment ask once.
        async with self._turns.setdefault(user_id, asyncio.Lock()):
            return self.known(user_id) or await self._ask(user_id)

    def known(self, user_id: str) -> Person | None:
        """Tell who somebody is, where Slack was asked lately."""
        kept = self._known.get(user_id)
        fresh = kept is not None and self._now() - kept[0] < KEPT_SECONDS
        return kept[1] if kept is not None and fresh else None

    async def _ask(self, user_id: str) -> Person:
        try:
            user = await self._gateway.user(user_id)
        except SlackError as error:
            if not error.permanent:
                raise
            user = {}
        person = Person(
            user_id=user_id,
            name=_name(user),
            kind=self._kind(user),
            first_name=_first_name(user),
        )
        self._known[user_id] = (self._now(), person)
        return person

    def forget(self, user_id: str) -> None:
        """Ask about somebody anew next time; for ``user_change``."""
        self._known.pop(user_id, None)
        self._called.pop(user_id, None)

    async def names(self, users: Collection[str]) -> Names:
        """Look up the names of people who are mentioned; channels and groups stay unnamed.

        Names of internal channels and groups are no business of a guest's.
        """
        found = {user: (await self.person(user)).name for user in sorted(users)}
        return Names(users={user: name for user, name in found.items() if name})

    async def is_in(self, user_id: str, channels: Collection[str]) -> bool:
        """Tell whether somebody is a member of one of these channels."""
        for channel in sorted(channels):
            if user_id in await self._members_of(channel):
                return True
        return False

    async def first_names(self, channel: str) -> frozenset[str]:
        """Collect the first names of a channel's full members.

        They only help to ask a question, so no reply waits for them: a few are asked for at a
        time, and those whom Slack does not tell now are left out.
        """
        try:
            members = await self._members_of(channel)
            for user in sorted(members - self._called.keys())[:NAMES_AT_ONCE]:
                person = await self.person(user)
                own = first_names(person.name, person.first_name)
                self._called[user] = own if person.may_act else frozenset()
        except SlackError as error:
            log.info("names_unknown", code=error.code)
            members = frozenset()
        return frozenset().union(*(self._called.get(user, frozenset()) for user in members))

    def first_names_known(self, channel: str) -> frozenset[str] | None:
        """Tell the same where nothing has to be asked, ``None`` where something has."""
        members = self._members_known(channel)
        if members is None or not members <= self._called.keys():
            return None
        return frozenset().union(*(self._called[user] for user in members))

    def _members_known(self, channel: str) -> frozenset[str] | None:
        kept = self._members.get(channel)
        fresh = kept is not None and self._now() - kept[0] < KEPT_SECONDS
        return kept[1] if kept is not None and fresh else None

    async def _members_of(self, channel: str) -> frozenset[str]:
        known = self._members_known(channel)
        if known is not None:
            return known
        members = frozenset([member async for member in self._gateway.members(channel)])
        self._members[channel] = (self._now(), members)
        return members

    def _kind(self, user: Mapping[str, Any]) -> Kind:
        """Sort a person by the table of section 9 of the Slack platform's reference."""
        signs = (
            (not user, Kind.UNKNOWN),
            (user.get("deleted"), Kind.GONE),
            (self._is_named(user), Kind.NAMED),
            (any(user.get(sign) for sign in BOT_SIGNS), Kind.BOT),
            (user.get("id") == "USLACKBOT", Kind.BOT),
            (user.get("is_stranger") or not self._is_ours(user), Kind.EXTERNAL),
            (user.get("is_restricted") or user.get("is_ultra_restricted"), Kind.GUEST),
        )
        return next((kind for sign, kind in signs if sign), Kind.MEMBER)

    def _is_named(self, user: Mapping[str, Any]) -> bool:
        profile = user.get("profile") or {}
        ids = {user.get("id"), profile.get("bot_id"), profile.get("api_app_id")}
        return bool(ids & self._named)

    def _is_ours(self, user: Mapping[str, Any]) -> bool:
        enterprise = user.get("enterprise_user") or {}
        if self._enterprise_id is not None and (
            enterprise.get("enterprise_id") == self._enterprise_id
        ):
            return True
        if self._team_id in (enterprise.get("teams") or ()):
            return True
        return user.get("team_id") == self._team_id


def _first_name(user: Mapping[str, Any]) -> str:
    profile = user.get("profile") or {}
    real = str(profile.get("real_name") or user.get("real_name") or "")
    return str(profile.get("first_name") or "") or next(iter(real.split()), "")


def _name(user: Mapping[str, Any]) -> str:
    profile = user.get("profile") or {}
    for name in (profile.get("display_name"), profile.get("real_name"), user.get("real_name")):
        if name:
            return str(name)
    return str(user.get("name") or "")
