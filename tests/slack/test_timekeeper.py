"""The time by which the bridge goes, beside a clock that is wrong or is set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bridgebot.slack.timekeeper import Timekeeper

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass(slots=True)
class Machine:
    """What passes, and by how much this machine's clock is off."""

    passed: float = 0.0
    off: float = 0.0

    def true(self) -> datetime:
        """Tell the time as Slack does."""
        return NOON + timedelta(seconds=self.passed)

    def wall(self) -> datetime:
        """Tell the time as this machine does."""
        return self.true() + timedelta(seconds=self.off)

    def ran(self) -> float:
        """Tell what has passed."""
        return self.passed

    def answer(self, late: float = 0.0) -> dict[str, str]:
        """Give an answer's headers; it was on its way for so long."""
        return {"Date": format_datetime(self.true() - timedelta(seconds=late), usegmt=True)}


@pytest.mark.parametrize("off", [3600.0, 120.0, -120.0, -3600.0])
def test_a_wrong_clock_does_not_count(off: float) -> None:
    """Slack's time does, from its first answer on, and goes on by what passes."""
    machine = Machine(off=off)
    time = Timekeeper(machine.wall, machine.ran)
    assert time.now() == machine.wall()

    time.heard(machine.answer(), 0.1)
    machine.passed += 50.5

    assert time.now() == machine.true()


def test_a_clock_that_is_right_counts_to_the_millisecond() -> None:
    """Slack states whole seconds, and slow answers state the time they were given at."""
    machine = Machine(passed=0.75)
    time = Timekeeper(machine.wall, machine.ran)

    time.heard(machine.answer(), 0.1)
    assert time.now() == machine.true()
    time.heard(machine.answer(late=19.0), 20.0)
    assert time.now() == machine.true()


def test_a_clock_that_is_set_moves_nothing() -> None:
    """Neither forward nor back; once it is right it counts again."""
    machine = Machine(off=-30.0)
    time = Timekeeper(machine.wall, machine.ran)
    time.heard(machine.answer(), 0.1)
    for machine.off in (3600.0, -3600.0, 0.0):
        machine.passed += 5
        assert time.now() == machine.true()
        time.heard(machine.answer(), 0.1)
        assert time.now() == machine.true()


def test_a_slow_answer_chooses_no_other_clock() -> None:
    """It fits a clock that is ahead by as much as it took."""
    machine = Machine(off=15.0)
    time = Timekeeper(machine.wall, machine.ran)
    time.heard(machine.answer(), 0.1)

    time.heard(machine.answer(late=14.0), 14.0)

    assert time.now() == machine.true()


@pytest.mark.parametrize("zone", ["-0000", ""])
def test_a_time_without_a_zone_is_one_in_utc(zone: str) -> None:
    """It ends no call that Slack has taken."""
    machine = Machine(off=3600.0)
    time = Timekeeper(machine.wall, machine.ran)

    time.heard({"Date": f"Fri, 01 May 2026 12:00:00 {zone}".strip()}, 0.1)

    assert time.now() == machine.true()


@pytest.mark.parametrize("headers", [{}, {"Date": ""}, {"Date": "soon"}])
def test_an_answer_that_states_no_time_changes_nothing(headers: dict[str, str]) -> None:
    """It goes by what is known."""
    machine = Machine(off=7.0)
    time = Timekeeper(machine.wall, machine.ran)

    time.heard(headers, 0.1)

    assert time.now() == machine.wall()
