"""Several bots on one PostgreSQL database: one polls, all deliver, each takes over from another."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.databases import empty_postgres
from tests.e2e.world import World, serve
from tests.nodes.fleet import fleet

pytestmark = [pytest.mark.e2e, pytest.mark.postgres]

PATIENCE = 90.0


async def test_a_node_that_stands_still_is_taken_over_and_repeats_nothing(tmp_path: Path) -> None:
    """The node that polls stops in the middle of its work, and goes on when others have done it."""
    async with (
        empty_postgres() as address,
        fleet(tmp_path, 2, address, UNDO_SECONDS="2") as nodes,
    ):
        world = nodes.world
        await nodes.start()
        early = [world.guest(f"c{number % 4}", f"early {number}") for number in range(12)]
        await nodes.until(lambda: any(map(world.shown, early)), PATIENCE)
        stalled = nodes.poller().process
        assert stalled is not None
        os.kill(stalled.pid, signal.SIGSTOP)
        messages = [
            *early,
            *(world.guest(f"c{number % 4}", f"message {number}") for number in range(12)),
        ]
        await nodes.until(lambda: all(map(world.shown, messages)), PATIENCE)
        # One by one: Slack tells late of what it first told to the node that stands still.
        words = [f"line {number}" for number in range(2)]
        for each in words:
            ts = world.staff("c1", each)
            await nodes.until(lambda ts=ts: world.marks(ts), PATIENCE)  # type: ignore[misc]
        os.kill(stalled.pid, signal.SIGCONT)
        last = world.guest("c1", "After it")
        await nodes.until(lambda: world.shown(last) and not world.queued(), PATIENCE)

        assert await nodes.stop() == [0, 0]
        assert [world.shown(each) for each in (*messages, last)] == [1] * 25
        assert [len(world.roots(f"c{number}")) for number in range(4)] == [1] * 4
        assert world.got("c1") == words


async def _copy(world: World, address: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bridgebot", "db", "copy", "--to", address),
        cwd=world.directory,
        env=world.environment(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_a_bridge_goes_on_after_its_database_was_copied(tmp_path: Path) -> None:
    """A running bridge is not copied under; after the copy its threads and replies go on."""
    async with empty_postgres() as address, serve(tmp_path) as world:
        first = world.guest("c1", "Hello")
        await world.start(seconds=PATIENCE)
        await world.until(lambda: world.shown(first) and not world.queued(), PATIENCE)
        status, said = await _copy(world, address)
        assert (status, "a bridge works with" in said) == (1, True), said
        await world.stop()

        status, said = await _copy(world, address)
        assert (status, "messages: 1 rows" in said) == (0, True), said

        world.more["DATABASE_URL"] = address
        await world.start(seconds=PATIENCE)
        second = world.guest("c1", "Are you there?")
        ts = world.staff("c1", "Welcome")
        await world.until(lambda: world.shown(second) and world.marks(ts), PATIENCE)
        assert (world.shown(first), world.shown(second)) == (1, 1)
        assert len(world.roots("c1")) == 1
        assert world.got("c1") == ["Welcome"]
