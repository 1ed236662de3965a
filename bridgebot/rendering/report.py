"""The report in words: for Slack, for a table, for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from bridgebot.model import Figures, Report
from bridgebot.rendering.literal import escape
from bridgebot.rendering.post import Block, Post, context, headline, marked_up, plain
from bridgebot.rendering.words import how_long, moment

COLUMNS = ("", "messages", "answered", "unanswered", "first reply, median", "90th percentile")
CSV_COLUMNS = (
    "part",
    "name",
    "messages",
    "answered",
    "unanswered",
    "first_reply_median_seconds",
    "first_reply_90th_percentile_seconds",
    "replies",
)
MOST = 15
"""Properties and people in a post; the command shows all."""

HOW = "First reply: from the first message that an answer covers to that answer, by the clock."


def span_of(report: Report) -> str:
    """Say which time a report is about, on the hotel's clock."""
    return f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} ({report.until:%Z})"


def row_of(name: str, each: Figures) -> tuple[str, ...]:
    """Write one line of a table."""
    counts = (str(each.messages), str(each.answered), str(each.unanswered))
    return (name, *counts, _wait(each.median), _wait(each.ninetieth))


def hour_of(hour: int) -> str:
    """Name an hour of the day."""
    return f"{hour:02}:00"


def _wait(milliseconds: int | None) -> str:
    return "-" if milliseconds is None else how_long(milliseconds)


def to_csv(report: Report) -> str:
    """Write a report for a spreadsheet: one line each, times in seconds."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    writer.writerow(("total", "", *_numbers(report.total), ""))
    for name, each in report.properties.items():
        writer.writerow(("property", _cell(name), *_numbers(each), ""))
    for hour, each in report.hours.items():
        writer.writerow(("hour", hour_of(hour), *_numbers(each), ""))
    for name, count in report.answered_by.items():
        writer.writerow(("answered_by", _cell(name), "", "", "", "", "", count))
    return out.getvalue()


def _cell(name: str) -> str:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{name}" if name[:1] in "=+-@\t\r" and name else name


def _numbers(each: Figures) -> tuple[object, ...]:
    return (
        each.messages,
        each.answered,
        each.unanswered,
        _seconds(each.median),
        _seconds(each.ninetieth),
    )


def _seconds(milliseconds: int | None) -> object:
    return "" if milliseconds is None else round(milliseconds / 1000)


def report_post(report: Report) -> Post:
    """Draw the weekly report as a post; the chart follows below it."""
    total = _line("All", report.total)
    properties = [_line(f"Property {name}", each) for name, each in report.properties.items()]
    people = _people(report.answered_by)
    blocks: list[Block] = [
        headline("bar_chart", "Report"),
        context([marked_up(f"{moment(report.since)} to {moment(report.until)}")]),
        _text(total),
    ]
    # With one property its line would say the same again.
    lines = properties[:MOST] if len(properties) > 1 else []
    blocks += [_text(line) for line in lines]
    if len(properties) > MOST:
        blocks.append(context([plain(f"and {len(properties) - MOST} more: bridgebot report")]))
    if people:
        blocks.append(_marked(f"Answered by: {', '.join(people)}"))
    blocks.append(context([plain(HOW)]))
    text = "\n".join([f"Report, {span_of(report)}", total, *lines])
    payload = {"kind": "report", "provider": "", "conversation_id": None, "state": "closed"}
    return Post(escape(text), tuple(blocks), "bridgebot_alert", payload=payload)


def _line(name: str, each: Figures) -> str:
    words = f"{name}: {each.messages} messages, {each.unanswered} unanswered"
    if each.median is None or each.ninetieth is None:
        return words
    waits = f"{how_long(each.median)} (median), {how_long(each.ninetieth)} (90th percentile)"
    return f"{words}, first reply after {waits}"


def _people(answered_by: Mapping[str, int]) -> list[str]:
    return list(_named(answered_by))[:MOST]


def _named(answered_by: Mapping[str, int]) -> Iterator[str]:
    for name, count in answered_by.items():
        # A Slack id, or a word of our own: neither comes from a guest.
        yield f"<@{name}> {count}" if name[:1] in "UW" else f"{name} {count}"


def _text(line: str) -> Block:
    return {"type": "section", "text": {**plain(line)}}


def _marked(line: str) -> Block:
    return {"type": "section", "text": marked_up(line)}
