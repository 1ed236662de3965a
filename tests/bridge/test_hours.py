"""Business hours: the clock stands still outside them, in the property's own time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgebot.bridge.hours import (
    after,
    day_begins,
    elapsed,
    is_open,
    latest_of,
    opens_at,
    parse_hours,
)

AMSTERDAM = "Europe/Amsterdam"
MINUTE = 60_000


def ms(text: str, zone: str = "UTC") -> int:
    """Read a time on the wall of a zone."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("hours", "since", "minutes", "due"),
    [
        ("always", "2026-03-02 23:50", 15, "2026-03-03 00:05"),
        ("08:00-22:00", "2026-03-02 12:00", 15, "2026-03-02 12:15"),
        ("08:00-22:00", "2026-03-02 21:50", 15, "2026-03-03 08:05"),
        ("08:00-22:00", "2026-03-02 23:30", 15, "2026-03-03 08:15"),
        ("08:00-22:00", "2026-03-02 21:45", 15, "2026-03-02 22:00"),
        ("Mon-Fri 09:00-17:00", "2026-03-06 16:50", 15, "2026-03-09 09:05"),
        ("Sat-Sun 10:00-12:00, Wed 10:00-12:00", "2026-03-02 11:00", 15, "2026-03-04 10:15"),
        ("Fri-Mon 10:00-12:00", "2026-03-02 11:59", 2, "2026-03-06 10:01"),
        ("22:00-02:00", "2026-03-03 01:50", 15, "2026-03-03 22:05"),
        ("08:00-12:00, 12:00-18:00", "2026-03-02 11:50", 15, "2026-03-02 12:05"),
        ("08:00-14:00, 10:00-18:00", "2026-03-02 13:50", 15, "2026-03-02 14:05"),
        ("00:00-24:00", "2026-03-02 23:50", 15, "2026-03-03 00:05"),
        # Clocks go forward on 29 March 2026 at 02:00 and back on 25 October at 03:00.
        ("00:00-24:00", "2026-03-29 01:50", 15, "2026-03-29 03:05"),
        ("01:00-03:30", "2026-03-29 01:30", 60, "2026-03-29 03:30"),
        ("22:00-06:00", "2026-10-24 23:00", 8 * 60, "2026-10-25 06:00"),
    ],
)
def test_the_clock_runs_in_open_hours_only(hours: str, since: str, minutes: int, due: str) -> None:
    """What falls due in a closed hour falls due after the opening."""
    open_hours = parse_hours(hours, AMSTERDAM)

    found = after(open_hours, ms(since, AMSTERDAM), minutes * MINUTE)

    assert found == ms(due, AMSTERDAM)


@pytest.mark.parametrize(
    ("hours", "now", "opening"),
    [
        ("08:00-22:00", "2026-03-02 23:00", "2026-03-03 08:00"),
        ("08:00-22:00", "2026-03-02 09:00", "2026-03-03 08:00"),
        ("08:00-22:00", "2026-03-02 07:00", "2026-03-02 08:00"),
        ("Mon-Fri 08:00-12:00, Mon-Fri 12:00-18:00", "2026-03-06 09:00", "2026-03-09 08:00"),
        ("22:00-06:00", "2026-03-03 03:00", "2026-03-03 22:00"),
    ],
)
def test_the_next_opening_follows_a_closed_time(hours: str, now: str, opening: str) -> None:
    """While open, the next opening is that after the next closing."""
    assert opens_at(parse_hours(hours, AMSTERDAM), ms(now, AMSTERDAM)) == ms(opening, AMSTERDAM)


@pytest.mark.parametrize("hours", ["always", "", "00:00-24:00", "00:00-12:00, 12:00-24:00"])
def test_who_never_closes_never_opens(hours: str) -> None:
    """There is no next opening by day and night."""
    open_hours = parse_hours(hours, AMSTERDAM)

    assert opens_at(open_hours, ms("2026-03-02 12:00")) is None
    assert is_open(open_hours, ms("2026-03-02 12:00"))


@pytest.mark.parametrize(
    "text", ["nonsense", "25:00-26:00", "08:60-09:00", "Xyz 08:00-09:00", "08:00", "mon-", "8-9"]
)
def test_what_are_no_hours_is_refused(text: str) -> None:
    """A slip in the setting is an error, not an empty week."""
    with pytest.raises(ValueError, match=r"hours|day"):
        parse_hours(text, AMSTERDAM)


def test_today_begins_at_midnight_of_the_zone() -> None:
    """A day is that of the property, not of the server."""
    now = ms("2026-03-02 23:30")

    assert day_begins(ZoneInfo(AMSTERDAM), now) == ms("2026-03-03 00:00", AMSTERDAM)


def test_the_latest_set_hour_may_be_yesterdays() -> None:
    """Before the first set hour of a day the last one of the day before is the latest."""
    zone, times = ZoneInfo(AMSTERDAM), (7 * 60, 15 * 60)

    before = latest_of(zone, times, ms("2026-03-02 06:59", AMSTERDAM))
    late = latest_of(zone, times, ms("2026-03-02 15:00", AMSTERDAM))

    assert before == ms("2026-03-01 15:00", AMSTERDAM)
    assert late == ms("2026-03-02 15:00", AMSTERDAM)
    assert latest_of(zone, (), late) is None


SPANS = st.lists(
    st.builds(
        lambda day, start, length: (
            f"{('Mon', 'Tue', 'Sat', 'Sun')[day]} {start // 60:02}:{start % 60:02}"
            f"-{(start + length) % 1440 // 60:02}:{(start + length) % 1440 % 60:02}"
        ),
        st.integers(0, 3),
        st.integers(0, 1439),
        st.integers(1, 1440),
    ),
    min_size=1,
    max_size=4,
)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(  # noqa: DTZ001 - hypothesis wants naive bounds
    lambda at: int(at.replace(tzinfo=UTC).timestamp() * 1000)
)


@given(
    SPANS, MOMENTS, st.integers(1, 3000), st.sampled_from([AMSTERDAM, "UTC", "America/St_Johns"])
)
def test_after_and_elapsed_are_each_others_inverse(
    spans: list[str], since: int, minutes: int, zone: str
) -> None:
    """When a clock falls due it has run for exactly as long, and it was open just before."""
    hours, length = parse_hours(", ".join(spans), zone), minutes * MINUTE

    due = after(hours, since, length)

    assert due >= since + length
    assert elapsed(hours, since, due) == length
    assert is_open(hours, due - 1)


@given(SPANS, MOMENTS, st.lists(st.integers(0, 14 * 24 * 60), min_size=2, max_size=6))
def test_the_clock_never_runs_backwards_or_too_fast(
    spans: list[str], since: int, offsets: list[int]
) -> None:
    """Over any stretch of time the clock runs no longer than that stretch."""
    hours = parse_hours(", ".join(spans), AMSTERDAM)
    moments = sorted(since + offset * MINUTE for offset in offsets)

    for earlier, later in pairwise(moments):
        grown = elapsed(hours, since, later) - elapsed(hours, since, earlier)
        assert 0 <= grown <= later - earlier


@given(SPANS, MOMENTS)
def test_a_property_is_open_from_its_opening(spans: list[str], now: int) -> None:
    """The opening is the first open moment after a closed one."""
    hours = parse_hours(", ".join(spans), AMSTERDAM)

    opening = opens_at(hours, now)

    assert opening is None or (is_open(hours, opening) and not is_open(hours, opening - 1))
    assert opening is None or opening - now < timedelta(days=9) / timedelta(milliseconds=1)
