"""Faults of every kind, drawn from seeds; nothing is lost, twice or out of order.

A normal run plays a few seeds; ``BRIDGEBOT_FAULT_SEEDS=0-199`` plays more, and ``=17`` repeats one
that failed. With several nodes on PostgreSQL (``BRIDGEBOT_FAULT_NODES=3``) the seeds are the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.crash.bot import Bot, Zygote, zygotes
from tests.crash.scenario import QUICK
from tests.databases import empty_postgres
from tests.e2e.told import Told
from tests.e2e.world import World, serve
from tests.faults.plan import NAMES, Step, plan
from tests.nodes.fleet import fleet

pytestmark = pytest.mark.e2e

AT_ONCE = 5
SEEDS = "0-14"
NODE_SEEDS = "0"
PATIENCE = 90.0

SETTINGS = {**QUICK, "UNDO_SECONDS": "1.2", "SEARCH_EVERY_HOURS": "0.0008"}
"""Replies keep their order when Slack mixes up events within the undo window, here a second.

The daily search comes every three seconds.
"""

MIXING = frozenset({"reorder", "reset", "late"})
"""Faults after which a message may be heard of later than the ones after it."""


class Play:
    """Plays one plan in one world."""

    def __init__(self, world: World, bot: Bot) -> None:
        self.told = Told(world)
        self._world = world
        self._bot = bot

    async def run(self, steps: list[Step]) -> None:
        """Open the threads in peace, let everything go wrong, and wait until it is right again."""
        for name in NAMES:
            self.told.guest(name, "Hello")
        self._bot.start()
        await self._until(self.told.all_shown)
        for step in steps:
            await self._do(step)
        self._world.booking.faults.clear()
        self._world.slack.faults.clear()
        self._world.slack.sockets.duplicating = self._world.slack.sockets.reordering = 0
        await self._until(self.told.settled)

    async def _until(self, true: object) -> None:
        assert callable(true)
        condition = true

        def checked() -> object:
            self._bot.check()
            return condition()

        await self._world.until(checked, PATIENCE)

    async def _do(self, step: Step) -> None:
        world = self._world
        match step.act:
            case "guest":
                self.told.guest(step.where, step.what)
            case "staff":
                self.told.staff(step.where, step.what)
            case "booking":
                world.booking.faults.add(
                    step.where,
                    step.what,  # type: ignore[arg-type]  # a kind, from the plan's table
                    times=step.times,
                    seconds=step.seconds,
                )
            case "slack":
                world.slack.faults.add(
                    step.where,
                    step.what,  # type: ignore[arg-type]  # a kind, from the plan's table
                    times=step.times,
                    seconds=step.seconds,
                )
            case "socket":
                await self._disturb(step.what)
            case "kill":
                await self._bot.restart()
            case _:
                await asyncio.sleep(step.seconds)

    async def _disturb(self, what: str) -> None:
        sockets = self._world.slack.sockets
        if what == "cut":
            sockets.cut()
        elif what == "disconnect":
            await sockets.disconnect()
        elif what == "duplicate":
            sockets.duplicating += 3
        else:
            sockets.reordering += 2


@contextlib.asynccontextmanager
async def _serve(directory: Path, nodes: int) -> AsyncIterator[World]:
    """Serve a world; with several nodes those beside the one that is killed run already."""
    if nodes == 1:
        async with serve(directory, **SETTINGS) as world:
            yield world
        return
    settings = {**SETTINGS, "UNDO_SECONDS": "3"}
    async with (
        empty_postgres() as address,
        fleet(directory, nodes - 1, address, **settings) as made,
    ):
        await made.start()
        yield made.world
        await made.stop()


async def _play(free: asyncio.Queue[Zygote], seed: int, nodes: int = 1) -> list[str]:
    """Play a seed's plan; return what went wrong."""
    process = await free.get()
    steps = plan(seed)
    mixed = any(step.what in MIXING for step in steps)
    try:
        with tempfile.TemporaryDirectory() as directory:
            async with _serve(Path(directory), nodes) as world:
                bot = Bot(process, Path(directory), world.environment(), supervised=True)
                play = Play(world, bot)
                try:
                    await play.run(steps)
                    wrong = play.told.wrong(ordered=not mixed)
                    status = await bot.stop()
                    # Where others go on, a play may end before this one has begun again.
                    fine = {0} if nodes == 1 else {0, -signal.SIGTERM}
                    wrong += [] if status in fine else [f"it ended with {status}"]
                except (AssertionError, TimeoutError) as error:
                    with contextlib.suppress(AssertionError):
                        await bot.kill()
                    wrong = [*play.told.wrong(ordered=not mixed), str(error)]
                return [f"seed {seed}: {each}" for each in wrong]
    finally:
        free.put_nowait(process)


def _seeds(usual: str = SEEDS) -> range:
    first, _, last = os.environ.get("BRIDGEBOT_FAULT_SEEDS", usual).partition("-")
    return range(int(first), int(last or first) + 1)


async def test_faults_of_every_kind_lose_and_repeat_nothing() -> None:
    """Each guest message is in Slack once, each reply at the provider once or openly refused."""
    async with asyncio.timeout(3000), zygotes(AT_ONCE) as free, asyncio.TaskGroup() as group:
        plays = [group.create_task(_play(free, seed)) for seed in _seeds()]
    wrong = [each for play in plays for each in play.result()]
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.postgres
async def test_faults_beside_other_nodes_lose_and_repeat_nothing() -> None:
    """The same on PostgreSQL, with nodes beside the one that is killed."""
    nodes = int(os.environ.get("BRIDGEBOT_FAULT_NODES", "2"))
    async with asyncio.timeout(3000), zygotes(2) as free, asyncio.TaskGroup() as group:
        plays = [group.create_task(_play(free, seed, nodes)) for seed in _seeds(NODE_SEEDS)]
    wrong = [each for play in plays for each in play.result()]
    assert not wrong, "\n\n".join(wrong)
