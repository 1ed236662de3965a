"""Keeps calls to Slack below its limits; one pacer is shared by all callers.

Slack counts by method, workspace and app in windows of a minute, and posts by channel as well
(https://docs.slack.dev/apis/web-api/rate-limits). So there is a token bucket for each method, one
for each channel that is posted to, and one for all posts together. A 429 holds its bucket.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

POST = "chat.postMessage"
_ROUNDING = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """So many calls at once, then so many a minute; their sum is the most any minute can see."""

    burst: int
    per_minute: float


TIER_2 = Limit(burst=4, per_minute=14)
TIER_3 = Limit(burst=8, per_minute=40)
TIER_4 = Limit(burst=15, per_minute=80)
WORKSPACE = Limit(burst=60, per_minute=240)
"""For all posts of the workspace; Slack says "several hundred a minute" and no more."""

LIMITS: Mapping[str, Limit] = {
    "chat.update": TIER_3,
    "chat.delete": TIER_3,
    "reactions.add": TIER_3,
    "conversations.history": TIER_3,
    "conversations.replies": TIER_3,
    "conversations.info": TIER_3,
    "reactions.remove": TIER_2,
    "usergroups.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "users.info": TIER_4,
    "conversations.members": TIER_4,
    "chat.postEphemeral": TIER_4,
    "files.getUploadURLExternal": TIER_4,
    "files.completeUploadExternal": TIER_4,
    "files.info": TIER_4,
    "views.publish": TIER_4,
    "views.open": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}
"""A method that is not named here has no published limit; it waits only after a 429."""


class Bucket:
    """A token bucket that can be held; without a limit it is always full."""

    def __init__(self, limit: Limit | None, now: float) -> None:
        self._limit = limit
        self._tokens = float(limit.burst) if limit else math.inf
        self._at = now
        self.turn = asyncio.Lock()
        self.waiting = 0

    def ready_in(self, now: float, *, ahead: int = 0) -> float:
        """Tell the seconds until there is a token for a caller with so many others ahead."""
        held = max(0.0, self._at - now)
        missing = ahead + 1.0 - self._refilled(now)
        if self._limit is None or missing <= _ROUNDING:
            return held
        return held + missing * 60.0 / self._limit.per_minute

    def room(self, now: float) -> float:
        """Count the callers who would have a token at once, behind those who wait."""
        if self._at > now:
            return 0
        if self._limit is None:
            return math.inf
        return max(0, math.floor(self._refilled(now) + _ROUNDING) - self.waiting)

    def is_free(self, now: float) -> bool:
        """Tell whether a caller may have a token at once, with nobody ahead."""
        return not self.waiting and not self.turn.locked() and self.ready_in(now) <= 0

    def take(self, now: float) -> None:
        """Use a token."""
        self._tokens = self._refilled(now) - 1.0
        self._at = max(self._at, now)

    def hold(self, now: float, seconds: float) -> None:
        """Give nothing for so long, and then no burst: one token, and the ordinary pace."""
        self._tokens = 1.0
        self._at = max(self._at, now + seconds)

    def _refilled(self, now: float) -> float:
        if self._limit is None:
            return math.inf
        gained = max(0.0, now - self._at) * self._limit.per_minute / 60.0
        return min(float(self._limit.burst), self._tokens + gained)


class Pacer:
    """Gives turns to callers; first come, first served for each bucket.

    ``posts_per_second`` and ``burst`` are for posts in one channel; 0 a second switches all pacing
    off, and only what Slack asks for is waited for. ``now`` is a monotonic clock in seconds.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        posts_per_second: float = 1.0,
        burst: int = 5,
    ) -> None:
        self._now = now
        self._sleep = sleep
        paced = posts_per_second > 0
        channel = Limit(burst=burst, per_minute=posts_per_second * 60.0)
        self._channel = channel if paced else None
        self._workspace = WORKSPACE if paced else None
        self._limits = LIMITS if paced else {}
        self._buckets: dict[tuple[str, str | None], Bucket] = {}
        self._found: dict[tuple[str, str | None], tuple[Bucket, ...]] = {}

    async def turn(self, method: str, channel: str | None = None) -> None:
        """Wait until this call may be made."""
        buckets, now = self._of(method, channel), self._now()
        if all(bucket.is_free(now) for bucket in buckets):
            for bucket in buckets:
                bucket.take(now)
            return
        await self._pass(*buckets)

    def ready_in(self, method: str, channel: str | None = None) -> float:
        """Tell the seconds until a call made now would have its turn; 0 is at once."""
        # The clock is read last: a bucket made just now must not lie in the future.
        buckets, now = self._of(method, channel), self._now()
        return max(bucket.ready_in(now, ahead=bucket.waiting) for bucket in buckets)

    def room(self, method: str, channel: str | None = None) -> float:
        """Count the calls that would have their turn at once; infinite where nothing is paced."""
        buckets, now = self._of(method, channel), self._now()
        return min(bucket.room(now) for bucket in buckets)

    def full(self, method: str) -> list[str]:
        """List the channels in which a call would have to wait."""
        now = self._now()
        return [
            channel
            for (of, channel), bucket in self._buckets.items()
            if of == method and channel is not None and bucket.room(now) < 1
        ]

    def refused(self, method: str, channel: str | None, after: float) -> None:
        """Hold the calls that Slack refused for as long as it asked."""
        self._of(method, channel)[0].hold(self._now(), after)

    async def _pass(self, bucket: Bucket, *wider: Bucket) -> None:
        """Take a token from each bucket; who waits for a narrow one never blocks a wider one."""
        bucket.waiting += 1
        try:
            async with bucket.turn:
                await self._until_free(bucket)
                if wider:
                    await self._pass(*wider)
                    await self._until_free(bucket)
                bucket.take(self._now())
        finally:
            bucket.waiting -= 1

    async def _until_free(self, bucket: Bucket) -> None:
        # Looked at again after each sleep: a 429 may have come in the meantime.
        while (wait := bucket.ready_in(self._now())) > 0:
            await self._sleep(wait)

    def _of(self, method: str, channel: str | None) -> tuple[Bucket, ...]:
        """List the buckets of a call, the narrowest first; all callers lock in this order."""
        found = self._found.get((method, channel))
        if found is None:
            found = self._found[method, channel] = self._make(method, channel)
        return found

    def _make(self, method: str, channel: str | None) -> tuple[Bucket, ...]:
        if method == POST and channel is not None:
            return (
                self._bucket((method, channel), self._channel),
                self._bucket((method, None), self._workspace),
            )
        limit = self._workspace if method == POST else self._limits.get(method)
        return (self._bucket((method, None), limit),)

    def _bucket(self, key: tuple[str, str | None], limit: Limit | None) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(limit, self._now())
        return bucket
