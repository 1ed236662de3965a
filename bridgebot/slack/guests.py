"""Describes guests who wait, for alerts, lists and the Home tab."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from bridgebot.bridge.hours import opens_at
from bridgebot.bridge.waiting import Desk
from bridgebot.errors import SlackError
from bridgebot.rendering.waiting import WaitingGuest
from bridgebot.rendering.words import how_long
from bridgebot.slack.gateway import Gateway
from bridgebot.store import lookups, watch
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow, from_ms

log = structlog.get_logger()


class Guests:
    """Makes what is shown of guests who wait from what the store knows."""

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        desk: Desk,
        *,
        label: Callable[[str], str],
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._desk = desk
        self._label = label
        self._now = now

    async def of(self, row: ConversationRow, *, since: int | None = None) -> WaitingGuest:
        """Describe one guest; ``since`` is the beginning of a wait that is over."""
        about, now = row.about, self._now()
        begun = row.awaiting_since or row.closing_since or since
        text, more = await self._store.read(lambda c: watch.asked(c, row))
        rules = self._desk.rules_of(about.property_id, None)
        return WaitingGuest(
            id=row.id,
            conversation=about,
            provider_label=self._label(about.provider),
            since=from_ms(begun) if begun is not None else None,
            waited=how_long(now - begun) if begun is not None else "",
            text=text,
            more=more,
            closing=row.awaiting_since is None and row.closing_since is not None,
            claimed_by=row.claimed_by,
            snoozed_until=from_ms(row.snoozed_until) if row.snoozed_until else None,
            link=await self._link(row),
            can_wait=opens_at(rules.hours, now) is not None,
        )

    async def all(self, rows: Sequence[ConversationRow]) -> tuple[WaitingGuest, ...]:
        """Describe several guests, in their order."""
        return tuple([await self.of(row) for row in rows])

    async def _link(self, row: ConversationRow) -> str | None:
        if row.thread_ts is None:
            return None
        try:
            return await self._gateway.permalink(row.channel, row.thread_ts)
        except SlackError as error:
            log.info("no_permalink", conversation=row.id, code=error.code)
            return None

    async def page(
        self, *, property_id: str | None = None, offset: int = 0, limit: int
    ) -> tuple[tuple[WaitingGuest, ...], int]:
        """Describe who waits, the longest first, and count all who do."""
        rows = await self._store.read(
            lambda c: lookups.unanswered(c, property_id=property_id, offset=offset, limit=limit)
        )
        count = await self._store.read(lambda c: lookups.count_unanswered(c, property_id))
        return await self.all(rows), count


def by_property(guests: Sequence[WaitingGuest]) -> list[tuple[str, list[WaitingGuest]]]:
    """Group guests by where they stay; the property of the longest wait comes first."""
    groups: dict[str, list[WaitingGuest]] = {}
    for guest in guests:
        place = guest.conversation.property_id or "not known yet"
        groups.setdefault(f"{guest.provider_label} property {place}", []).append(guest)
    return list(groups.items())
