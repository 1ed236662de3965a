"""How the running bridge is doing: asked by ``/readyz`` and ``/metrics``."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Protocol

from bridgebot import __version__, metrics
from bridgebot.bridge.delivery import State
from bridgebot.errors import StoreError
from bridgebot.health import Health
from bridgebot.metrics import Reading
from bridgebot.slack.socket import Socket
from bridgebot.slack.webhook import Webhook
from bridgebot.store import figures
from bridgebot.store.figures import Figures
from bridgebot.workers.context import Context
from bridgebot.workers.selfcheck import SelfCheck

LEAST_LIMIT = 10.0
OPEN_STATES = (State.AVAILABLE, State.EXECUTING, State.RETRYABLE, State.UNCERTAIN)


class Consumer(Protocol):
    """Takes messages from a source of a provider."""

    @property
    def name(self) -> str:
        """What it is called: its kind, and the provider."""
        ...

    @property
    def heard_at(self) -> datetime | None:
        """When its source was last heard."""
        ...

    @property
    def poll_seconds(self) -> float:
        """How long it pauses where there is nothing to do."""
        ...

    @property
    def standby(self) -> bool:
        """Whether another node does its work."""
        ...


NO_LEASE = "this node's lease has run out: the database does not answer, or the process stood still"


@dataclass(frozen=True, kw_only=True, slots=True)
class Vitals:
    """Watches the parts; ``disk`` is the directory of a SQLite database, ``None`` for others."""

    context: Context
    socket: Socket | Webhook
    pollers: Sequence[Consumer]
    selfcheck: SelfCheck
    started: datetime
    disk: Path | None = None
    notified: Callable[[], Mapping[str, datetime]] = dict

    def health(self) -> Health:
        """Tell whether the bridge does its work."""
        polled = [poller for poller in self.pollers if not poller.standby]
        # Of the sources that this node polls the one that is latest counts.
        late = max(polled, key=self._overdue, default=None)
        heard = late.heard_at if late is not None else None
        return Health(
            slack_connected=self.socket.connected,
            last_poll_ok=self._age(heard) if heard is not None else None,
            poll_limit=_limit(late) if late is not None else 0.0,
            polled=self._silent(polled) or "the provider",
            standby=not polled,
            problems=(*self.selfcheck.problems, *self._cut_off()),
        )

    def _cut_off(self) -> tuple[str, ...]:
        """Say that this node may not send, since its lease has run out."""
        return () if self.context.pulse.beats() else (NO_LEASE,)

    def _silent(self, polled: Sequence[Consumer]) -> str:
        """Name the accounts from which nothing comes."""
        names = {_provider_of(each) for each in polled if self._overdue(each) > 0}
        return ", ".join(sorted(names))

    def _overdue(self, poller: Consumer) -> float:
        """Tell how long ago something should have been received; one never heard comes first."""
        if poller.heard_at is None:
            return math.inf
        return self._age(poller.heard_at) - _limit(poller)

    async def metrics(self) -> bytes:
        """Write all metrics; without the store's where the database does not answer."""
        readings = [*self._process(), *self._pollers()]
        try:
            found = await self.context.store.read(figures.read)
        except StoreError:
            return metrics.render(readings)
        return metrics.render([*readings, *store_readings(found, self.context.ms())])

    def _process(self) -> Iterator[Reading]:
        yield Reading("bridgebot_build_info", 1, {"version": __version__})
        yield Reading("bridgebot_ready", not self.health().reasons())
        yield Reading("bridgebot_slack_connected", self.socket.connected)
        yield Reading("bridgebot_slack_reconnections", self.socket.reconnections)
        if self.disk is not None:
            yield Reading("bridgebot_disk_free_bytes", shutil.disk_usage(self.disk).free)

    def _pollers(self) -> Iterator[Reading]:
        by_provider = sorted(self.pollers, key=_provider_of)
        for provider, group in groupby(by_provider, key=_provider_of):
            labels, pollers = {"provider": provider}, list(group)
            polled = [each for each in pollers if not each.standby]
            yield Reading("bridgebot_standby", not polled, labels)
            if polled:
                # Of several sources the one that was silent longest.
                age = max(self._age(each.heard_at or self.started) for each in polled)
                yield Reading("bridgebot_last_poll_age_seconds", age, labels)
        for provider, at in self.notified().items():
            labels = {"provider": provider}
            yield Reading("bridgebot_last_notification_age_seconds", self._age(at), labels)

    def _age(self, since: datetime) -> float:
        return (self.context.now() - since).total_seconds()


def _provider_of(poller: Consumer) -> str:
    return poller.name.partition(":")[2]


def _limit(poller: Consumer) -> float:
    return max(LEAST_LIMIT, 3 * poller.poll_seconds)


def store_readings(found: Figures, now: int) -> Iterator[Reading]:
    """Turn the store's figures into readings; ``now`` in milliseconds since 1970."""
    for queue, oldest in found.oldest.items():
        for state in OPEN_STATES:
            labels = {"queue": queue, "state": state.value}
            yield Reading("bridgebot_queue_depth", found.depth.get((queue, state), 0), labels)
        yield Reading("bridgebot_queue_age_seconds", _seconds(oldest, now), {"queue": queue})
    yield Reading("bridgebot_quarantined", found.quarantined)
    yield Reading("bridgebot_unanswered", found.unanswered)
    yield Reading("bridgebot_unanswered_age_seconds", _seconds(found.waiting_since, now))
    for kind, count in found.alerts.items():
        yield Reading("bridgebot_alerts_open", count, {"kind": kind})


def _seconds(since: int | None, now: int) -> float:
    return 0.0 if since is None else max(0.0, (now - since) / 1000)
