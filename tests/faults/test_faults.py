"""Faults of every kind, drawn from seeds; nothing is lost, twice or out of order.

A normal run plays a few seeds, in which each fault comes; ``BRIDGEBOT_FAULT_SEEDS=0-199`` plays
more, and ``=17`` repeats one that failed. ``BRIDGEBOT_FAULT_NODES=3`` is the number of nodes on
PostgreSQL. Each fault is set where something is there to strike, and people go on until it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bridgebot.sandbox.messaging.faults import Fault as BookingFault
from bridgebot.sandbox.slack.faults import Fault as SlackFault
from tests.crash.bot import Bot, Zygote, zygotes
from tests.crash.scenario import QUICK
from tests.databases import empty_postgres
from tests.e2e.told import Told
from tests.e2e.world import World, serve
from tests.faults.plan import MIXING, NAMES, SAMPLE, Fault, Step, faults_of, occasions, plan
from tests.nodes.fleet import fleet

pytestmark = pytest.mark.e2e

AT_ONCE = 7
NODE_SEEDS = (0,)
PATIENCE = 90.0
STRIKING = 30.0
"""How long people go on for what has not struck. Behind a login that is refused it may take longer:
then one reply is tried each half minute."""

SETTINGS = {**QUICK, "UNDO_SECONDS": "1.2", "SEARCH_EVERY_HOURS": "0.0008"}
"""Replies keep their order when Slack mixes up events within the undo window, here a second.

The daily search comes every three seconds.
"""


class Play:
    """Plays one plan in one world."""

    def __init__(self, world: World, bot: Bot) -> None:
        self.told = Told(world)
        self._world = world
        self._bot = bot
        self._set: list[tuple[Step, BookingFault | SlackFault]] = []

    async def run(self, steps: list[Step]) -> None:
        """Open the threads in peace, let everything go wrong, and wait until it is right again."""
        for name in NAMES:
            self.told.guest(name, "Hello")
        self._bot.start()
        await self._until(self.told.all_shown)
        for number, step in enumerate(steps):
            for occasion in occasions(step, number):
                await self._do(occasion)
            await self._do(step)
        await self._until_struck()
        self._world.booking.faults.clear()
        self._world.slack.faults.clear()
        self._world.slack.sockets.duplicating = self._world.slack.sockets.reordering = 0
        await self._until(self.told.settled)

    def waiting(self) -> list[Step]:
        """List the faults that were set and have struck nothing; socket and kill strike at once."""
        return [step for step, fault in self._set if fault.times == step.times]

    def struck(self) -> set[Fault]:
        """Name the faults that have struck something."""
        return {step.fault for step, fault in self._set if fault.times < step.times}

    async def _until_struck(self) -> None:
        """Let people go on until each fault has struck."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STRIKING):
                for number in itertools.count():
                    await self._until(lambda: not self.waiting() or self.told.settled())
                    if not self.waiting():
                        return
                    for step in self.waiting():
                        for occasion in occasions(step, number):
                            await self._do(occasion)

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
            case "booking" | "slack":
                faults = world.booking.faults if step.act == "booking" else world.slack.faults
                faults.add(
                    step.where,
                    step.what,  # type: ignore[arg-type]  # a kind, from the plan's table
                    times=step.times,
                    seconds=step.seconds,
                )
                self._set.append((step, faults.planned[-1]))
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What went wrong in a play, and the faults that struck and those that did not."""

    wrong: list[str]
    struck: set[Fault]
    missed: set[Fault]


async def _play(free: asyncio.Queue[Zygote], seed: int, nodes: int = 1) -> Outcome:
    """Play a seed's plan."""
    process = await free.get()
    steps = plan(seed)
    mixed = bool(faults_of(steps) & MIXING)
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
                return Outcome(
                    wrong=[f"seed {seed}: {each}" for each in wrong],
                    struck=play.struck(),
                    missed={step.fault for step in play.waiting()},
                )
    finally:
        free.put_nowait(process)


def _seeds(usual: Sequence[int]) -> Sequence[int]:
    chosen = os.environ.get("BRIDGEBOT_FAULT_SEEDS")
    if not chosen:
        return usual
    first, _, last = chosen.partition("-")
    return range(int(first), int(last or first) + 1)


def _judge(outcomes: Sequence[Outcome]) -> None:
    """Fail for whatever went wrong, and for a fault that struck in none of its plays."""
    wrong = [each for outcome in outcomes for each in outcome.wrong]
    struck = set().union(*(each.struck for each in outcomes))
    missed = set().union(*(each.missed for each in outcomes)) - struck
    wrong += [f"{' '.join(each)} struck nothing" for each in sorted(missed)]
    assert not wrong, "\n\n".join(wrong)


async def test_faults_of_every_kind_lose_and_repeat_nothing() -> None:
    """Each guest message is in Slack once, each reply at the provider once or openly refused."""
    async with asyncio.timeout(3000), zygotes(AT_ONCE) as free, asyncio.TaskGroup() as group:
        plays = [group.create_task(_play(free, seed)) for seed in _seeds(SAMPLE)]
    _judge([play.result() for play in plays])


@pytest.mark.postgres
async def test_faults_beside_other_nodes_lose_and_repeat_nothing() -> None:
    """The same on PostgreSQL, with nodes beside the one that is killed."""
    nodes = int(os.environ.get("BRIDGEBOT_FAULT_NODES", "2"))
    async with asyncio.timeout(3000), zygotes(2) as free, asyncio.TaskGroup() as group:
        plays = [group.create_task(_play(free, seed, nodes)) for seed in _seeds(NODE_SEEDS)]
    _judge([play.result() for play in plays])
