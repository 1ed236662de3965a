"""What every worker is given."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bridgebot.bridge.signing import Signing
from bridgebot.bridge.waiting import HOUR
from bridgebot.bridge.window import rule
from bridgebot.model import ReplyWindow
from bridgebot.providers.base import Provider
from bridgebot.store.database import Store
from bridgebot.store.rows import to_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class Signals:
    """Events that wake a worker before its pause is over."""

    inbox: asyncio.Event = field(default_factory=asyncio.Event)
    outbox: asyncio.Event = field(default_factory=asyncio.Event)
    decide: asyncio.Event = field(default_factory=asyncio.Event)
    views: asyncio.Event = field(default_factory=asyncio.Event)
    watch: asyncio.Event = field(default_factory=asyncio.Event)
    poll: asyncio.Event = field(default_factory=asyncio.Event)
    pushed: asyncio.Event = field(default_factory=asyncio.Event)
    reconcile: asyncio.Event = field(default_factory=asyncio.Event)
    catchup: asyncio.Event = field(default_factory=asyncio.Event)
    backfill: asyncio.Event = field(default_factory=asyncio.Event)

    def all(self) -> None:
        """Wake everybody who acts on what people in Slack did."""
        for signal in (
            self.decide,
            self.outbox,
            self.inbox,
            self.views,
            self.watch,
            self.backfill,
        ):
            signal.set()


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """Which channel a conversation's thread opens in."""

    guests: str
    alerts: str
    by_property: Mapping[str, str] = field(default_factory=dict)

    def channel_of(self, property_id: str | None) -> str:
        """Tell the channel of a property; the guests' channel where it has none of its own."""
        return self.by_property.get(property_id or "", self.guests)

    def channels(self) -> frozenset[str]:
        """List all channels where threads may open."""
        return frozenset({self.guests, *self.by_property.values()})


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The store, the node's name, time, chance and the shared settings.

    ``owner`` is ``host:pid:start`` and names this process in leases and claims. ``settle`` is the
    number of seconds the other side may take to act on a request whose answer was lost.
    """

    store: Store
    owner: str
    now: Callable[[], datetime]
    chance: Callable[[], float]
    routing: Routing
    providers: Mapping[str, Provider]
    settle: float = 30.0
    signing: Signing = field(default_factory=Signing)
    signals: Signals = field(default_factory=Signals)

    def ms(self) -> int:
        """Tell the time in milliseconds since 1970."""
        return to_ms(self.now())

    def answer_within(self, provider: str) -> int | None:
        """Tell within how many milliseconds a reply counts for a score, where there is one."""
        found = self.providers.get(provider)
        hours = found.limits.answer_hours if found is not None else None
        return None if hours is None else int(hours * HOUR)

    def window(self, provider: str) -> ReplyWindow | None:
        """Tell how long a provider takes replies, where it says so."""
        found = self.providers.get(provider)
        return found.limits.window if found is not None else None

    def window_rule(self, provider: str) -> str:
        """Say how long a provider takes replies; empty where it does not say so."""
        return rule(self.window(provider), self.label(provider))

    def label(self, provider: str) -> str:
        """Tell what people call a provider."""
        found = self.providers.get(provider)
        return found.label if found is not None else provider
