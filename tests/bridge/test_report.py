"""The report's figures, as a table, a spreadsheet, a post and a picture."""

from __future__ import annotations

import builtins
import csv
import io
import struct
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bridgebot.bridge.hours import latest_weekly, parse_weekly
from bridgebot.bridge.report import NOWHERE, Tally, percentile
from bridgebot.model import Report, Turn
from bridgebot.rendering.chart import NoChartsError, chart
from bridgebot.rendering.report import report_post, to_csv
from bridgebot.reporting import as_table

MINUTE = 60_000
ZONE = ZoneInfo("Europe/Amsterdam")
MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=ZONE)
WEEK_BEFORE = datetime(2026, 2, 23, 8, 0, tzinfo=ZONE)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _turn(hour: int, wait: int | None, property_id: str | None = "4410021") -> Turn:
    asked = _ms(datetime(2026, 2, 24, hour, 30, tzinfo=ZONE))
    answered = None if wait is None else asked + wait * MINUTE
    return Turn(
        property_id=property_id,
        asked_at=asked,
        answered_at=answered,
        messages=2,
        open=0 if answered else 2,
    )


def _report(*turns: Turn, by: dict[str, int] | None = None) -> Report:
    tally = Tally(ZONE)
    for turn in turns:
        tally.add(turn)
    return tally.report(WEEK_BEFORE, MONDAY, by or {})


FULL = _report(
    *(_turn(9, minutes) for minutes in range(10, 110, 10)),
    _turn(22, None),
    _turn(22, 5, "=HYPERLINK()"),
    _turn(3, 60, None),
    by={"U0ANNA": 7, "U0BEN": 9, "elsewhere": 1},
)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        ([], 50, None),
        ([7], 90, 7),
        ([1, 2, 3], 50, 2),
        ([10, 20, 30, 40], 50, 25),
        (list(range(1, 102)), 90, 91),
        ([0, 100], 90, 90),
    ],
)
def test_percentiles(values: list[int], percent: int, expected: int | None) -> None:
    """Between two values the share decides, as spreadsheets do it."""
    assert percentile(values, percent) == expected


def test_turns_are_counted_by_property_and_by_the_hour_on_the_hotels_clock() -> None:
    """Messages, answers and waits; a turn belongs to the hour of its first message."""
    nine = FULL.hours[9]

    assert sorted(FULL.hours) == [3, 9, 22]
    assert (nine.messages, nine.answered, nine.unanswered) == (20, 10, 0)
    assert (nine.median, nine.ninetieth) == (55 * MINUTE, 91 * MINUTE)
    assert sorted(FULL.properties) == [NOWHERE, "4410021", "=HYPERLINK()"]
    assert (FULL.total.messages, FULL.total.unanswered) == (26, 2)
    assert list(FULL.answered_by) == ["U0BEN", "U0ANNA", "elsewhere"]


def test_an_empty_report_is_one() -> None:
    """Nobody wrote: there are no waits to speak of."""
    empty = _report()

    assert (empty.total.messages, empty.total.median) == (0, None)
    assert "0 messages, 0 unanswered" in report_post(empty).text
    assert "0" in as_table(empty)


def test_the_spreadsheet_has_seconds_and_no_formulas() -> None:
    """One line each; a name that a spreadsheet would compute is text."""
    rows = list(csv.DictReader(io.StringIO(to_csv(FULL))))
    by_name = {(row["part"], row["name"]): row for row in rows}

    assert by_name["hour", "09:00"]["first_reply_median_seconds"] == "3300"
    assert ("property", "'=HYPERLINK()") in by_name
    assert by_name["answered_by", "U0BEN"]["replies"] == "9"


def test_the_table_and_the_post_say_the_same() -> None:
    """A reader of either learns the figures of each property and who answered."""
    table, post = as_table(FULL), report_post(FULL)

    for words in ("4410021", "55 min", "22:00", "U0BEN"):
        assert words in table
    assert "All: 26 messages, 2 unanswered" in post.text
    assert "<@U0BEN> 9" in str(post.blocks)
    assert post.payload["kind"] == "report"


def test_the_chart_is_a_picture_and_the_same_each_time() -> None:
    """A PNG of a size that Slack shows whole, of any number of properties, and of none."""
    pytest.importorskip("matplotlib")
    many = _report(*(_turn(9, 5, f"property-{number:04}") for number in range(40)))

    for report in (FULL, many, _report()):
        picture = chart(report)
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        assert struct.unpack(">II", picture[16:24]) == (1100, 770)
    assert chart(FULL) == chart(FULL)


def test_without_matplotlib_there_is_no_chart(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: who has it not is told so, and the figures need it not."""
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(NoChartsError):
        chart(FULL)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 3, 2, 8, 0, tzinfo=ZONE), datetime(2026, 3, 2, 8, 0, tzinfo=ZONE)),
        (datetime(2026, 3, 2, 7, 59, tzinfo=ZONE), datetime(2026, 2, 23, 8, 0, tzinfo=ZONE)),
        (datetime(2026, 3, 8, 23, 0, tzinfo=ZONE), datetime(2026, 3, 2, 8, 0, tzinfo=ZONE)),
        # the clocks change on the 29th
        (datetime(2026, 3, 30, 6, 30, tzinfo=UTC), datetime(2026, 3, 30, 8, 0, tzinfo=ZONE)),
        (datetime(2026, 3, 30, 5, 30, tzinfo=UTC), datetime(2026, 3, 23, 8, 0, tzinfo=ZONE)),
    ],
)
def test_the_week_ends_on_the_clock_on_the_wall(now: datetime, expected: datetime) -> None:
    """The day and time last come to, in the hotel's time zone."""
    assert latest_weekly(ZONE, *parse_weekly("Mon 08:00"), _ms(now)) == _ms(expected)
