"""Draws the tables of ``docs/performance.md`` from the results; run it after a measurement."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.report import RESULTS

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

SIDES = {
    "bare": "bare loop, one after the other",
    "bare_16": "bare loop, 16 at once",
    "bare_32": "bare loop, 32 at once, as many as the bridge",
    "bolt": "bare Bolt app",
    "sqlite": "bridgebot on SQLite",
    "postgresql": "bridgebot on PostgreSQL",
}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Draw a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def _middle(spread: dict[str, float]) -> str:
    if spread["low"] == spread["high"]:
        return f"{spread['median']:g}"
    return f"{spread['median']:g} ({spread['low']:g} to {spread['high']:g})"


def guest(figures: dict[str, Any]) -> str:
    """Draw guest to Slack."""
    head = ("", "messages/s", "of the bare loop's", "CPU ms each", "times the bare loop's")
    names = ("rate", "rate_ratio", "cpu_ms", "cpu_ratio")
    rows = [
        [SIDES[side], *(_middle(figures[name][side]) for name in names)]
        for side in SIDES
        if side in figures["rate"]
    ]
    return "\n".join([table(head, rows), *([_away(figures["away"])] if "away" in figures else ())])


def _away(figures: dict[str, Any]) -> str:
    """Draw the same where each answer takes its time."""
    head = (f"each answer takes {figures['away_ms']:g} ms", "messages/s", "of the bare loop's")
    rates, ratios = figures["rate"], figures["rate_ratio"]
    return table(
        head,
        [
            [SIDES[side], _middle(rates[side]), _middle(ratios[side])]
            for side in SIDES
            if side in rates
        ],
    )


def reply(figures: dict[str, Any]) -> str:
    """Draw staff to guest."""
    head = ("", "in flight", "ack, ms", "99th", "of bare's", "delivered, ms", "99th", "of bare's")
    rows = []
    for side, levels in figures["ms"].items():
        for level, found in levels.items():
            cells = []
            for end in ("acknowledged", "delivered"):
                cells += [_middle(found[end]["median"]), _middle(found[end]["p99"])]
                cells.append(_middle(figures["ratio"][side][level][end]["median"]))
            rows.append([SIDES[side], level, *cells])
    return table(head, rows)


def scale(figures: dict[str, Any]) -> str:
    """Draw scale: what a message costs, then the look-ups."""
    sizes = figures["sizes"]
    head = ("conversations", "messages", "CPU each", "rate", "bytes a message", "file MB", "start")
    rows = [
        [
            f"{each['conversations']:,}",
            f"{each['messages']:,}",
            f"{figures['cpu_ratio'][str(each['conversations'])]:g}x",
            f"{figures['rate_ratio'][str(each['conversations'])]:g}x",
            each["bytes_per_message"],
            f"{each['file_mb']:g}",
            f"{each['start']['seconds']:g} s, {each['start']['memory_mb']:g} MB",
        ]
        for each in sizes
    ]
    looks = table(
        ("look-up, median ms (95th)", *(f"{each['conversations']:,}" for each in sizes)),
        [
            [name, *(_look(each["looks_ms"][name]) for each in sizes)]
            for name in sizes[0]["looks_ms"]
        ],
    )
    return f"{table(head, rows)}\n{looks}"


def _look(found: dict[str, float]) -> str:
    return f"{found['median']:g} ({found['p95']:g})"


def endurance(figures: dict[str, Any]) -> str:
    """Draw memory and recovery."""
    memory, recovery = figures["memory"], figures["recovery"]
    steps = memory["after_each_step_mb"]
    return table(
        ("", ""),
        [
            ["memory idle", f"{memory['idle_mb']:g} MB"],
            [f"after a tenth of {memory['messages']:,} messages", f"{steps[0]:g} MB"],
            [f"after {memory['messages']:,} messages", f"{steps[-1]:g} MB"],
            ["ready again after `kill -9`", f"{recovery['ready_seconds']:g} s"],
            ["first message after it", f"{recovery['first_post_seconds']:g} s"],
            ["lost, twice", f"{recovery['lost']}, {recovery['twice']}"],
        ],
    )


def drain(figures: dict[str, Any]) -> str:
    """Draw the backlog."""
    names = {
        "channels": "channels",
        "messages": "messages",
        "roots": "roots",
        "hours": "hours",
        "posts_per_second": "posts/s",
        "refused_by_slack": "refused by Slack",
        "twice": "shown twice",
    }
    rows = [[each[name] for name in names] for each in figures["drains"]]
    return table(tuple(names.values()), rows)


def nodes(figures: dict[str, Any]) -> str:
    """Draw several nodes."""
    head = ("nodes", "messages/s", "of one node's", "CPU ms each")
    rows = [
        [count, *(_middle(figures[name][count]) for name in ("rate", "rate_ratio", "cpu_ms"))]
        for count in figures["rate"]
    ]
    over = _middle(figures["take_over_seconds"])
    return f"{table(head, rows)}\nTake-over after `kill -9` of the node that polls: {over} s.\n"


def nodered(figures: dict[str, Any]) -> str:
    """Draw what a hotel would use instead."""
    kinds = list(figures["throughput"])
    head = ("", *kinds)
    names = {"rate": "messages/s", "cpu_ms": "CPU ms each", "peak_mb": "memory MB, at most"}
    rows = [
        [label, *(f"{figures['throughput'][kind][name]:g}" for kind in kinds)]
        for name, label in names.items()
    ]
    if "away" in figures:
        away = figures["away"]
        label = f"messages/s where each answer takes {away['away_ms']:g} ms"
        rows.insert(1, [label, *(f"{away['throughput'][kind]['rate']:g}" for kind in kinds)])
    for name, found in figures["trials"].items():
        counts = (found[kind] for kind in kinds)
        rows.append([name, *(f"{c['threads']} / {c['lost']} / {c['twice']}" for c in counts)])
    versions = f"Node-RED {figures['node_red']}"
    if "n8n" in figures:
        versions += f", n8n {figures['n8n']}"
    return f"{table(head, rows)}\nTrials: threads / lost / twice. {versions}.\n"


TABLES: dict[str, Callable[[dict[str, Any]], str]] = {
    each.__name__: each for each in (guest, reply, scale, endurance, drain, nodes, nodered)
}


def section(name: str) -> str:
    """Draw what came of a measurement, with how it was made; without a result, say so."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return "Not measured yet.\n"
    result = json.loads(path.read_text(encoding="utf-8"))
    machine, packages = result["machine"], result["machine"]["packages"]
    warning = (
        "**A short run on a busy machine: it shows that the measurement works, not how fast.** "
        if result["short"]
        else ""
    )
    versions = ", ".join(
        f"{key} {packages[key]}" for key in ("sqlalchemy", "aiohttp", "slack-bolt")
    )
    return (
        f"{TABLES[name](result['figures'])}\n{warning}`{result['command']}`, {result['date']}, "
        f"{machine['cpus']} x {machine['cpu']}, load {machine['load']:g}, "
        f"Python {machine['python']}, SQLite {machine['sqlite']}, {versions}.\n"
    )


def drawn(page: str) -> str:
    """Put the tables into the page's text."""
    return MARK.sub(lambda found: f"{found[1]}{section(found[2])}{found[3]}", page)


if __name__ == "__main__":
    PAGE.write_text(drawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
