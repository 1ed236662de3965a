"""The life of a delivery: one pure function maps what happened to the next state."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bridgebot.errors import CallError

MAX_ATTEMPTS = 20
FIRST_DELAY = 1.0
LONGEST_DELAY = 3600.0
REFUSED_DELAY = 30.0
AT_ONCE = 3
"""Calls without an answer after which the next is made at once: the look-up took its time."""
NO_ANSWER = "no_answer"
"""The code of a delivery that was tried many times and is surely not there."""

MENDABLE = frozenset({"channel_not_found", "not_in_channel", "is_archived"})
"""Refusals that last until a person puts something right; waiting costs no attempt."""


class State(StrEnum):
    """Where a delivery stands."""

    AVAILABLE = "available"
    EXECUTING = "executing"
    RETRYABLE = "retryable"
    UNCERTAIN = "uncertain"
    COMPLETED = "completed"
    DISCARDED = "discarded"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Tell whether nothing more will happen by itself."""
        return self in FINAL


FINAL = frozenset({State.COMPLETED, State.DISCARDED, State.CANCELLED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """The next state of a delivery.

    ``delay`` is the number of seconds until it may be taken again; ``counted`` tells whether the
    attempt counts towards ``MAX_ATTEMPTS``; ``code`` is the error's constant word.
    """

    state: State
    delay: float = 0.0
    counted: bool = True
    code: str | None = None


def after_failure(error: CallError, *, attempts: int, chance: float) -> Outcome:
    """Decide what follows a failed attempt.

    ``attempts`` counts this one too; ``chance`` is a random number in [0, 1) for the jitter.
    """
    if not error.certain:
        return Outcome(state=State.UNCERTAIN, code=error.code)
    if error.auth or error.code in MENDABLE:
        return Outcome(state=State.RETRYABLE, delay=REFUSED_DELAY, counted=False, code=error.code)
    if error.permanent:
        return Outcome(state=State.DISCARDED, code=error.code)
    if error.after is not None:
        return Outcome(
            state=State.RETRYABLE,
            delay=min(error.after, LONGEST_DELAY) + chance,
            counted=False,
            code=error.code,
        )
    if attempts >= MAX_ATTEMPTS:
        return Outcome(state=State.DISCARDED, code=error.code)
    return Outcome(state=State.RETRYABLE, delay=backoff(attempts, chance), code=error.code)


def backoff(attempts: int, chance: float) -> float:
    """Return the seconds to wait after so many attempts: doubling, jittered by a half, capped."""
    longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(attempts - 1, 30))
    return longest * (0.5 + chance / 2)


def after_lookup(
    *, found: bool, age: float, settle: float, attempts: int, chance: float
) -> Outcome:
    """Decide what follows a look at the other side for a call whose answer was lost.

    ``age`` is the number of seconds since the call began. What is there is there; what is not may
    still come while the other side may be at work, so its absence counts only after ``settle``.
    After several ``attempts`` the other side is given more and more time, and looked at again when
    it is over; after many it is asked no more: it would go on for ever, and hold back what stands
    behind.
    """
    if found:
        return Outcome(state=State.COMPLETED)
    patience = settle + (backoff(attempts - AT_ONCE, chance) if attempts > AT_ONCE else 0.0)
    if age < patience:
        delay = min(patience - age, max(1.0, patience / 4))
        return Outcome(state=State.UNCERTAIN, delay=delay, code=NO_ANSWER)
    if attempts >= MAX_ATTEMPTS:
        return Outcome(state=State.DISCARDED, code=NO_ANSWER)
    return Outcome(state=State.RETRYABLE, delay=chance, code=NO_ANSWER)
