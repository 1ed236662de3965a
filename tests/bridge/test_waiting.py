"""Who waits: when an alert, an escalation or a warning is due, and when it is over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgebot.bridge.hours import parse_hours
from bridgebot.bridge.waiting import HOUR, MINUTE, Rules, Step, Verdict, Waiting, judge

ALWAYS = parse_hours("always", "UTC")
NIGHT_OFF = parse_hours("08:00-22:00", "UTC")
STEPS = (Step(after=60 * MINUTE, to="here"), Step(after=120 * MINUTE, to="U1"))
RULES = Rules(hours=ALWAYS, steps=STEPS, answer_within=24 * HOUR)
WROTE = 1_772_445_600_000  # 2 March 2026, 10:00 UTC


@pytest.mark.parametrize(
    ("minutes", "waiting", "expected"),
    [
        (14, Waiting(since=WROTE), Verdict(look_at=WROTE + 15 * MINUTE)),
        (15, Waiting(since=WROTE), Verdict(alert=True, look_at=WROTE + 60 * MINUTE)),
        # The alert stands: nothing until the escalation.
        (
            20,
            Waiting(since=WROTE, alert_since=WROTE),
            Verdict(look_at=WROTE + 60 * MINUTE),
        ),
        (
            60,
            Waiting(since=WROTE, alert_since=WROTE),
            Verdict(steps=STEPS[:1], look_at=WROTE + 120 * MINUTE),
        ),
        (
            61,
            Waiting(since=WROTE, alert_since=WROTE, step=1),
            Verdict(look_at=WROTE + 120 * MINUTE),
        ),
        # After an outage everything is due at once.
        (130, Waiting(since=WROTE), Verdict(alert=True, steps=STEPS, look_at=WROTE + 22 * HOUR)),
        # Snoozed: quiet until it ends, then people are told and what fell due comes after all.
        (
            61,
            Waiting(since=WROTE, alert_since=WROTE, snoozed_until=WROTE + 90 * MINUTE),
            Verdict(look_at=WROTE + 90 * MINUTE),
        ),
        (
            90,
            Waiting(since=WROTE, alert_since=WROTE, snoozed_until=WROTE + 90 * MINUTE),
            Verdict(woken=True, steps=STEPS[:1], look_at=WROTE + 120 * MINUTE),
        ),
        (
            16,
            Waiting(since=WROTE, snoozed_until=WROTE + 30 * MINUTE),
            Verdict(look_at=WROTE + 30 * MINUTE),
        ),
        # Answered, settled or read only: it is over.
        (20, Waiting(alert_since=WROTE), Verdict(over=True)),
        (20, Waiting(), Verdict()),
        # Answered, and the guest wrote again since: a new clock.
        (
            20,
            Waiting(since=WROTE + MINUTE, alert_since=WROTE, step=2, warned=True),
            Verdict(over=True, alert=True, look_at=WROTE + 61 * MINUTE),
        ),
        # An older message turned up: the same alert stands.
        (
            20,
            Waiting(since=WROTE - MINUTE, alert_since=WROTE),
            Verdict(look_at=WROTE + 59 * MINUTE),
        ),
        # The reply score, with two hours left, whatever is snoozed.
        (
            22 * 60,
            Waiting(since=WROTE, alert_since=WROTE, step=2, snoozed_until=WROTE + 30 * HOUR),
            Verdict(warn=True, look_at=WROTE + 30 * HOUR),
        ),
        (23 * 60, Waiting(since=WROTE, alert_since=WROTE, step=2, warned=True), Verdict()),
        (25 * 60, Waiting(since=WROTE, alert_since=WROTE, step=2), Verdict()),
        # A closing word raises nothing but counts for the score.
        (120, Waiting(closing_since=WROTE), Verdict(look_at=WROTE + 22 * HOUR)),
        (22 * 60, Waiting(closing_since=WROTE), Verdict(alert=True, warn=True)),
        (25 * 60, Waiting(closing_since=WROTE), Verdict()),
    ],
)
def test_what_the_clock_asks_for(minutes: int, waiting: Waiting, expected: Verdict) -> None:
    """Alerts, escalations, warnings and their ends follow from the times alone."""
    assert judge(waiting, RULES, WROTE + minutes * MINUTE) == expected


def test_the_clock_stands_still_at_night() -> None:
    """What a guest writes at night is due after the opening."""
    evening, rules = WROTE + 12 * HOUR, replace(RULES, hours=NIGHT_OFF)

    verdict = judge(Waiting(since=evening), rules, evening + 9 * HOUR)

    assert verdict == Verdict(look_at=evening + 10 * HOUR + 15 * MINUTE)


def test_the_score_is_warned_of_at_night_too() -> None:
    """The provider's clock knows no business hours."""
    hours = parse_hours("Mon 09:00-10:05", "UTC")
    rules = replace(RULES, hours=hours, steps=())

    verdict = judge(Waiting(since=WROTE), rules, WROTE + 22 * HOUR)

    assert (verdict.alert, verdict.warn) == (True, True)


def test_a_provider_without_a_score_is_not_warned_of() -> None:
    """Where no reply score is computed there is nothing to lose."""
    rules = replace(RULES, answer_within=None)

    assert not judge(Waiting(since=WROTE), rules, WROTE + 23 * HOUR).warn


def test_an_escalation_never_comes_before_the_alert() -> None:
    """Settings the wrong way round do not put the cart before the horse."""
    rules = Rules(hours=ALWAYS, alert_after=30 * MINUTE, steps=(Step(after=MINUTE),))

    assert judge(Waiting(since=WROTE), rules, WROTE + 10 * MINUTE).steps == ()
    assert judge(Waiting(since=WROTE), rules, WROTE + 30 * MINUTE).steps == rules.steps


TIMES = st.none() | st.integers(WROTE - HOUR, WROTE + 30 * HOUR)


@given(
    st.builds(
        Waiting,
        since=TIMES,
        closing_since=TIMES,
        snoozed_until=TIMES,
        alert_since=TIMES,
        step=st.integers(0, 3),
        warned=st.booleans(),
    ),
    st.integers(WROTE, WROTE + 40 * HOUR),
    st.sampled_from([RULES, replace(RULES, hours=NIGHT_OFF)]),
)
def test_nothing_falls_due_before_the_time_to_look_again(
    waiting: Waiting, now: int, rules: Rules
) -> None:
    """Who acts on a verdict and looks again when it says so misses nothing."""
    first = judge(waiting, rules, now)
    acted = replace(
        waiting,
        alert_since=_standing(waiting, first),
        step=(0 if first.over else waiting.step) + len(first.steps),
        warned=(waiting.warned and not first.over) or first.warn,
        snoozed_until=None if first.over or _is_past(waiting, now) else waiting.snoozed_until,
    )
    before = (first.look_at or now + 100 * HOUR) - 1

    then = judge(acted, rules, max(now, before))

    assert replace(then, look_at=None) == Verdict()


def _is_past(waiting: Waiting, now: int) -> bool:
    return waiting.snoozed_until is not None and waiting.snoozed_until <= now


def _standing(waiting: Waiting, verdict: Verdict) -> int | None:
    start = waiting.since if waiting.since is not None else waiting.closing_since
    if verdict.alert:
        return start
    return None if verdict.over else waiting.alert_since
