"""Faults that tests, the page and the chaos of the demo set at run time."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal[
    "delay",
    "401",
    "403",
    "429",
    "500",
    "503",
    "html",
    "drop_before",
    "drop_after",
    "late",
    "duplicate",
    "reorder",
    "redeliver",
    "reset",
    "junk",
    "unknown",
    "mismatch",
]
"""``drop_after`` closes the connection when the call has taken effect: the answer is lost.

``late``: a confirm without an answer, which takes effect only after the next fetch. Of a batch:
``duplicate`` serves its first entry twice, ``reorder`` mixes it, ``redeliver`` serves confirmed
messages again, ``reset`` drops the queue, ``junk`` puts an unreadable entry in front, ``unknown``
adds keys and values that no document names, ``mismatch`` states one message too many.
"""

PUSH: Final = "notifications.push"
"""What is struck where a notification is to be sent."""

BATCH_KINDS: Final = frozenset(
    {"duplicate", "reorder", "redeliver", "reset", "junk", "unknown", "mismatch"}
)


@dataclass(slots=True)
class Fault:
    """One fault on an endpoint (``*`` for all): ``times`` is how often it still strikes.

    ``chance`` is the probability at each call; ``seconds`` the length of a delay.
    """

    endpoint: str
    kind: Kind
    times: int = 1
    chance: float = 1.0
    seconds: float = 0.0

    def hits(self, endpoint: str) -> bool:
        """Tell whether the fault can strike calls of this endpoint at all."""
        if self.kind in BATCH_KINDS and endpoint != "messages.latest":
            return False
        if self.kind == "late" and endpoint != "messages.confirm":
            return False
        return self.endpoint in {"*", endpoint} and self.times > 0


@dataclass(slots=True)
class Faults:
    """The faults that are set."""

    rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311
    planned: list[Fault] = field(default_factory=list)
    struck: int = 0

    def add(
        self,
        endpoint: str,
        kind: Kind,
        *,
        times: int = 1,
        chance: float = 1.0,
        seconds: float = 0.0,
    ) -> None:
        """Set a fault."""
        self.planned.append(Fault(endpoint, kind, times, chance, seconds))

    def clear(self) -> None:
        """Take all faults away."""
        self.planned.clear()

    def drop(self, endpoint: str) -> None:
        """Take the faults of one endpoint away."""
        self.planned = [each for each in self.planned if each.endpoint != endpoint]

    def strike(self, endpoint: str) -> Fault | None:
        """Return the fault that hits this call, if one does, and count it."""
        for fault in self.planned:
            sure = fault.chance >= 1.0
            if fault.hits(endpoint) and (sure or self.rng.random() < fault.chance):
                fault.times -= 1
                self.struck += 1
                self.planned = [each for each in self.planned if each.times > 0]
                return fault
        return None
