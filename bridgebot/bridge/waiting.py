"""Who waits unanswered, and what is to be done about it when.

The clock runs from when the guest wrote and stands still outside business hours. Only the warning
that a message is about to cost the reply score comes at night as well: that clock never stops.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bridgebot.bridge.hours import Hours, after

MINUTE = 60_000
HOUR = 60 * MINUTE


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """An escalation: after how long (milliseconds since the guest wrote), and who is mentioned."""

    after: int
    to: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """A property's settings; times are milliseconds.

    ``answer_within`` is the provider's time for a reply that counts, ``None`` where it has none;
    ``warn_before`` is how long before its end a message is raised, 0 for never.
    """

    hours: Hours
    alert_after: int = 15 * MINUTE
    steps: tuple[Step, ...] = ()
    answer_within: int | None = None
    warn_before: int = 2 * HOUR


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """The settings of all properties; as many alerts as ``flood`` at once become one summary."""

    default: Rules
    by_property: Mapping[str, Rules] = field(default_factory=dict)
    flood: int = 20

    def rules_of(self, property_id: str | None, answer_within: int | None) -> Rules:
        """Tell the rules of a property at a provider."""
        rules = self.by_property.get(property_id or "", self.default)
        return replace(rules, answer_within=answer_within)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A conversation's clock; all times are milliseconds since 1970.

    ``closing_since`` is a closing word that raises no alert but counts for the reply score;
    ``alert_since`` is what the standing alert was raised for; ``step`` counts the escalations made.
    """

    since: int | None = None
    closing_since: int | None = None
    snoozed_until: int | None = None
    alert_since: int | None = None
    step: int = 0
    warned: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to be done now, and when to look again (``None``: not before something happens).

    ``over``: the standing alert is over; ``alert``: an alert is due; ``steps``: escalations due;
    ``warn``: the reply score is about to suffer; ``woken``: a snooze has ended.
    """

    over: bool = False
    alert: bool = False
    steps: tuple[Step, ...] = ()
    warn: bool = False
    woken: bool = False
    look_at: int | None = None


def judge(waiting: Waiting, rules: Rules, now: int) -> Verdict:
    """Decide what a conversation's clock asks for at this moment."""
    start = waiting.since if waiting.since is not None else waiting.closing_since
    stands = waiting.alert_since is not None
    over = stands and (start is None or start > (waiting.alert_since or 0))
    if start is None:
        return Verdict(over=over)
    if over:
        waiting, stands = Waiting(since=waiting.since, closing_since=waiting.closing_since), False
    snooze = waiting.snoozed_until or 0
    due_at = _alert_at(waiting, rules, snooze)
    warn_at = _warn_at(start, rules, now) if not waiting.warned else None
    alert = not stands and due_at is not None and due_at <= now
    warn = warn_at is not None and warn_at <= now
    times = _steps_at(waiting, rules, snooze)
    coming = [warn_at, None if stands else due_at, snooze, *(at for at, _ in times)]
    return Verdict(
        over=over,
        alert=alert or (warn and not stands),
        steps=tuple(step for at, step in times if at <= now),
        warn=warn,
        woken=stands and 0 < snooze <= now,
        look_at=min((at for at in coming if at is not None and at > now), default=None),
    )


def _alert_at(waiting: Waiting, rules: Rules, snooze: int) -> int | None:
    if waiting.since is None:
        return None
    return max(after(rules.hours, waiting.since, rules.alert_after), snooze)


def _steps_at(waiting: Waiting, rules: Rules, snooze: int) -> list[tuple[int, Step]]:
    """Tell when the escalations that are still to come fall due; a snooze holds them back."""
    if waiting.since is None:
        return []
    rest = rules.steps[waiting.step :]
    # An escalation is a post below the alert, so none comes before it.
    least = max(rules.alert_after, 0)
    return [
        (max(after(rules.hours, waiting.since, max(step.after, least)), snooze), step)
        for step in rest
    ]


def _warn_at(start: int, rules: Rules, now: int) -> int | None:
    """Tell when a message begins to endanger the reply score; what is lost is not warned of."""
    if rules.answer_within is None or rules.warn_before <= 0:
        return None
    ends = start + rules.answer_within
    return max(start, ends - rules.warn_before) if now < ends else None
