"""The Home tab: published when somebody opens it, and kept up to date while they may be looking."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.hours import day_begins
from bridgebot.bridge.score import LEAST, WINDOW, WITHIN, Score, middle, score
from bridgebot.errors import SlackError
from bridgebot.rendering.home import (
    ALL,
    HomeState,
    home_view,
    refused_view,
    score_line,
    today_line,
)
from bridgebot.slack.access import Access
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.guests import Guests, by_property
from bridgebot.store import replied
from bridgebot.store.database import Store
from bridgebot.store.replied import Terms

log = structlog.get_logger()

PAUSE = 5.0
LOOKING_MS = 30 * 60_000
"""How long after opening it somebody is taken to look at the tab."""
FRESH_MS = 60_000
SHOWN = 15


class Scores:
    """Computes the properties' reply scores, and remembers them for a minute."""

    def __init__(self, store: Store, *, providers: Sequence[str], now: Callable[[], int]) -> None:
        self._store = store
        self._providers = providers
        self._now = now
        self._known: tuple[int, dict[str, Score]] = (0, {})

    async def all(self) -> Mapping[str, Score]:
        """Tell the score of each property that has one."""
        now = self._now()
        if now - self._known[0] >= FRESH_MS:
            self._known = now, await self._store.read(lambda c: self._all(c, now))
        return self._known[1]

    async def _all(self, connection: AsyncConnection, now: int) -> dict[str, Score]:
        """Have the messages of the window counted; where they are few, judge the last ones."""
        terms = Terms(now=now, window=WINDOW, within=WITHIN, least=LEAST)
        counted = await replied.counted(connection, providers=self._providers, terms=terms)
        many = {place: each for place, each in counted.items() if each.counted >= LEAST}
        few = [each for each in await replied.properties(connection) if each not in many]
        last = await replied.last(connection, providers=self._providers, places=few, terms=terms)
        judged = {place: score(each, now) for place, each in last.items()}
        return {
            **{place: Score(**each._asdict()) for place, each in many.items()},
            **{place: each for place, each in judged.items() if each is not None},
        }

    async def lines(self, property_id: str | None = None) -> list[str]:
        """Say the scores in words, the worst first; of one property, or of all."""
        scores = sorted((await self.all()).items(), key=lambda item: (item[1].percent, item[0]))
        return [
            score_line(place, each.percent, each.answered, each.counted, few=each.counted < LEAST)
            for place, each in scores
            if property_id in {None, place}
        ]


@dataclass(slots=True)
class _Looking:
    """Somebody who opened the tab: when, at which property, and what was drawn last."""

    opened_at: int
    chosen: str | None = None
    drawn: str = ""
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


class Home:
    """Draws the tab; also a worker that draws it again when something has changed."""

    name = "home"

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        access: Access,
        guests: Guests,
        scores: Scores,
        *,
        zone: ZoneInfo,
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._access = access
        self._guests = guests
        self._scores = scores
        self._zone = zone
        self._now = now
        self._looking: dict[str, _Looking] = {}

    def register(self, app: AsyncApp) -> None:
        """Listen to openings and to the tab's own controls."""
        app.event("app_home_opened")(self.opened)
        app.action("home_property")(self.choose)
        app.action("home_refresh")(self.choose)

    async def opened(self, event: Mapping[str, Any]) -> None:
        """Publish the tab for who opened it."""
        if event.get("tab", "home") == "home":
            await self._show(str(event["user"]), again=True)

    async def choose(
        self, ack: AsyncAck, body: Mapping[str, Any], action: Mapping[str, Any]
    ) -> None:
        """Limit the tab to a property, or look again."""
        await ack()
        option = action.get("selected_option") or {}
        chosen = str(option.get("value") or action.get("value") or ALL)
        user = str(body["user"]["id"])
        looking = self._looking.setdefault(user, _Looking(self._now()))
        looking.chosen = None if chosen == ALL else chosen
        await self._show(user, again=True)

    async def again(self, user: str) -> None:
        """Draw the tab after one of its buttons was pressed."""
        await self._show(user, again=True)

    async def step(self) -> float:
        """Draw the tabs that people look at, where something has changed; see ``Worker.step``."""
        for user in list(self._looking):
            if self._now() - self._looking[user].opened_at > LOOKING_MS:
                del self._looking[user]
            else:
                await self._show(user)
        return PAUSE

    async def _show(self, user: str, *, again: bool = False) -> None:
        looking = self._looking.setdefault(user, _Looking(self._now()))
        async with looking.busy:
            if again:
                looking.opened_at = self._now()
            view = await self._view(user, looking)
            drawn = json.dumps(view, sort_keys=True)
            if drawn == looking.drawn and not again:
                return
            try:
                await self._gateway.publish(user, view)
            except SlackError as error:
                log.info("home_not_drawn", code=error.code)
                return
            looking.drawn = drawn

    async def _view(self, user: str, looking: _Looking) -> dict[str, object]:
        refusal = await self._access.refusal(user)
        if refusal is not None:
            return refused_view(refusal)
        guests, count = await self._guests.page(property_id=looking.chosen, limit=SHOWN)
        since = day_begins(self._zone, self._now())
        received, answered, waits = await self._store.read(
            lambda c: replied.day(c, since=since, property_id=looking.chosen)
        )
        return home_view(
            HomeState(
                groups=by_property(guests),
                count=count,
                today=today_line(received, answered, middle(waits)),
                scores=await self._scores.lines(looking.chosen),
                places=await self._store.read(replied.properties),
                chosen=looking.chosen,
            )
        )
