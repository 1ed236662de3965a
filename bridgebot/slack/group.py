"""The user group whose people alone answer guests, where the owner has named one."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from slack_bolt.async_app import AsyncApp

from bridgebot.errors import SlackError
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.people import Kind, Person

log = structlog.get_logger()

KEPT_SECONDS = 60.0
"""Events tell of changes at once, but only one of the nodes, and none after an absence."""

EVENTS = ("subteam_members_changed", "subteam_updated")


class Group:
    """Tells who is in the group, and remembers it for a minute; without a group, everybody is."""

    def __init__(
        self,
        gateway: Gateway,
        group_id: str | None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._group_id = group_id
        self._now = now
        self._kept: tuple[float, frozenset[str]] | None = None
        self._changes = 0

    def register(self, app: AsyncApp) -> None:
        """Listen to changes."""
        for event in EVENTS:
            app.event(event)(self.changed)

    async def changed(self) -> None:
        """Ask anew next time, also where an answer is on its way that may be older."""
        self._kept, self._changes = None, self._changes + 1
        log.info("group_changed")

    async def lets(self, person: Person) -> bool:
        """Tell whether somebody who may act may also answer guests.

        Whom the owner named by id needs no group. Raises ``SlackError`` where it cannot be told.
        """
        known = self.known(person)
        if known is None and self._group_id is not None:
            return person.user_id in await self._members(self._group_id)
        return bool(known)

    def known(self, person: Person) -> bool | None:
        """Tell it where nothing has to be asked, ``None`` where something has."""
        if self._group_id is None or person.kind is Kind.NAMED:
            return True
        if self._kept is None or self._now() - self._kept[0] >= KEPT_SECONDS:
            return None
        return person.user_id in self._kept[1]

    async def check(self) -> None:
        """See whether the group can be read; raises ``SlackError`` in words where it cannot."""
        if self._group_id is not None:
            await self._members(self._group_id)

    async def _members(self, group_id: str) -> frozenset[str]:
        changes, asked_at = self._changes, self._now()
        try:
            members = await self._gateway.group(group_id)
        except SlackError as error:
            log.info("group_unknown", code=error.code)
            if not error.permanent:
                raise
            words = f"the user group {group_id} of BRIDGEBOT_REPLY_GROUP cannot be read"
            raise SlackError(f"{words} ({error.code})", code=error.code, permanent=True) from None
        if changes == self._changes:
            self._kept = (asked_at, members)
        return members
