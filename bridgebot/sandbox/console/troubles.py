"""Sets and ends the faults of the catalogue on all stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from bridgebot.sandbox.console.catalogue import QUEUE, SLACK_DOWN, TROUBLES, Strike
from bridgebot.sandbox.messaging.notifications import Notifier
from bridgebot.sandbox.messaging.standin import BookingStandIn
from bridgebot.sandbox.slack.standin import SlackStandIn


class Troubles:
    """Sets troubles on the stand-ins and tells which are still going on.

    ``sources`` are those that the bridge uses.
    """

    def __init__(self, booking: BookingStandIn, slack: SlackStandIn, notifier: Notifier) -> None:
        self.booking = booking
        self.slack = slack
        self.notifier = notifier
        self.sources = frozenset({QUEUE})
        self._set: dict[str, list[Any]] = {}

    def table(self) -> dict[str, object]:
        """Show each trouble that can happen here, and how many of its strikes are left."""
        return {
            name: {
                "name": name,
                "label": one.label,
                "expect": one.expect,
                "standing": one.standing,
                "left": self._left(name),
            }
            for name, one in TROUBLES.items()
            if self._can_strike(one.source)
        }

    def _can_strike(self, source: str) -> bool:
        return not source or source in self.sources

    def begin(self, name: str) -> None:
        """Let something go wrong; unknown names are a ``KeyError``."""
        trouble = TROUBLES[name]
        self.end(name)
        self._set[name] = [
            self._add(strike) for strike in trouble.strikes if self._can_strike(strike.source)
        ]
        if name in _BEGINS:
            _BEGINS[name](self)

    def end(self, name: str) -> None:
        """Let something work again."""
        set_before = self._set.pop(name, ())
        gone = {id(fault) for fault in set_before}
        for planned in self._planned():
            planned[:] = [each for each in planned if id(each) not in gone]
        if name == SLACK_DOWN:
            self.slack.sockets.refusing = False
        if set_before and name in _ENDS:
            _ENDS[name](self)

    def end_all(self) -> None:
        """Let everything work again."""
        for name in list(self._set):
            self.end(name)
        for planned in self._planned():
            planned.clear()
        self.slack.sockets.refusing = False

    def _add(self, strike: Strike) -> object:
        sides: Mapping[str, Any] = {"slack": self.slack, "notifications": self.notifier}
        faults = sides.get(strike.side, self.booking).faults
        faults.add(strike.call, strike.kind, times=strike.times, seconds=strike.seconds)
        return faults.planned[-1]

    def _planned(self) -> tuple[list[Any], ...]:
        sides = (self.booking.faults, self.slack.faults, self.notifier.faults)
        return tuple(each.planned for each in sides)

    def _left(self, name: str) -> int:
        here = {id(each) for planned in self._planned() for each in planned}
        left: int = sum(fault.times for fault in self._set.get(name, ()) if id(fault) in here)
        return min(left, 1) if TROUBLES[name].standing else left


def _cut(troubles: Troubles) -> None:
    troubles.slack.sockets.cut()


def _double(troubles: Troubles) -> None:
    troubles.slack.sockets.duplicating = 5


def _mix(troubles: Troubles) -> None:
    troubles.slack.sockets.reordering = 3


def _reset(troubles: Troubles) -> None:
    for account in troubles.booking.booking.accounts:
        troubles.booking.booking.reset_queue(account)


def _close_slack(troubles: Troubles) -> None:
    troubles.slack.sockets.refusing = True
    troubles.slack.sockets.cut()


_BEGINS: Final[Mapping[str, Callable[[Troubles], None]]] = {
    SLACK_DOWN: _close_slack,
    "cut": _cut,
    "twice": _double,
    "mixed": _mix,
}
_ENDS: Final[Mapping[str, Callable[[Troubles], None]]] = {"reset": _reset}
