"""Faults that a person sets by a click, each with what the bridge should make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bridgebot.sandbox.messaging.standin import BookingStandIn
from bridgebot.sandbox.slack.standin import SlackStandIn

# A standing fault strikes until somebody ends it.
_ALWAYS: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Strike:
    """A fault on the calls of one side."""

    side: str
    call: str
    kind: str
    times: int = 1
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What can go wrong: ``expect`` says what the bridge should do about it.

    ``act`` happens when it begins, ``last`` when it ends.
    """

    name: str
    label: str
    expect: str
    strikes: tuple[Strike, ...] = ()
    act: Callable[[Troubles], None] | None = None
    last: Callable[[Troubles], None] | None = None

    @property
    def standing(self) -> bool:
        """Whether it stays until somebody ends it."""
        return any(strike.times == _ALWAYS for strike in self.strikes)


class Troubles:
    """Sets troubles on both stand-ins and tells which are still going on."""

    def __init__(self, booking: BookingStandIn, slack: SlackStandIn) -> None:
        self.booking = booking
        self.slack = slack
        self._set: dict[str, list[Any]] = {}

    def table(self) -> dict[str, object]:
        """Show each trouble and how many of its strikes are left."""
        return {
            name: {
                "name": name,
                "label": one.label,
                "expect": one.expect,
                "standing": one.standing,
                "left": self._left(name),
            }
            for name, one in TROUBLES.items()
        }

    def begin(self, name: str) -> None:
        """Let something go wrong; unknown names are a ``KeyError``."""
        trouble = TROUBLES[name]
        self.end(name)
        self._set[name] = [self._add(strike) for strike in trouble.strikes]
        if trouble.act is not None:
            trouble.act(self)

    def end(self, name: str) -> None:
        """Let something work again."""
        set_before = self._set.pop(name, ())
        gone = {id(fault) for fault in set_before}
        for planned in self._planned():
            planned[:] = [each for each in planned if id(each) not in gone]
        if name == _SLACK_DOWN:
            self.slack.sockets.refusing = False
        if set_before and (last := TROUBLES[name].last) is not None:
            last(self)

    def end_all(self) -> None:
        """Let everything work again."""
        for name in list(self._set):
            self.end(name)
        for faults in (self.booking.faults, self.slack.faults):
            faults.clear()
        self.slack.sockets.refusing = False

    def _add(self, strike: Strike) -> object:
        faults: Any = self.slack.faults if strike.side == "slack" else self.booking.faults
        faults.add(strike.call, strike.kind, times=strike.times, seconds=strike.seconds)
        return faults.planned[-1]

    def _planned(self) -> tuple[list[Any], list[Any]]:
        return self.booking.faults.planned, self.slack.faults.planned

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


_SLACK_DOWN: Final = "slack-down"
_CATALOGUE: Final = (
    Trouble(
        name=_SLACK_DOWN,
        label="Slack is down",
        expect="Guests' messages wait in the bridge and arrive, in order, when this ends.",
        strikes=(Strike(side="slack", call="*", kind="503", times=_ALWAYS),),
        act=_close_slack,
    ),
    Trouble(
        name="booking-down",
        label="Booking.com is down",
        expect="Answers wait in the bridge and go out, in order, when this ends.",
        strikes=(Strike(side="booking", call="*", kind="503", times=_ALWAYS),),
    ),
    Trouble(
        name="lost-answer",
        label="The answer gets lost",
        expect="The message went out, but no answer came. "
        "The bridge looks on the other side before it tries again: nothing comes twice.",
        strikes=(
            Strike(side="booking", call="conversations.post", kind="drop_after"),
            Strike(side="slack", call="chat.postMessage", kind="drop_after"),
        ),
    ),
    Trouble(
        name="credentials",
        label="Login refused",
        expect="An alert is raised and nothing is thrown away. It all goes out when this ends.",
        strikes=(
            Strike(side="booking", call="token", kind="401", times=_ALWAYS),
            Strike(side="booking", call="*", kind="401", times=_ALWAYS),
        ),
    ),
    Trouble(
        name="cut",
        label="Slack's line is cut",
        expect="The bridge connects again; what Slack could not deliver comes again.",
        act=_cut,
    ),
    Trouble(
        name="slow",
        label="Everything is slow",
        expect="Messages come later, in the right order. Nobody has to do anything.",
        strikes=(
            Strike(side="booking", call="*", kind="delay", times=12, seconds=1.5),
            Strike(side="slack", call="*", kind="delay", times=12, seconds=1.5),
        ),
    ),
    Trouble(
        name="too-many",
        label="Too many requests (429)",
        expect="The bridge waits as long as it is told to, then goes on where it was.",
        strikes=(
            Strike(side="booking", call="messages.latest", kind="429", times=2),
            Strike(side="booking", call="conversations.post", kind="429"),
            Strike(side="slack", call="chat.postMessage", kind="429", times=2, seconds=2),
        ),
    ),
    Trouble(
        name="errors",
        label="Server errors (500)",
        expect="The bridge tries again, with growing pauses, until it works.",
        strikes=(
            Strike(side="booking", call="messages.latest", kind="500", times=3),
            Strike(side="booking", call="conversations.post", kind="500"),
            Strike(side="slack", call="chat.postMessage", kind="500", times=2),
        ),
    ),
    Trouble(
        name="twice",
        label="Everything comes twice",
        expect="Messages are known by their ids: the second copy is left aside.",
        strikes=(
            Strike(side="booking", call="messages.latest", kind="redeliver"),
            Strike(side="booking", call="messages.latest", kind="duplicate", times=3),
        ),
        act=_double,
    ),
    Trouble(
        name="mixed",
        label="Out of order",
        expect="Order comes from the times the messages carry, not from their arrival.",
        strikes=(Strike(side="booking", call="messages.latest", kind="reorder", times=5),),
        act=_mix,
    ),
    Trouble(
        name="reset",
        label="The queue is emptied",
        expect="The queue stands still, messages wait in it; when you end this, it drops them. "
        "The bridge finds them by Booking.com's search: here within a minute, else once a day.",
        strikes=(Strike(side="booking", call="messages.latest", kind="503", times=_ALWAYS),),
        last=_reset,
    ),
)
TROUBLES: Final = {one.name: one for one in _CATALOGUE}
"""All troubles by name, in the order in which the page shows them."""
