"""Slack's rate limits, switched off unless a test or a page asks for them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

PER_CHANNEL, BURST, OTHERS = 1.0, 10, 50
TIERS: Mapping[str, int] = {
    "chat.postEphemeral": 100,
    "conversations.list": 20,
    "conversations.members": 100,
    "files.completeUploadExternal": 100,
    "files.getUploadURLExternal": 100,
    "files.info": 100,
    "reactions.remove": 20,
    "usergroups.list": 20,
    "usergroups.users.list": 20,
    "users.info": 100,
    "users.list": 20,
    "views.open": 100,
    "views.publish": 100,
    "views.push": 100,
    "views.update": 100,
}
"""Calls a minute; what is not named has tier 3, fifty. Slack publishes no sizes of bursts."""
UNLIMITED = frozenset({"auth.test", "chat.getPermalink"})


@dataclass(slots=True)
class _Bucket:
    """Tokens that come back with time."""

    tokens: float
    at: float


@dataclass(slots=True)
class Limits:
    """Counts calls per method and app, posts per channel too; ``enabled`` is the switch."""

    now: Callable[[], float] = time.time
    enabled: bool = False
    limited: int = 0
    _buckets: dict[tuple[str, ...], _Bucket] = field(default_factory=dict)

    def wait(self, method: str, app_id: str, channel: str) -> int:
        """Take a call's place; return 0, or the whole seconds that it has to wait."""
        if not self.enabled or method in UNLIMITED:
            return 0
        if method == "chat.postMessage":
            seconds = self._take((method, app_id, channel), PER_CHANNEL, BURST)
        else:
            most = TIERS.get(method, OTHERS)
            seconds = self._take((method, app_id), most / 60, most)
        self.limited += seconds > 0
        return seconds

    def _take(self, key: tuple[str, ...], rate: float, most: int) -> int:
        now = self.now()
        bucket = self._buckets.setdefault(key, _Bucket(most, now))
        bucket.tokens = min(most, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        if bucket.tokens >= 1:
            bucket.tokens -= 1
            return 0
        return max(1, math.ceil((1 - bucket.tokens) / rate))
