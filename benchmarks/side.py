"""Both stand-ins in the measuring process, and the bridge or a baseline as its child."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.process import Child
from tests.e2e.world import BOT, GUESTS, World, serve

WORDS = "Hello, we arrive at about nine in the evening; is there a place to park near the house?"
PATIENCE = 900.0
AWAY, AWAY_MESSAGES = 0.05, 500
"""Seconds that an answer takes from a server some way off, and how many messages go there."""


@dataclass(slots=True)
class Side:
    """The world, and counts of what has come to the guests' channel."""

    world: World
    counts: Counter[str] = field(default_factory=Counter)
    _base: int = 0

    def see(self, change: Mapping[str, Any]) -> None:
        """Count a change of the workspace."""
        if change["type"] != "message" or change.get("channel") == GUESTS:
            self.counts[change["type"]] += 1

    @property
    def base(self) -> str:
        """Name the address of both stand-ins."""
        return f"http://127.0.0.1:{self.world.port}"

    def fill(self, messages: int, conversations: int, prefix: str = "g") -> None:
        """Let guests write, one after the other, all at once."""
        for number in range(messages):
            self.world.guest(f"{prefix}{number % conversations}", f"{WORDS} ({prefix}-{number})")

    def away(self, seconds: float) -> None:
        """Let each answer of both stand-ins take so long, as it does over the internet."""
        for faults in (self.world.slack.faults, self.world.booking.faults):
            faults.clear()
            if seconds:
                faults.add("*", "delay", times=sys.maxsize, seconds=seconds)

    async def until(self, kind: str, count: int, patience: float = PATIENCE) -> None:
        """Wait until so many changes of a kind were counted."""
        await self.world.until(lambda: self.counts[kind] >= count, patience)

    def once(self, messages: int, prefix: str = "g") -> tuple[int, int]:
        """Count which messages are missing in Slack, and which stand there twice."""
        ends = Counter(
            str(post["text"]).rpartition("(")[2].rstrip(")_ ") for post in self.world.messages()
        )
        shown = [ends[f"{prefix}-{number}"] for number in range(messages)]
        return shown.count(0), sum(count > 1 for count in shown)

    async def start_bridge(self) -> Child:
        """Start the shipped process."""
        await self.world.start()
        return self.child

    async def start_other(self, module: str, *arguments: str, **more: str) -> Child:
        """Start a baseline, and wait until it says that it is ready."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *arguments,
            env={
                **os.environ,
                "BARE_BASE": self.base,
                "BARE_CHANNEL": GUESTS,
                "BARE_TOKEN": BOT.bot_token,
                "BARE_APP_TOKEN": BOT.app_token,
                **more,
            },
            stdout=asyncio.subprocess.PIPE,
        )
        self.world.process = process
        self.world.log.touch()
        assert process.stdout is not None  # noqa: S101 - it was asked for
        await process.stdout.readline()
        return self.child

    @property
    def child(self) -> Child:
        """Give the process under measurement."""
        assert self.world.process is not None  # noqa: S101 - started above
        return Child(self.world.process.pid)


@asynccontextmanager
async def serve_side(**more: str) -> AsyncIterator[Side]:
    """Serve both stand-ins with an empty directory for the bridge."""
    with tempfile.TemporaryDirectory(prefix="bench") as directory:
        async with serve(Path(directory), **more) as world:
            side = Side(world)
            world.slack.workspace.watch(side.see)
            yield side


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Divide what was measured in the same round."""
    return [our / their for our, their in zip(ours, theirs, strict=True)]
