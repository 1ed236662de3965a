"""A plan of what goes wrong and what people do meanwhile, drawn from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace

NAMES = ("c1", "c2", "c3")
BOOKING = (
    ("messages.latest", ("drop_before", "drop_after", "delay", "429", "500", "503", "html")),
    ("messages.latest", ("duplicate", "redeliver", "reorder", "junk", "unknown", "mismatch")),
    ("messages.latest", ("reset",)),
    ("messages.confirm", ("drop_before", "drop_after", "delay", "429", "500", "503", "late")),
    ("conversations.post", ("drop_before", "drop_after", "delay", "429", "500", "503", "html")),
    ("conversations.post", ("403", "401")),
    ("*", ("401", "delay", "500")),
)
SLACK = (
    ("chat.postMessage", ("drop_before", "drop_after", "internal_error", "delay", "429", "500")),
    ("chat.update", ("drop_after", "429", "500")),
    ("reactions.add", ("drop_after", "429", "503")),
    ("conversations.replies", ("drop_before", "500", "html")),
    ("*", ("429", "delay", "503", "html")),
)
SOCKET = ("cut", "disconnect", "duplicate", "reorder")
WEIGHTS = {"guest": 6, "staff": 6, "booking": 4, "slack": 4, "pause": 4, "socket": 2, "kill": 1}


Fault = tuple[str, str, str]
"""The side, the place and the kind of a fault."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step: ``act`` is a word of ``WEIGHTS``; the others say where, what and how often."""

    act: str
    where: str = ""
    what: str = ""
    times: int = 1
    seconds: float = 0.0

    @property
    def fault(self) -> Fault:
        """Name what goes wrong."""
        return (self.act, self.where, self.what)


MIXING = frozenset(("booking", "messages.latest", kind) for kind in ("reorder", "reset")) | {
    ("booking", "messages.confirm", "late")
}
"""Faults after which a message may be heard of later than the ones after it."""


SAMPLE = (256, 592, 473, 2783, 2693, 2468, 2571, 80, 751, 1600, 1808, 1498, 2827)
"""The seeds of a normal run: each fault is in one of their plans, and few mix messages up."""


def every_fault() -> set[Fault]:
    """List all that can go wrong."""
    sides = {"booking": BOOKING, "slack": SLACK, "socket": (("", SOCKET),), "kill": (("", ("",)),)}
    return {
        (side, where, what)
        for side, table in sides.items()
        for where, kinds in table
        for what in kinds
    }


def faults_of(steps: Iterable[Step]) -> set[Fault]:
    """List what goes wrong in a plan."""
    return {step.fault for step in steps} & every_fault()


def plan(seed: int, length: int = 24) -> list[Step]:
    """Draw a plan; the same seed gives the same one."""
    dice = random.Random(seed)  # noqa: S311 - chance that can be repeated
    acts = dice.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=length)
    return [_step(dice, act, number) for number, act in enumerate(acts)]


def occasions(step: Step, number: int) -> list[Step]:
    """Give a fault something to strike: what people do just before it is set.

    A batch that is mixed up needs two messages in the queue; threads are read after a cut.
    """
    name, line = NAMES[number % len(NAMES)], f"{step.where} {number}"
    guest = Step(act="guest", where=name, what=line)
    match step.act, step.where:
        case "booking", "messages.latest" | "messages.confirm" | "*":
            return [guest, replace(guest, what=f"{line} again")]
        case ("booking", "conversations.post") | ("slack", "reactions.add"):
            return [replace(guest, act="staff")]
        case "slack", "chat.update":
            return [guest, replace(guest, act="staff")]
        case "slack", "conversations.replies":
            return [Step(act="socket", what="cut")]
        case "slack", _:
            return [guest]
    return []


def _step(dice: random.Random, act: str, number: int) -> Step:
    if act in ("guest", "staff"):
        # Words that come again show whether equal texts stay two.
        what = dice.choice(["ok", "thanks", f"line {number}"])
        return Step(act=act, where=dice.choice(NAMES), what=what)
    if act in ("booking", "slack"):
        where, kinds = dice.choice(BOOKING if act == "booking" else SLACK)
        times, what = dice.choice([1, 1, 2, 3]), dice.choice(kinds)
        # A login that stays refused holds an account's replies back for half a minute at a time.
        times = 1 if what == "401" else times
        return Step(act=act, where=where, what=what, times=times, seconds=0.3)
    if act == "socket":
        return Step(act=act, what=dice.choice(SOCKET))
    return Step(act=act, seconds=dice.choice([0.02, 0.1, 0.4, 1.0]))
