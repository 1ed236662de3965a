"""What the plans of a normal run hold."""

from __future__ import annotations

from tests.faults.plan import MIXING, NAMES, SAMPLE, Step, every_fault, faults_of, occasions, plan


def test_every_fault_is_drawn_in_a_normal_run() -> None:
    """A kind that is added to the tables, or an act to the plan, asks for other seeds."""
    drawn = set().union(*(faults_of(plan(seed)) for seed in SAMPLE))

    assert drawn == every_fault()


def test_order_is_looked_at_in_most_plays() -> None:
    """Only where the queue itself is mixed up it cannot be: a socket's events have their ``ts``."""
    mixed = [seed for seed in SAMPLE if faults_of(plan(seed)) & MIXING]

    assert len(mixed) <= len(SAMPLE) / 3
    assert every_fault() >= MIXING
    assert not faults_of([Step(act="socket", what="reorder")]) & MIXING


def test_every_fault_of_a_call_has_an_occasion() -> None:
    """Somebody does what leads to the call, in one of the conversations."""
    called = [each for each in every_fault() if each[0] in {"booking", "slack"}]
    for act, where, what in called:
        steps = occasions(Step(act=act, where=where, what=what), 5)
        assert steps
        assert all(step.act == "socket" or step.where in NAMES for step in steps)
