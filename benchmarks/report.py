"""What all measurements share: arguments, the machine they ran on, and the file written."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("aiohttp", "aiosqlite", "asyncpg", "httpx", "slack-bolt", "slack-sdk", "sqlalchemy")

PLACES = {"postgres", "node_red", "n8n", "stores"}
"""Arguments that name a place, and may hold a password."""

Figures = Mapping[str, Any]


def arguments(name: str, about: str) -> argparse.ArgumentParser:
    """Begin the arguments of a measurement."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=about)
    parser.add_argument("--json", type=Path, default=RESULTS / f"{name}.json", metavar="FILE")
    parser.add_argument(
        "--short", action="store_true", help="a small run that shows that it works; says so"
    )
    return parser


def machine() -> dict[str, Any]:
    """Say on what it was measured, and how busy that was before."""
    return {
        "cpus": os.cpu_count(),
        "cpu": _cpu(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "system": platform.system() + " " + platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load": round(os.getloadavg()[0], 2),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def write(arguments: argparse.Namespace, figures: Figures) -> None:
    """Write what came of a run, with the machine and the command."""
    name = Path(sys.argv[0]).stem
    document = {
        "name": name,
        "command": command(name, arguments),
        "short": bool(arguments.short),
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "figures": figures,
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=False)
    arguments.json.write_text(text + "\n", encoding="utf-8")
    print(text)


def command(name: str, arguments: argparse.Namespace) -> str:
    """Name the command that makes these figures, without this machine's own places."""
    told = ["python -m benchmarks." + name]
    for key, value in sorted(vars(arguments).items()):
        option = "--" + key.replace("_", "-")
        if isinstance(value, bool):
            told += [option] if value else []
        elif key in PLACES:
            told += [f"{option} {key.upper()}"] if value is not None else []
        elif key not in {"json", "directory"}:
            values = value if isinstance(value, (list, tuple)) else [value]
            told.append(" ".join([option, *map(str, values)]))
    return " ".join(told)


def say(line: str) -> None:
    """Tell the person who waits how far it is."""
    print(line, file=sys.stderr, flush=True)


def percentile(values: Sequence[float], percent: float) -> float:
    """Pick the value that so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def spread(values: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Show the middle of some runs, with the lowest and the highest."""
    return {
        "median": round(statistics.median(values), digits),
        "low": round(min(values), digits),
        "high": round(max(values), digits),
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
