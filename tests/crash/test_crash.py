"""The process is ended hard at every call it makes; nothing is lost, twice or out of order.

A normal run takes a sample of the calls; ``BRIDGEBOT_CRASH=all`` takes every one, and
``BRIDGEBOT_CRASH="after 37"`` one alone, with the log of the bot kept. With
``BRIDGEBOT_CRASH_NODES=3`` the process that is ended has two others beside it, on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash.bot import Bot, Crash, Zygote, zygotes
from tests.crash.counting import ENDED
from tests.crash.scenario import QUICK, Day
from tests.databases import empty_postgres
from tests.e2e.world import World, serve
from tests.nodes.fleet import fleet

pytestmark = pytest.mark.e2e

AT_ONCE = 5
SAMPLE = 24
"""How many crashes a normal run tries."""

SIDES = ("before", "after")
NODE_SAMPLE = 2
BESIDE = {"UNDO_SECONDS": "2"}
"""An event that the ended process took comes again, to another one, after a second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lived:
    """How a day went: what was wrong, the calls of the first life, and how many crashes struck."""

    wrong: list[str]
    calls: int
    struck: int


@asynccontextmanager
async def _serve(directory: Path, nodes: int) -> AsyncIterator[World]:
    """Serve a world; with several nodes those beside the one that is ended run already."""
    if nodes == 1:
        async with serve(directory, **QUICK) as world:
            yield world
        return
    settings = {**QUICK, **BESIDE}
    async with (
        empty_postgres() as address,
        fleet(directory, nodes - 1, address, **settings) as made,
    ):
        await made.start()
        yield made.world
        await made.stop()


async def _live(zygotes: asyncio.Queue[Zygote], crashes: list[Crash], nodes: int = 1) -> Lived:
    """Play one day."""
    process = await zygotes.get()
    try:
        with tempfile.TemporaryDirectory() as directory:
            async with _serve(Path(directory), nodes) as world:
                bot = Bot(process, Path(directory), world.environment(), crashes)
                day = Day(world, bot)
                try:
                    await day.play()
                    wrong = day.wrong()
                    status = await bot.stop()
                    # Where others go on, the day may end before this one has begun again.
                    fine = {0} if nodes == 1 else {0, -signal.SIGTERM}
                    wrong += [] if status in fine else [f"it ended with {status}"]
                except (AssertionError, TimeoutError) as error:
                    await bot.kill()
                    wrong = [*day.wrong(), str(error)]
                where = ", ".join(map(str, crashes)) or "no crash"
                calls = bot.calls()
                at = calls[crashes[0].at - 1 : crashes[0].at] if crashes else []
                return Lived(
                    wrong=[f"{where} {at}: {each}" for each in wrong],
                    calls=len(calls),
                    struck=bot.ends.count(ENDED),
                )
    finally:
        zygotes.put_nowait(process)


def _chosen(calls: int, sample: int = SAMPLE) -> Iterable[Crash]:
    wanted = os.environ.get("BRIDGEBOT_CRASH", "")
    everything = [Crash(at=at, side=side) for at in range(1, calls + 1) for side in SIDES]
    if wanted == "all":
        return everything
    if wanted:
        side, at = wanted.split()
        return [Crash(at=int(at), side=side)]
    return everything[:: max(1, len(everything) // sample)]


async def test_a_process_ended_at_any_call_loses_and_repeats_nothing() -> None:
    """Each guest message is in Slack once, each reply at the provider once, in order."""
    async with asyncio.timeout(3000), zygotes(AT_ONCE) as free, asyncio.TaskGroup() as group:
        calm = await _live(free, [])
        assert not calm.wrong, calm.wrong
        days = [
            group.create_task(_live(free, [crash, Crash(at=crash.at // 2 or 1, side=crash.side)]))
            if index % 4 == 3
            else group.create_task(_live(free, [crash]))
            for index, crash in enumerate(_chosen(calm.calls))
        ]
    lived = [day.result() for day in days]
    found = [each for day in lived for each in day.wrong]
    assert not found, "\n\n".join(found)
    # Timing moves the last calls of a life about, so some crashes meet no call.
    struck = sum(day.struck > 0 for day in lived)
    print(f"{struck} of {len(lived)} processes ended at one of {calm.calls} calls")  # noqa: T201
    assert struck >= 0.8 * len(lived)


@pytest.mark.postgres
async def test_a_node_ended_at_any_call_loses_and_repeats_nothing() -> None:
    """The same beside other nodes on PostgreSQL, which go on with its work."""
    nodes = int(os.environ.get("BRIDGEBOT_CRASH_NODES", "2"))
    async with asyncio.timeout(3000), zygotes(2) as free, asyncio.TaskGroup() as group:
        calm = await _live(free, [], nodes)
        assert not calm.wrong, calm.wrong
        chosen = _chosen(calm.calls, NODE_SAMPLE)
        days = [group.create_task(_live(free, [crash], nodes)) for crash in chosen]
    lived = [day.result() for day in days]
    found = [each for day in lived for each in day.wrong]
    assert not found, "\n\n".join(found)
    # Which node makes a call is chance, so that some lives have fewer than another.
    struck = sum(day.struck > 0 for day in lived)
    print(f"{struck} of {len(lived)} nodes ended at one of {calm.calls} calls")  # noqa: T201
    assert struck
