"""The life of a delivery, as pure decisions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgebot.bridge.delivery import (
    LONGEST_DELAY,
    MAX_ATTEMPTS,
    NO_ANSWER,
    State,
    after_failure,
    after_lookup,
    backoff,
)
from bridgebot.errors import CallError


@pytest.mark.parametrize(
    ("error", "attempts", "state", "counted"),
    [
        # nobody knows whether it happened: never tried again blindly, however permanent it looks
        (CallError("x", code="timeout", certain=False), 1, State.UNCERTAIN, True),
        (
            CallError("x", code="internal_error", certain=False, permanent=True),
            1,
            "uncertain",
            True,
        ),
        # nothing is discarded while credentials are refused
        (CallError("x", code="invalid_auth", auth=True, permanent=True), 99, "retryable", False),
        # a person can mend these
        (CallError("x", code="not_in_channel"), 99, "retryable", False),
        # the other side asked to wait
        (CallError("x", code="http_429", after=7.0), 99, "retryable", False),
        # it will never work
        (CallError("x", code="invalid_blocks", permanent=True), 1, "discarded", True),
        # an ordinary failure
        (CallError("x", code="connect"), 1, "retryable", True),
        # the last attempt
        (CallError("x", code="connect"), MAX_ATTEMPTS, "discarded", True),
    ],
)
def test_what_follows_a_failure(error: CallError, attempts: int, state: str, counted: bool) -> None:
    """Each kind of failure has its own next state."""
    outcome = after_failure(error, attempts=attempts, chance=0.5)

    assert (outcome.state, outcome.counted) == (state, counted)


def test_retry_after_is_obeyed() -> None:
    """The other side's wait is a lower bound of ours."""
    error = CallError("x", code="ratelimited", after=30.0)

    assert after_failure(error, attempts=1, chance=0.0).delay >= 30.0


@given(st.integers(1, 10_000), st.floats(0, 0.999))
def test_backoff_grows_is_jittered_and_capped(attempts: int, chance: float) -> None:
    """The wait doubles with each attempt, between half and all of it, up to an hour."""
    full = min(LONGEST_DELAY, 2.0 ** min(attempts - 1, 30))

    assert full / 2 <= backoff(attempts, chance) <= full


def test_what_is_found_is_done() -> None:
    """A call whose effect is there has happened."""
    found = after_lookup(found=True, age=0, settle=30, attempts=99, chance=0)

    assert found.state is State.COMPLETED


def test_absence_counts_only_after_the_other_sides_time() -> None:
    """What is not there may still come while the other side may be at work."""
    early = after_lookup(found=False, age=5, settle=30, attempts=1, chance=0)
    late = after_lookup(found=False, age=31, settle=30, attempts=1, chance=0)

    assert (early.state, late.state) == (State.UNCERTAIN, State.RETRYABLE)
    assert 0 < early.delay <= 25


def test_who_never_answers_is_asked_more_and_more_rarely_and_then_no_more() -> None:
    """It would go on for ever otherwise, and hold back what stands behind."""
    waits = []
    for attempts in range(1, MAX_ATTEMPTS + 1):
        age = 0.0
        while True:
            looked = after_lookup(found=False, age=age, settle=30, attempts=attempts, chance=0.5)
            if looked.state is not State.UNCERTAIN:
                break
            age += looked.delay
        waits.append(age)
        # The look that allows the next attempt is the last thing before it.
        assert looked.delay <= 1.0
        wanted = State.DISCARDED if attempts == MAX_ATTEMPTS else State.RETRYABLE
        assert (looked.state, looked.code) == (wanted, NO_ANSWER)

    assert waits == sorted(waits)
    assert waits[0] == 30
    assert waits[-1] > LONGEST_DELAY / 2
