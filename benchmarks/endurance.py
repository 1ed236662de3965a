"""Memory idle and after many messages, and the time to go on after ``kill -9``."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from benchmarks.report import arguments, say, write
from benchmarks.side import Side, serve_side

STEPS = 10
CONVERSATIONS = 500
WAITING = 300
"""Messages in the queue when the process is killed."""


async def memory(messages: int) -> dict[str, Any]:
    """Carry many messages in steps, and note the memory after each."""
    async with serve_side() as side:
        child = await side.start_bridge()
        await child.calm()
        idle, after, step = child.memory(), [], messages // STEPS
        for number in range(STEPS):
            prefix = f"s{number}x"
            side.fill(step, min(CONVERSATIONS, step), prefix)
            await side.until("message", (number + 1) * (step + min(CONVERSATIONS, step)))
            await child.calm()
            _forget(side)
            after.append(round(child.memory(), 1))
            say(f"{(number + 1) * step} messages: {after[-1]} MB")
        return {
            "messages": step * STEPS,
            "idle_mb": round(idle, 1),
            "after_each_step_mb": after,
            "peak_mb": round(child.peak(), 1),
            # The first step warms caches that are bounded; what grows after it does not stop.
            "growth_mb": round(after[-1] - after[0], 1),
        }


def _forget(side: Side) -> None:
    """Let the stand-ins forget what is over, so that they stay as quick as at the beginning."""
    for account in side.world.booking.booking.accounts.values():
        account.recent.clear()


async def recovery(rounds: int) -> dict[str, Any]:
    """Kill the bridge among many messages, start it again, and see when it goes on."""
    ready, first, calm = [], [], []
    for _ in range(rounds):
        async with serve_side(SETTLE_SECONDS="1") as side:
            await side.start_bridge()
            side.fill(WAITING, WAITING // 10)
            await side.until("message", WAITING // 3)
            await side.world.kill()
            before, began = side.counts["message"], time.perf_counter()
            await side.start_bridge()
            ready.append(time.perf_counter() - began)
            await side.until("message", before + 1)
            first.append(time.perf_counter() - began)
            await side.until("message", WAITING + WAITING // 10)
            calm.append(time.perf_counter() - began)
            await side.child.calm()
            missing, twice = side.once(WAITING)
            if missing or twice:
                raise SystemExit(f"{missing} messages are missing, {twice} came twice")
    return {
        "rounds": rounds,
        "ready_seconds": round(max(ready), 2),
        "first_post_seconds": round(max(first), 2),
        "all_posted_seconds": round(max(calm), 2),
        "lost": 0,
        "twice": 0,
    }


async def run(messages: int, rounds: int) -> dict[str, Any]:
    """Measure both."""
    return {"memory": await memory(messages), "recovery": await recovery(rounds)}


def main() -> None:
    """Measure, and write the figures."""
    parser = arguments("endurance", __doc__ or "")
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    if told.short:
        told.messages, told.rounds = 1_000, 1
    write(told, asyncio.run(run(told.messages, told.rounds)))


if __name__ == "__main__":
    main()
