"""The report as a picture, where matplotlib is installed (``pip install bridgebot[report]``)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bridgebot.model import Figures, Report
from bridgebot.rendering.report import span_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST = 12
"""Properties that are shown, those with the most messages."""

BLUE, ORANGE, GREY = "#2563a8", "#d97706", "#9aa3ad"
MINUTE = 60_000


class NoChartsError(Exception):
    """matplotlib is not installed."""


def chart(report: Report) -> bytes:
    """Draw a report as PNG; raises ``NoChartsError`` where nothing can draw it.

    The same report gives the same bytes. It takes about a second, so not in an event loop.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra, and slow to load
    except ImportError as error:
        raise NoChartsError("matplotlib is not installed") from error
    figure = Figure(figsize=(10, 7), dpi=110, layout="constrained")
    figure.suptitle(f"Guests' messages, {span_of(report)}")
    counts, waits = figure.subplots(2, 2).T
    hours: Sequence[Figures | None] = [report.hours.get(hour) for hour in range(24)]
    names = sorted(report.properties, key=lambda name: -report.properties[name].messages)[:MOST]
    properties: Sequence[Figures | None] = [report.properties[name] for name in names]
    for row, labels, figures, title in (
        (0, [str(hour) for hour in range(24)], hours, "by hour of the day"),
        (1, [_short(name) for name in names], properties, "by property"),
    ):
        _counts(counts[row], labels, figures, title)
        _waits(waits[row], labels, figures, title)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _counts(axes: Axes, labels: list[str], figures: Sequence[Figures | None], title: str) -> None:
    open_ = [each.unanswered if each else 0 for each in figures]
    rest = [each.messages - each.unanswered if each else 0 for each in figures]
    places = range(len(labels))
    axes.bar(places, rest, color=BLUE, label="messages")
    axes.bar(places, open_, bottom=rest, color=ORANGE, label="unanswered")
    _finish(axes, labels, f"Messages {title}")


def _waits(axes: Axes, labels: list[str], figures: Sequence[Figures | None], title: str) -> None:
    places = list(range(len(labels)))
    tall = [(each.ninetieth or 0) / MINUTE if each else 0 for each in figures]
    mid = [(each.median or 0) / MINUTE if each else 0 for each in figures]
    axes.bar(places, tall, color=GREY, label="90th percentile")
    axes.bar(places, mid, color=BLUE, width=0.5, label="median")
    _finish(axes, labels, f"First reply in minutes, {title}")


def _finish(axes: Axes, labels: list[str], title: str) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xticks(range(len(labels)), labels, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper left")


def _short(name: str) -> str:
    """Shorten a property's id; a dollar sign would begin a formula."""
    text = name.replace("$", "")
    return text if len(text) <= 10 else f"{text[:9]}…"  # noqa: PLR2004 - what fits below a bar
