"""Business hours and time zones: clocks that stand still while a property is closed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ALWAYS = "always"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_ENDLESS = 10**15
_SPAN = re.compile(
    r"(?:(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? )?"
    r"(?P<h1>\d{1,2}):(?P<m1>\d{2})-(?P<h2>\d{1,2}):(?P<m2>\d{2})"
)

Minutes = tuple[int, int]
"""A stretch of a day: minutes since midnight, on the clock on the wall."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """When a property answers: by weekday (0 is Monday); ``week`` is ``None`` for day and night."""

    zone: ZoneInfo
    week: Mapping[int, tuple[Minutes, ...]] | None = None


def parse_hours(text: str, zone: str) -> Hours:
    """Read ``always``, or spans as ``Mon-Fri 07:00-23:00, Sat 08:00-02:00``.

    A span without days holds for all of them; one that ends at or before its beginning ends on the
    next day. Raises ``ValueError``.
    """
    words = " ".join(text.lower().split())
    if words in {"", ALWAYS}:
        return Hours(zone=ZoneInfo(zone))
    week: dict[int, list[Minutes]] = {}
    for span in words.split(","):
        match = _SPAN.fullmatch(span.strip())
        if match is None:
            raise ValueError(f"not business hours: {span.strip()}")
        start, end = _minute(match["h1"], match["m1"]), _minute(match["h2"], match["m2"])
        for day in _days(match["first"], match["last"]):
            _add(week, day, start, end)
    return Hours(zone=ZoneInfo(zone), week={day: tuple(sorted(week[day])) for day in week})


def is_open(hours: Hours, now: int) -> bool:
    """Tell whether a property answers at this moment (milliseconds since 1970)."""
    return next(_stretches(hours, now))[0] <= now


def opens_at(hours: Hours, now: int) -> int | None:
    """Tell when a property opens next; ``None`` for one that never closes."""
    ended = now if not is_open(hours, now) else None
    for start, end in _stretches(hours, now):
        if ended is not None and start > ended:
            return start
        if start > now + 8 * _DAY * 60_000:
            break
        ended = end
    return None


def after(hours: Hours, since: int, length: int) -> int:
    """Tell when a clock that was started at ``since`` has run for ``length`` milliseconds."""
    for start, end in _stretches(hours, since):
        if length <= end - start:
            return start + length
        length -= end - start
    raise AssertionError("unreachable: a week has open hours")


def elapsed(hours: Hours, since: int, now: int) -> int:
    """Tell how long a clock that was started at ``since`` has run by now, in milliseconds."""
    total = 0
    for start, end in _stretches(hours, since):
        if start >= now:
            break
        total += min(end, now) - start
    return total


def day_begins(zone: ZoneInfo, now: int) -> int:
    """Tell when today began in a time zone."""
    return _moment(zone, datetime.fromtimestamp(now / 1000, zone).date(), 0, fold=0)


def latest_of(zone: ZoneInfo, times: tuple[int, ...], now: int) -> int | None:
    """Tell when a clock on the wall last showed one of these minutes since midnight."""
    today = datetime.fromtimestamp(now / 1000, zone).date()
    moments = [
        _moment(zone, day, minute, fold=0)
        for day in (today - timedelta(days=1), today)
        for minute in times
    ]
    return max((moment for moment in moments if moment <= now), default=None)


def latest_weekly(zone: ZoneInfo, weekday: int, minute: int, now: int) -> int:
    """Tell when a clock on the wall last showed this minute on this day of the week (0: Monday)."""
    today = datetime.fromtimestamp(now / 1000, zone).date()
    day = today - timedelta(days=(today.weekday() - weekday) % 7)
    at = _moment(zone, day, minute, fold=0)
    return at if at <= now else _moment(zone, day - timedelta(days=7), minute, fold=0)


def parse_weekly(text: str) -> tuple[int, int]:
    """Read a day and time as ``Mon 08:00``: the day of the week, minutes since midnight."""
    day, _, clock = text.partition(" ")
    hour, _, minute = clock.partition(":")
    return _day(day.lower()), _minute(hour, minute)


def _stretches(hours: Hours, since: int) -> Iterator[tuple[int, int]]:
    """Walk the open hours that end after ``since``, in order and without end; none overlap."""
    if hours.week is None:
        yield since, since + _ENDLESS
        return
    reached = since
    # The day before as well: a night's span begins on it.
    day = datetime.fromtimestamp(since / 1000, hours.zone).date() - timedelta(days=1)
    while True:
        for begin, until in hours.week.get(day.weekday(), ()):
            start = _moment(hours.zone, day, begin, fold=0)
            end = _moment(hours.zone, day, until, fold=1)
            if end > reached:
                yield max(start, reached), end
                reached = end
        day += timedelta(days=1)


def _moment(zone: ZoneInfo, day: date, minute: int, *, fold: int) -> int:
    """Turn a time on the wall into milliseconds; of an hour that comes twice, ``fold`` says which.

    A time that a change of clocks skips is the one it would have been without the change.
    """
    days, rest = divmod(minute, _DAY)
    naive = datetime(day.year, day.month, day.day, rest // 60, rest % 60)  # noqa: DTZ001 - given next
    wall = (naive + timedelta(days=days)).replace(tzinfo=zone)
    other = wall.replace(fold=1)
    skipped = other.astimezone(UTC) < wall.astimezone(UTC)
    return int((wall if skipped or fold == 0 else other).timestamp() * 1000)


def _minute(hour: str, minute: str) -> int:
    if int(minute) > 59 or int(hour) * 60 + int(minute) > _DAY:  # noqa: PLR2004 - of an hour
        raise ValueError(f"no time of day: {hour}:{minute}")
    return int(hour) * 60 + int(minute)


def _days(first: str | None, last: str | None) -> list[int]:
    if first is None:
        return list(range(7))
    begin, end = _day(first), _day(last or first)
    return [(begin + offset) % 7 for offset in range((end - begin) % 7 + 1)]


def _day(name: str) -> int:
    if name not in DAYS:
        raise ValueError(f"no day: {name}")
    return DAYS.index(name)


def _add(week: dict[int, list[Minutes]], day: int, start: int, end: int) -> None:
    week.setdefault(day, []).append((start, end if end > start else end + _DAY))
