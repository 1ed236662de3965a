"""The bot of one world, as the crash test holds it: started, ended hard, started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.counting import ENDED

ROOT = Path(__file__).parents[2]
NEVER = 0
MOST_LIVES = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Crash:
    """Where a process ends itself: before or after its ``at``-th call; 0 is nowhere."""

    at: int = NEVER
    side: str = "before"

    def __str__(self) -> str:
        return f"{self.side} call {self.at}"


@dataclass(slots=True)
class Zygote:
    """A process that has imported everything and forks the bots of one world after another."""

    process: asyncio.subprocess.Process

    def order(self, **order: object) -> None:
        """Send an order; see ``tests.crash.runner``."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")

    async def ended(self) -> int:
        """Wait for the end of the child that runs and return its exit status."""
        assert self.process.stdout is not None
        answer = json.loads(await self.process.stdout.readline())
        return int(answer["status"])


@contextlib.asynccontextmanager
async def zygote() -> AsyncIterator[Zygote]:
    """Run a zygote; its child ends with it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.runner",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Zygote(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


@contextlib.asynccontextmanager
async def zygotes(number: int) -> AsyncIterator[asyncio.Queue[Zygote]]:
    """Run some zygotes, handed out one by one."""
    free: asyncio.Queue[Zygote] = asyncio.Queue()
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(number):
            free.put_nowait(await stack.enter_async_context(zygote()))
        yield free


@dataclass(slots=True)
class Bot:
    """Keeps a bot running: each life ends as ``crashes`` says, the last one when it is told.

    ``supervised``: a bot that ends by itself with status 1 is started again, as a service manager
    does (a start ends so when the provider refuses the credentials).
    """

    zygote: Zygote
    directory: Path
    environment: Mapping[str, str]
    crashes: list[Crash] = field(default_factory=list)
    supervised: bool = False
    ends: list[int] = field(default_factory=list)
    _keeper: asyncio.Task[None] | None = None
    _stopping: bool = False
    _restarting: bool = False
    _restarted: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def log(self) -> Path:
        """Name the log of all lives."""
        return self.directory / "bot.log"

    def calls(self, life: int = 0) -> list[str]:
        """List the calls that a life has made."""
        path = self.directory / f"calls-{life}"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def start(self) -> None:
        """Begin the first life."""
        self._keeper = asyncio.create_task(self._keep())

    async def restart(self) -> None:
        """End the bot hard, as a deployment without manners would; it is started again."""
        self._restarted.clear()
        self._restarting = True
        self.zygote.order(signal=int(signal.SIGKILL))
        assert self._keeper is not None
        again = asyncio.ensure_future(self._restarted.wait())
        await asyncio.wait([again, self._keeper], return_when=asyncio.FIRST_COMPLETED)
        again.cancel()
        self.check()

    async def stop(self) -> int:
        """Ask the bot to stop and return its exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> int:
        """End the bot for good."""
        return await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> int:
        self._stopping = True
        assert self._keeper is not None
        if not self._keeper.done():
            self.zygote.order(signal=int(number))
        await self._keeper
        return self.ends[-1]

    async def _keep(self) -> None:
        """Start the bot again whenever it ended itself; anything else is the end."""
        while True:
            self._order(len(self.ends))
            self.ends.append(await self.zygote.ended())
            if self._restarting:
                self._restarting = False
                self._restarted.set()
            elif self._stopping or not self._goes_on():
                return

    def _goes_on(self) -> bool:
        again = self.supervised and self.ends[-1] == 1 and len(self.ends) < MOST_LIVES
        return again or self.ends[-1] == ENDED

    def _order(self, life: int) -> None:
        crash = self.crashes[life] if life < len(self.crashes) else Crash()
        self.zygote.order(
            directory=str(self.directory),
            environment=dict(self.environment),
            log=str(self.log),
            names=str(self.directory / f"calls-{life}"),
            at=crash.at,
            side=crash.side,
        )

    def check(self) -> None:
        """Fail when the bot ended in a way that it should not; errors: ``AssertionError``."""
        if self._keeper is not None and self._keeper.done() and not self._stopping:
            raise AssertionError(f"the bot ended with {self.ends}")
