"""``bridgebot report``: the figures as a table, for a spreadsheet, and as a picture."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table

from bridgebot.bridge.spans import parse_moment
from bridgebot.errors import BridgebotError
from bridgebot.model import Figures, Report
from bridgebot.rendering import chart as charts
from bridgebot.rendering.report import COLUMNS, HOW, hour_of, row_of, span_of, to_csv
from bridgebot.settings import load_local
from bridgebot.store.database import Store
from bridgebot.workers.weekly import make_report

WIDTH = 100


async def report(
    since: str | None,
    until: str | None,
    property_id: str | None,
    *,
    as_csv: bool,
    chart: Path | None,
    now: datetime,
) -> str:
    """Make a report and return it as text; raises ``BridgebotError`` for a time that is none."""
    settings = load_local()
    start, end = _span(since, until, now)
    store = await Store.open(settings.database_url)
    try:
        made = await make_report(
            store, since=start, until=end, zone=ZoneInfo(settings.timezone), property_id=property_id
        )
    finally:
        await store.close()
    drawn = _draw(made, chart) if chart is not None else ""
    return to_csv(made) if as_csv else as_table(made) + drawn


def _span(since: str | None, until: str | None, now: datetime) -> tuple[datetime, datetime]:
    try:
        end = parse_moment(until) if until else now
        start = parse_moment(since) if since else end - timedelta(days=7)
    except ValueError as error:
        raise BridgebotError(str(error)) from None
    if start >= end:
        raise BridgebotError("--since must be before --until")
    return start, end


def _draw(made: Report, path: Path) -> str:
    try:
        path.write_bytes(charts.chart(made))
    except charts.NoChartsError:
        raise BridgebotError(
            "the chart needs matplotlib: pip install 'bridgebot[report]'; the table needs nothing"
        ) from None
    except OSError as error:
        raise BridgebotError(f"{path} cannot be written: {error.strerror}") from None
    return f"\nThe chart is in {path}.\n"


def as_table(made: Report) -> str:
    """Write a report as tables for a terminal."""
    console = Console(file=io.StringIO(), width=WIDTH, highlight=False)
    console.print(f"Report, {span_of(made)}")
    by_property = {"all": made.total, **made.properties}
    console.print(_table("property", by_property))
    if made.hours:
        console.print(_table("hour", {hour_of(hour): each for hour, each in made.hours.items()}))
    if made.answered_by:
        people = Table("answered by", "replies", box=box.SIMPLE)
        for name, count in made.answered_by.items():
            people.add_row(name, str(count))
        console.print(people)
    console.print(HOW)
    assert isinstance(console.file, io.StringIO)  # noqa: S101 - given above
    return console.file.getvalue()


def _table(first: str, rows: dict[str, Figures]) -> Table:
    table = Table(first, box=box.SIMPLE)
    for name in COLUMNS[1:]:
        table.add_column(name, justify="right")
    for name, each in rows.items():
        table.add_row(*row_of(name, each))
    return table
