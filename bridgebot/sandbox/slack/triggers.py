"""The ``trigger_id`` of a click or command: one use within three seconds."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from bridgebot.sandbox.slack.state import App, SlackRefusalError

LIFE = 3.0
KEPT = 600.0


@dataclass(slots=True)
class Trigger:
    """What a ``trigger_id`` stands for."""

    app_id: str
    user: str
    born: float
    used: bool = False


@dataclass(slots=True)
class Triggers:
    """The triggers that were given; old ones are forgotten and then are invalid, not expired."""

    now: Callable[[], float]
    given: dict[str, Trigger] = field(default_factory=dict)

    def give(self, app: App, user: str) -> str:
        """Give a ``trigger_id``."""
        now = self.now()
        self.given = {key: each for key, each in self.given.items() if now - each.born < KEPT}
        trigger_id = f"{uuid.uuid4().int % 10**12}.{uuid.uuid4().hex}"
        self.given[trigger_id] = Trigger(app.app_id, user, now)
        return trigger_id

    def exchange(self, app: App, trigger_id: str) -> str:
        """Exchange a ``trigger_id`` for the person it stands for, or raise Slack's refusal."""
        trigger = self.given.get(trigger_id)
        if trigger is None or trigger.app_id != app.app_id:
            raise SlackRefusalError("invalid_trigger_id")
        if trigger.used:
            raise SlackRefusalError("exchanged_trigger_id")
        if self.now() - trigger.born > LIFE:
            raise SlackRefusalError("expired_trigger_id")
        trigger.used = True
        return trigger.user
