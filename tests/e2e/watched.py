"""Runs the shipped bot, and writes down what keeps its loop for long, as asyncio's debug mode does.

That mode goes by the clock, and on a busy machine everything is slow. Here the thread's own
processor time counts, against what a known piece of work takes on this machine just now.
"""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

from bridgebot.cli import main as bridgebot

SLOW = 0.05
"""Seconds, as ``loop.slow_callback_duration`` of a watched bridge."""

KNOWN = 100_000
ORDINARY = 0.004
"""Seconds that adding so many numbers takes on an ordinary machine."""


def known_work() -> float:
    """Measure the known piece of work."""
    began = time.thread_time()
    sum(number for number in range(KNOWN))
    return time.thread_time() - began


def watch(found: Path) -> None:
    """Look at each callback from the next SIGUSR1 on; the start may take its time."""
    inner = asyncio.Handle._run
    on: list[bool] = []

    def run(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        inner(handle)
        took = time.thread_time() - began
        if on and took > SLOW and took > SLOW * known_work() / ORDINARY:
            with found.open("a", encoding="utf-8") as file:
                file.write(f"{took:.3f} s: {handle!r}\n")

    asyncio.Handle._run = run  # type: ignore[method-assign, assignment]
    signal.signal(signal.SIGUSR1, lambda *_: on.append(True))


if __name__ == "__main__":
    watch(Path("slow"))
    bridgebot()
