"""A budget keeps a limit of calls a minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridgebot.providers.budget import Budget
from bridgebot.providers.hostelmate_api import PER_MINUTE, make_budget
from bridgebot.sandbox.hostelmate.limits import Limits


class Clock:
    """A time that sleeping moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Tell the seconds."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.seconds += seconds


async def test_a_burst_goes_at_once_and_the_rest_evenly() -> None:
    """Nobody waits while there is room, nor for a whole minute."""
    clock = Clock()
    budget = Budget(burst=3, per_minute=60, clock=clock, sleep=clock.sleep)
    times = []
    for _ in range(6):
        await budget.turn()
        times.append(round(clock.seconds, 3))

    assert times == [0, 0, 0, 1, 2, 3]
    assert round(budget.ready_in(), 3) == 1
    await clock.sleep(60)
    assert budget.ready_in() == 0


@given(st.lists(st.floats(min_value=0, max_value=90), max_size=300), st.booleans())
async def test_no_minute_has_more_calls_than_the_limit(pauses: list[float], sliding: bool) -> None:
    """Whenever calls come, and whichever minute is counted."""
    clock = Clock()
    budget, limits = make_budget(clock=clock, sleep=clock.sleep), Limits(clock=clock)
    for pause in [*pauses, *[0.0] * (2 * PER_MINUTE)]:
        await clock.sleep(pause)
        await budget.turn()
        assert limits.wait("here", sliding=sliding) == 0
