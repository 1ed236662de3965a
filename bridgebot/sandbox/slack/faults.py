"""Faults that tests, the page and the chaos of the demo set at run time."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "delay", "429", "500", "503", "html", "refused", "internal_error", "drop_before", "drop_after"
]
"""``internal_error`` and ``drop_after`` strike when the call has taken effect; ``refused`` is a
refusal for good."""


@dataclass(slots=True)
class Fault:
    """One fault on a method (``*`` for all): ``times`` is how often it still strikes.

    ``chance`` is the probability at each call; ``seconds`` the length of a delay, or of the wait
    that a 429 asks for.
    """

    method: str
    kind: Kind
    times: int = 1
    chance: float = 1.0
    seconds: float = 0.0


@dataclass(slots=True)
class Faults:
    """The faults that are set; the events' own are switches of the socket."""

    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311
    planned: list[Fault] = field(default_factory=list)
    struck: int = 0

    def add(
        self,
        method: str,
        kind: Kind,
        *,
        times: int = 1,
        chance: float = 1.0,
        seconds: float = 0.0,
    ) -> None:
        """Set a fault."""
        self.planned.append(Fault(method, kind, times, chance, seconds))

    def clear(self) -> None:
        """Take all faults away."""
        self.planned.clear()

    def strike(self, method: str) -> Fault | None:
        """Return the fault that hits this call, if one does, and count it."""
        for fault in self.planned:
            fits = fault.method in {"*", method} and fault.times > 0
            if fits and (fault.chance >= 1.0 or self.rng.random() < fault.chance):
                fault.times -= 1
                self.struck += 1
                self.planned = [each for each in self.planned if each.times > 0]
                return fault
        return None
