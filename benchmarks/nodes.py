"""Several processes on one PostgreSQL database: throughput, and how soon one takes over."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.postgres import database
from benchmarks.process import Child
from benchmarks.report import arguments, say, spread, write
from benchmarks.side import Side, serve_side

COUNTS = (1, 2, 3)
PER_CONVERSATION = 10
PATIENCE = 120.0


@asynccontextmanager
async def _more_nodes(side: Side, count: int) -> AsyncIterator[list[Child]]:
    """Start further processes with the first one's settings; wait until each is connected."""
    processes = []
    log = side.world.directory / "more.log"
    with log.open("ab") as out:
        for _ in range(count):
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bridgebot",
                "run",
                cwd=side.world.directory,
                env=side.world.environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
            processes.append(process)
    try:
        await side.world.until(lambda: log.read_bytes().count(b'"event": "ready"') == count, 60)
        yield [Child(process.pid) for process in processes]
    finally:
        for process in processes:
            if process.returncode is None:
                process.terminate()
        await asyncio.gather(*(process.wait() for process in processes))


async def throughput(server: str, nodes: int, messages: int) -> tuple[float, float]:
    """Carry messages with so many nodes; return messages a second and CPU milliseconds for each."""
    async with database(server) as settings, serve_side(**settings) as side:
        first = await side.start_bridge()
        async with _more_nodes(side, nodes - 1) as others:
            children = [first, *others]
            await first.calm()
            cpu, began = sum(child.cpu() for child in children), time.perf_counter()
            conversations = messages // PER_CONVERSATION
            side.fill(messages, conversations)
            await side.until("message", messages + conversations)
            seconds = time.perf_counter() - began
            for child in children:
                await child.calm()
            used = sum(child.cpu() for child in children) - cpu
            _check(side, messages)
            return messages / seconds, used / messages * 1000


async def take_over(server: str) -> float:
    """Kill the node that polls; return the seconds until the other one has shown a message."""
    async with database(server) as settings, serve_side(**settings) as side:
        await side.start_bridge()
        side.fill(10, 10, "first")
        await side.until("message", 20)
        async with _more_nodes(side, 1):
            process, side.world.process = side.world.process, None
            assert process is not None  # noqa: S101 - started above
            process.kill()
            began = time.perf_counter()
            side.fill(10, 10, "then")
            await side.until("message", 40, PATIENCE)
            seconds = time.perf_counter() - began
            await process.wait()
            _check(side, 10, "then")
            return seconds


def _check(side: Side, messages: int, prefix: str = "g") -> None:
    missing, twice = side.once(messages, prefix)
    if missing or twice:
        raise SystemExit(f"{missing} messages are missing, {twice} came twice")


async def run(server: str, messages: int, rounds: int) -> dict[str, Any]:
    """Measure each number of nodes in turn, round after round, then the take-over."""
    rates: dict[int, list[float]] = {count: [] for count in COUNTS}
    costs: dict[int, list[float]] = {count: [] for count in COUNTS}
    for _ in range(rounds):
        for count in COUNTS:
            rate, cost = await throughput(server, count, messages)
            rates[count].append(rate)
            costs[count].append(cost)
            say(f"{count} nodes: {rate:.0f} messages/s, {cost:.2f} ms each")
    overs = [await take_over(server) for _ in range(rounds)]
    say(f"take-over: {overs}")
    return {
        "messages": messages,
        "rounds": rounds,
        "rate": {str(count): spread(each, 1) for count, each in rates.items()},
        "cpu_ms": {str(count): spread(each, 2) for count, each in costs.items()},
        "rate_ratio": {
            str(count): spread([a / b for a, b in zip(each, rates[1], strict=True)], 2)
            for count, each in rates.items()
        },
        "take_over_seconds": spread(overs, 1),
    }


def main() -> None:
    """Measure, and write the figures."""
    parser = arguments("nodes", __doc__ or "")
    parser.add_argument("--postgres", required=True, help="a server for databases of our own")
    parser.add_argument("--messages", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    if told.short:
        told.messages, told.rounds = 300, 1
    write(told, asyncio.run(run(told.postgres, told.messages, told.rounds)))


if __name__ == "__main__":
    main()
