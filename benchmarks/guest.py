"""Guest to Slack: messages a second and processor time per message, beside the bare loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.postgres import database
from benchmarks.process import Child
from benchmarks.report import arguments, say, spread, write
from benchmarks.side import AWAY, AWAY_MESSAGES, Side, ratio, serve_side
from bridgebot.workers.poster import IN_FLIGHT

WARM = 60
CALM_PATIENCE = 900.0
PER_CONVERSATION = 10
Start = Callable[[Side], Awaitable[Child]]


async def measure(
    start: Start, messages: int, *, roots: bool, away: float = 0.0, **settings: str
) -> tuple[float, float]:
    """Carry messages once; return messages a second, and milliseconds of processor time for each.

    Each answer takes ``away`` seconds. Time runs until the last post, processor time until the
    process is calm again, so that what it does afterwards is counted too.
    """
    async with serve_side(**settings) as side:
        child = await start(side)
        conversations = max(1, messages // PER_CONVERSATION)
        side.fill(WARM, WARM // PER_CONVERSATION, "w")
        await side.until("message", WARM + roots * (WARM // PER_CONVERSATION))
        # In a large store the threads of the last days are compared first.
        await child.calm(CALM_PATIENCE)
        side.away(away)
        before, cpu, began = side.counts["message"], child.cpu(), time.perf_counter()
        side.fill(messages, conversations)
        await side.until("message", before + messages + roots * conversations)
        seconds = time.perf_counter() - began
        await child.calm()
        used = child.cpu() - cpu
        missing, twice = side.once(messages)
        if missing or twice:
            raise SystemExit(f"{missing} messages are missing, {twice} came twice")
        return messages / seconds, used / messages * 1000


async def run(messages: int, rounds: int, postgres: str | None) -> dict[str, object]:
    """Measure all sides in turn, round after round."""
    sides: dict[str, tuple[Start, bool]] = {
        "bare": (lambda side: side.start_other("benchmarks.bare", "1"), False),
        "bare_16": (lambda side: side.start_other("benchmarks.bare", "16"), False),
        "sqlite": (Side.start_bridge, True),
    }
    if postgres:
        sides["postgresql"] = (Side.start_bridge, True)
    near = await _compare(sides, rounds, messages, 0.0, postgres)
    alike: Start = lambda side: side.start_other("benchmarks.bare", str(IN_FLIGHT))  # noqa: E731
    sides = {**sides, f"bare_{IN_FLIGHT}": (alike, False)}
    away = await _compare(sides, rounds, min(messages, AWAY_MESSAGES), AWAY, postgres)
    return {"rounds": rounds, "per_conversation": PER_CONVERSATION, **near, "away": away}


async def _compare(
    sides: dict[str, tuple[Start, bool]],
    rounds: int,
    messages: int,
    away: float,
    postgres: str | None,
) -> dict[str, Any]:
    rates: dict[str, list[float]] = {name: [] for name in sides}
    costs: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds):
        for name, (start, roots) in sides.items():
            async with database(postgres if name == "postgresql" else None) as settings:
                rate, cost = await measure(start, messages, roots=roots, away=away, **settings)
            rates[name].append(rate)
            costs[name].append(cost)
            where = f"{name}, {away * 1000:g} ms away" if away else name
            say(f"round {turn + 1}, {where}: {rate:.0f} messages/s, {cost:.2f} ms each")
    return {
        "messages": messages,
        "away_ms": away * 1000,
        "rate": {name: spread(each, 1) for name, each in rates.items()},
        "cpu_ms": {name: spread(each, 2) for name, each in costs.items()},
        "rate_ratio": {name: spread(ratio(each, rates["bare"]), 2) for name, each in rates.items()},
        "cpu_ratio": {name: spread(ratio(each, costs["bare"]), 2) for name, each in costs.items()},
    }


def main() -> None:
    """Measure, and write the figures."""
    parser = arguments("guest", __doc__ or "")
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--postgres", help="a server on which databases may be created")
    told = parser.parse_args()
    if told.short:
        told.messages, told.rounds = min(told.messages, 500), 1
    write(told, asyncio.run(run(told.messages, told.rounds, told.postgres)))


if __name__ == "__main__":
    main()
