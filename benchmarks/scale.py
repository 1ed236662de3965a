"""Scale: what a message, a look-up and a start cost when much is stored already."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.fill import PER_CONVERSATION, fill
from benchmarks.guest import measure
from benchmarks.report import arguments, percentile, say, write
from benchmarks.side import Side, serve_side
from bridgebot.store import conversations, fulltext, lookups
from bridgebot.store import figures as store_figures
from bridgebot.store.database import Store

SIZES = (1_000, 100_000, 1_000_000)
SHORT = (1_000, 10_000)
LOOKS = 40

Look = Callable[[AsyncConnection, int], Awaitable[Any]]


def _looks(size: int) -> dict[str, Look]:
    """List the look-ups behind commands, each for the n-th time with other words."""

    def number(turn: int) -> int:
        return turn * 7919 % size

    return {
        "/reservation by number": lambda c, turn: lookups.search(
            c, str(3_000_000_000 + number(turn)), limit=25
        ),
        "/reservation by name": lambda c, turn: fulltext.in_names(
            c, f"Example{number(turn)}", limit=25
        ),
        "/reservation by a rare word": lambda c, turn: fulltext.in_messages(
            c, f"word{number(turn) % 50_000}", limit=25
        ),
        "/reservation by a word that most have": lambda c, _turn: fulltext.in_messages(
            c, "the", limit=25
        ),
        "/unanswered": _unanswered,
        "last messages of a card": lambda c, turn: lookups.last_messages(
            c, number(turn) + 1, limit=5
        ),
        "thread of a reply": lambda c, turn: conversations.by_thread(
            c, "C0GUESTS", f"{1_500_000_000 + number(turn)}.000100"
        ),
        "/metrics": lambda c, _turn: store_figures.read(c),
    }


async def _unanswered(connection: AsyncConnection, _turn: int) -> None:
    await lookups.unanswered(connection, limit=10)
    await lookups.count_unanswered(connection)


async def _looked(address: str, size: int) -> dict[str, dict[str, float]]:
    store = await Store.open(address)
    found: dict[str, dict[str, float]] = {}
    try:
        for name, look in _looks(size).items():
            times = []
            for turn in range(LOOKS):
                began = time.perf_counter()
                await store.read(lambda c, look=look, turn=turn: look(c, turn))  # type: ignore[misc]
                times.append((time.perf_counter() - began) * 1000)
            found[name] = {
                "median": round(statistics.median(times), 2),
                "p95": round(percentile(times, 95), 2),
                "first": round(times[0], 2),
            }
    finally:
        await store.close()
    return found


async def _start(address: str) -> dict[str, float]:
    """Start the bridge on a store: seconds until ready, and memory then."""
    async with serve_side(DATABASE_URL=address) as side:
        began = time.perf_counter()
        child = await side.start_bridge()
        seconds = time.perf_counter() - began
        await child.calm()
        return {"seconds": round(seconds, 2), "memory_mb": round(child.memory(), 1)}


async def one(size: int, directory: Path, new: int) -> dict[str, Any]:
    """Fill a store to a size, unless one is there already, and measure in it."""
    path = directory / f"{size}.db"
    address = f"sqlite:///{path}"
    filled = None
    if not path.exists():
        began = time.perf_counter()
        await fill(address, size)
        filled = round(time.perf_counter() - began, 1)
    stored = size * PER_CONVERSATION
    bytes_each = round(path.stat().st_size / stored)
    started = await _start(address)
    rate, cost = await measure(Side.start_bridge, new, roots=True, DATABASE_URL=address)
    return {
        "conversations": size,
        "messages": stored,
        "fill_seconds": filled,
        "file_mb": round(path.stat().st_size / 2**20, 1),
        "bytes_per_message": bytes_each,
        "start": started,
        "rate": round(rate, 1),
        "cpu_ms": round(cost, 2),
        "looks_ms": await _looked(address, size),
    }


async def run(sizes: tuple[int, ...], directory: Path, new: int) -> dict[str, Any]:
    """Measure all sizes; what a message costs is related to the smallest."""
    found = []
    for size in sizes:
        found.append(await one(size, directory, new))
        say(f"{size:,} conversations: {found[-1]}")
    least = found[0]
    return {
        "new_messages": new,
        "sizes": found,
        "cpu_ratio": {str(each["conversations"]): _share(each, least, "cpu_ms") for each in found},
        "rate_ratio": {str(each["conversations"]): _share(each, least, "rate") for each in found},
    }


def _share(each: dict[str, Any], least: dict[str, Any], name: str) -> float:
    return round(float(each[name]) / float(least[name]), 2)


def main() -> None:
    """Measure, and write the figures."""
    parser = arguments("scale", __doc__ or "")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--messages", type=int, default=3_000)
    parser.add_argument("--directory", type=Path, help="a place with room: about 2 kB a message")
    parser.add_argument(
        "--stores", type=Path, help="where SIZE.db of benchmarks.fill are, which is used up"
    )
    told = parser.parse_args()
    if told.short:
        told.sizes, told.messages = SHORT, 300
    if told.stores:
        write(told, asyncio.run(run(tuple(told.sizes), told.stores, told.messages)))
        return
    with tempfile.TemporaryDirectory(dir=told.directory, prefix="scale") as directory:
        write(told, asyncio.run(run(tuple(told.sizes), Path(directory), told.messages)))


if __name__ == "__main__":
    main()
