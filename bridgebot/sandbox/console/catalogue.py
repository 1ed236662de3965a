"""The faults that a person sets by a click: their names, what they do, what the bridge makes of it.

Data only, so that a scenario can be read before what it plays in is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bridgebot.sandbox.messaging.faults import PUSH

# A standing fault strikes until somebody ends it.
_ALWAYS: Final = 1_000_000
QUEUE, NOTIFICATIONS = "queue", "notifications"
"""Sources of messages that a bridge may use or not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Strike:
    """A fault on the calls of one side."""

    side: str
    call: str
    kind: str
    times: int = 1
    seconds: float = 0.0

    @property
    def source(self) -> str:
        """The source without which it can never strike, if it is about one."""
        if self.side == "notifications":
            return NOTIFICATIONS
        return QUEUE if self.call.startswith("messages.") else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What can go wrong: ``expect`` says what the bridge should do about it.

    One with a ``source`` is for bridges that use it. More than strikes is done by ``troubles``.
    """

    name: str
    label: str
    expect: str
    source: str = ""
    strikes: tuple[Strike, ...] = ()

    @property
    def standing(self) -> bool:
        """Whether it stays until somebody ends it."""
        return any(strike.times == _ALWAYS for strike in self.strikes)


SLACK_DOWN: Final = "slack-down"
_CATALOGUE: Final = (
    Trouble(
        name=SLACK_DOWN,
        label="Slack is down",
        expect="Guests' messages wait in the bridge and arrive, in order, when this ends.",
        strikes=(Strike(side="slack", call="*", kind="503", times=_ALWAYS),),
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
    ),
    Trouble(
        name="mixed",
        label="Out of order",
        expect="Order comes from the times the messages carry, not from their arrival.",
        strikes=(Strike(side="booking", call="messages.latest", kind="reorder", times=5),),
    ),
    Trouble(
        name="notification-lost",
        label="Notifications get lost",
        source=NOTIFICATIONS,
        expect="The next three never come. Booking.com's list of conversations has the messages: "
        "the bridge finds them there seconds later. Without that source a search finds them.",
        strikes=(Strike(side="notifications", call=PUSH, kind="drop_before", times=3),),
    ),
    Trouble(
        name="notification-twice",
        label="Notifications come twice",
        source=NOTIFICATIONS,
        expect="The acknowledgement gets lost, so each is sent again. "
        "A message is known by its id, whichever way it comes: it stands in its thread once.",
        strikes=(Strike(side="notifications", call=PUSH, kind="drop_after", times=3),),
    ),
    Trouble(
        name="reset",
        label="The queue is emptied",
        source=QUEUE,
        expect="The queue stands still, messages wait in it; when you end this, it drops them. "
        "The bridge finds them by Booking.com's search: here within a minute, else once a day.",
        strikes=(Strike(side="booking", call="messages.latest", kind="503", times=_ALWAYS),),
    ),
)
TROUBLES: Final = {one.name: one for one in _CATALOGUE}
"""All troubles by name, in the order in which the page shows them."""
