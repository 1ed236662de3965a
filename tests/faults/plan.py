"""A plan of what goes wrong and what people do meanwhile, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

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
WEIGHTS = {"guest": 6, "staff": 6, "booking": 4, "slack": 4, "pause": 4, "socket": 2, "kill": 1}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step: ``act`` is a word of ``WEIGHTS``; the others say where, what and how often."""

    act: str
    where: str = ""
    what: str = ""
    times: int = 1
    seconds: float = 0.0


def plan(seed: int, length: int = 24) -> list[Step]:
    """Draw a plan; the same seed gives the same one."""
    dice = random.Random(seed)  # noqa: S311 - chance that can be repeated
    acts = dice.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=length)
    return [_step(dice, act, number) for number, act in enumerate(acts)]


def _step(dice: random.Random, act: str, number: int) -> Step:
    if act in ("guest", "staff"):
        # Words that come again show whether equal texts stay two.
        what = dice.choice(["ok", "thanks", f"line {number}"])
        return Step(act=act, where=dice.choice(NAMES), what=what)
    if act in ("booking", "slack"):
        where, kinds = dice.choice(BOOKING if act == "booking" else SLACK)
        times = dice.choice([1, 1, 2, 3])
        return Step(act=act, where=where, what=dice.choice(kinds), times=times, seconds=0.3)
    if act == "socket":
        return Step(act=act, what=dice.choice(["cut", "disconnect", "duplicate", "reorder"]))
    return Step(act=act, seconds=dice.choice([0.02, 0.1, 0.4, 1.0]))
