"""What every worker is given."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from datetime import datetime

from bridgebot.bridge.routing import Rule, first_fitting
from bridgebot.bridge.signing import Signing
from bridgebot.bridge.waiting import HOUR
from bridgebot.bridge.window import rule
from bridgebot.elapsed import elapsed
from bridgebot.model import Conversation, Message, ReplyWindow
from bridgebot.providers.base import Provider
from bridgebot.store.database import Store
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.rows import to_ms
from bridgebot.tracing import Traces


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

    def nudge_all(self) -> None:
        """End the pause of every worker of this node that can be woken."""
        for each in fields(self):
            nudge(getattr(self, each.name))


def nudge(event: asyncio.Event) -> None:
    """Wake a worker of this node alone, also where an event is shared with the other nodes."""
    asyncio.Event.set(event)


_EPOCH: ContextVar[int | None] = ContextVar("epoch", default=None)
SPARE_MS = 2_000
"""How long before its lease ends a node begins no more calls that change something."""


class Pulse:
    """Whether this node may begin calls: when its lease has run out, others redo its work.

    A process that was stopped, or starved, for a while does not know it; its clock does.
    """

    def __init__(self, monotonic: Callable[[], float] = elapsed) -> None:
        self.epoch = 0
        self._monotonic = monotonic
        self._until = math.inf

    def beat(self, began: float) -> None:
        """Take note of a renewal that began at this time of the monotonic clock.

        After a gap an epoch begins: what was claimed before may have been taken over.
        """
        if self._monotonic() >= self._until:
            self.epoch += 1
        self._until = began + (LEASE_MS - SPARE_MS) / 1000

    def time(self) -> float:
        """Tell the time of the monotonic clock."""
        return self._monotonic()

    def beats(self) -> bool:
        """Tell whether the lease lasts, and has lasted since what is in hand was claimed."""
        unbroken = _EPOCH.get() in {None, self.epoch}
        return unbroken and self._monotonic() < self._until

    @staticmethod
    @contextlib.contextmanager
    def since(epoch: int) -> Iterator[None]:
        """Work on what was claimed in an epoch."""
        token = _EPOCH.set(epoch)
        try:
            yield
        finally:
            _EPOCH.reset(token)


@dataclass(frozen=True, kw_only=True, slots=True)
class Routing:
    """Which channel a thread opens in: by the rules, then by the property, then by the account."""

    guests: str
    alerts: str
    by_property: Mapping[str, str] = field(default_factory=dict)
    by_account: Mapping[str, str] = field(default_factory=dict)
    rules: Sequence[Rule] = ()

    def channel_for(self, about: Conversation, message: Message | None = None) -> str:
        """Tell the channel of a conversation that has no thread yet.

        ``message`` is the one that its thread opens with.
        """
        ruled = first_fitting(self.rules, about, message)
        account = self.by_account.get(about.provider, self.guests)
        return ruled or self.by_property.get(about.property_id or "", account)

    def channels(self) -> frozenset[str]:
        """List all channels where threads may open."""
        ruled = (rule.channel for rule in self.rules)
        named = (*self.by_property.values(), *self.by_account.values())
        return frozenset({self.guests, *named, *ruled})


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """The store, the node's name, time, chance and the shared settings.

    ``owner`` is ``host:pid:start`` and names this process in leases and claims. ``settle`` is the
    number of seconds the other side may take to act on a request whose answer was lost. Leases
    go by the database's clock, unless ``leased_at`` gives another time.
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
    traces: Traces = field(default_factory=Traces)
    pulse: Pulse = field(default_factory=Pulse)
    leased_at: Callable[[], int | None] = lambda: None

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
