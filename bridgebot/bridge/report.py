"""The report's figures: how many guests wrote, how soon they were answered, who answered.

What a guest wrote in one go and what one answer covers is a turn; the first reply time is that from
the turn's first message to the answer, by the clock on the wall. Turns are added one by one, and
only times are kept of them.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from bridgebot.model import Figures, Report, Turn

NOWHERE = "(not known)"
"""Stands for a property of which the provider has not told."""


@dataclass(slots=True)
class _Sum:
    messages: int = 0
    unanswered: int = 0
    waits: array[int] = field(default_factory=lambda: array("q"))

    def add(self, turn: Turn) -> None:
        self.messages += turn.messages
        self.unanswered += turn.open
        if turn.answered_at is not None:
            self.waits.append(max(0, turn.answered_at - turn.asked_at))

    def figures(self) -> Figures:
        waits = sorted(self.waits)
        return Figures(
            messages=self.messages,
            answered=len(waits),
            unanswered=self.unanswered,
            median=percentile(waits, 50),
            ninetieth=percentile(waits, 90),
        )


class Tally:
    """Adds turns up."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._total = _Sum()
        self._properties: dict[str, _Sum] = {}
        self._hours: dict[int, _Sum] = {}

    def add(self, turn: Turn) -> None:
        """Take one turn in."""
        hour = datetime.fromtimestamp(turn.asked_at / 1000, self._zone).hour
        self._total.add(turn)
        self._properties.setdefault(turn.property_id or NOWHERE, _Sum()).add(turn)
        self._hours.setdefault(hour, _Sum()).add(turn)

    def report(self, since: datetime, until: datetime, answered_by: Mapping[str, int]) -> Report:
        """Make the report of what was added; times are shown on the hotel's clock."""
        return Report(
            since=since.astimezone(self._zone),
            until=until.astimezone(self._zone),
            total=self._total.figures(),
            properties={name: each.figures() for name, each in sorted(self._properties.items())},
            hours={hour: each.figures() for hour, each in sorted(self._hours.items())},
            answered_by=dict(sorted(answered_by.items(), key=lambda each: (-each[1], each[0]))),
        )


def percentile(ordered: Sequence[int], percent: int) -> int | None:
    """Tell the value that so many per cent do not exceed; between two values, in proportion."""
    if not ordered:
        return None
    place, rest = divmod((len(ordered) - 1) * percent, 100)
    low, high = ordered[place], ordered[min(place + 1, len(ordered) - 1)]
    return round(low + (high - low) * rest / 100)
