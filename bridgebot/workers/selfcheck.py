"""Looks after the bridge's own footing: token, scopes, channels, clock and disk.

What is wrong is said once when it begins and once when it ends: in the log, in the alerts channel,
and, as long as it lasts, in ``/readyz``. Deliveries are tried again by themselves meanwhile.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from bridgebot.errors import SlackError
from bridgebot.slack.faults import MENDABLE
from bridgebot.slack.fitness import (
    CLOCK_WRONG,
    REINSTALL,
    SYNCHRONISE,
    channel_problem,
    clock_off,
    missing_scopes,
)
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.group import Group
from bridgebot.slack.timekeeper import utc_now
from bridgebot.store import lookups, records
from bridgebot.workers.context import Context

log = structlog.get_logger()

PAUSE = 20.0
AT_ONCE = 5
"""Channels a turn: a chain has thousands, and the method's limit is for all callers."""

SCARCE_BYTES = 500_000_000


@dataclass(frozen=True, slots=True)
class Aspect:
    """Something that is looked at; ``kind`` and ``subject`` name its alert."""

    kind: str
    subject: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with it, and what to do."""

    text: str
    remedy: str


Seen = tuple[Aspect, Problem | None]
TOKEN = Aspect("credentials", "token")
SCOPES = Aspect("slack_refused", "scopes")
GROUP = Aspect("slack_refused", "group")


class SelfCheck:
    """Looks at a few things each turn; ``disk`` is where a SQLite database lies.

    ``on_lost`` is told of a channel that cannot be used any more, and when it last could. ``wall``
    is this machine's clock.
    """

    name = "selfcheck"

    def __init__(
        self,
        context: Context,
        gateway: Gateway,
        group: Group,
        *,
        disk: Path | None,
        on_lost: Callable[[str, int], Awaitable[None]],
        wall: Callable[[], datetime] = utc_now,
    ) -> None:
        self._context = context
        self._gateway = gateway
        self._group = group
        self._disk = disk
        self._on_lost = on_lost
        self._wall = wall
        self._fine_at: dict[str, int] = {}
        self._host = context.owner.partition(":")[0]
        routing = context.routing
        self._channels = deque(sorted({routing.alerts, *routing.channels()}))
        self._problems: dict[Aspect, Problem] = {}
        self._looked: set[Aspect] = set()

    @property
    def problems(self) -> tuple[str, ...]:
        """List what is wrong now, in words."""
        return tuple(f"{each.text}: {each.remedy}" for each in self._problems.values())

    async def step(self) -> float:
        """Look once; see ``Worker.step``."""
        async for aspect, problem in self._look():
            await self._note(aspect, problem)
        return PAUSE

    async def _look(self) -> AsyncIterator[Seen]:
        async for seen in self._slack():
            yield seen
        try:
            await self._group.check()
        except SlackError as error:
            if error.permanent:
                yield GROUP, Problem(str(error), "name another group in the settings, and restart")
        else:
            yield GROUP, None
        async for seen in self._places():
            yield seen
        if self._disk is not None:
            free = shutil.disk_usage(self._disk).free
            words = f"the disk is nearly full ({free // 1_000_000} MB are free)"
            full = Problem(words, "make room: a full disk stops the bridge")
            aspect = Aspect("machine", f"disk:{self._host}")
            yield aspect, full if free < SCARCE_BYTES else None

    async def _places(self) -> AsyncIterator[Seen]:
        """Look at a few channels in turn, and at those in which something cannot be shown."""
        stuck = await self._context.store.read(
            lambda c: lookups.stuck_channels(c, MENDABLE, limit=AT_ONCE)
        )
        bad = [each.subject for each in self._problems if each.subject in self._fine_at]
        bad += stuck
        turn = [self._channels[index] for index in range(min(AT_ONCE, len(self._channels)))]
        self._channels.rotate(-AT_ONCE)
        for channel in dict.fromkeys([*bad[: 2 * AT_ONCE], *turn]):
            began = self._context.ms()
            try:
                problem = await self._channel(channel)
            except SlackError as error:
                log.debug("selfcheck_left_out", channel=channel, code=error.code)
                continue
            if problem is None:
                self._fine_at[channel] = began
            elif Aspect("slack_refused", channel) not in self._problems:
                await self._on_lost(channel, self._fine_at.setdefault(channel, began))
            yield Aspect("slack_refused", channel), problem

    async def _slack(self) -> AsyncIterator[Seen]:
        """Look at the token, its scopes, and the clock by which Slack answers."""
        try:
            me = await self._gateway.whoami()
        except SlackError as error:
            if error.auth:
                yield TOKEN, Problem(str(error), "put the new token into BRIDGEBOT_SLACK_BOT_TOKEN")
            return
        yield TOKEN, None
        missing = missing_scopes(me.scopes)
        words = f"the Slack app lacks permissions: {', '.join(missing)}"
        yield SCOPES, Problem(words, REINSTALL) if missing else None
        off = clock_off(me.answered_at, self._wall())
        wrong = Problem(f"this machine's clock is {off:.0f} s off", SYNCHRONISE)
        yield Aspect("machine", f"clock:{self._host}"), wrong if off >= CLOCK_WRONG else None

    async def _channel(self, channel: str) -> Problem | None:
        """Look at a channel; raises ``SlackError`` where Slack says nothing about it."""
        try:
            found = channel_problem(await self._gateway.channel(channel))
        except SlackError as error:
            if error.code not in MENDABLE:
                raise
            return Problem(f"channel {channel} cannot be used", str(error))
        return Problem(*found) if found else None

    async def _note(self, aspect: Aspect, problem: Problem | None) -> None:
        """Say what began or ended; at the first look an alert of an earlier run may end."""
        before = self._problems.get(aspect)
        is_first = aspect not in self._looked
        self._looked.add(aspect)
        if problem is not None:
            self._problems[aspect] = problem
            if before is None:
                await self._begin(aspect, problem)
        elif before is not None or is_first:
            self._problems.pop(aspect, None)
            await self._end(aspect)

    async def _begin(self, aspect: Aspect, problem: Problem) -> None:
        log.warning("attention", kind=aspect.kind, subject=aspect.subject, reason=problem.text)
        await self._context.store.write(
            lambda c: records.raise_alert(
                c,
                kind=aspect.kind,
                provider=_provider(aspect),
                subject=aspect.subject,
                title=problem.text[:1].upper() + problem.text[1:],
                lines=(problem.remedy,),
                now=self._context.ms(),
            )
        )
        self._context.signals.views.set()

    async def _end(self, aspect: Aspect) -> None:
        closed = await self._context.store.write(
            lambda c: records.close_alert(
                c,
                kind=aspect.kind,
                provider=_provider(aspect),
                subject=aspect.subject,
                now=self._context.ms(),
                line="Put right; what waited goes out now.",
            )
        )
        if closed:
            log.info("attention_over", kind=aspect.kind, subject=aspect.subject)
            self._context.signals.views.set()


def _provider(aspect: Aspect) -> str:
    return "bridgebot" if aspect.kind == "machine" else "slack"
