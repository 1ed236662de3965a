"""Several bots between the same stand-ins, on one database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from tests.e2e.world import World, serve


@dataclass(slots=True)
class Fleet:
    """A world and its nodes: each is the world with a process and a log of its own."""

    world: World
    nodes: list[World]

    async def start(self) -> None:
        """Start all nodes, one after the other."""
        for node in self.nodes:
            await node.start(seconds=60)

    async def stop(self) -> list[int]:
        """Stop the nodes that run; return their exit statuses."""
        running = [node for node in self.nodes if node.process is not None]
        return await asyncio.gather(*(node.stop() for node in running))

    def poller(self) -> World:
        """Find the node that polls the queue: the last one that said so."""
        return max(self.nodes, key=_polls_since)

    async def until(self, true: Callable[[], object], seconds: float = 30.0) -> None:
        """Wait for a condition; fail with the ends of all logs when it does not come."""
        end = asyncio.get_running_loop().time() + seconds
        while not true():
            if asyncio.get_running_loop().time() > end:
                logs = [node.log.read_text("utf-8").splitlines()[-12:] for node in self.nodes]
                raise AssertionError("\n".join(["it did not happen:", *chain(*logs)]))
            await asyncio.sleep(0.02)


def _polls_since(node: World) -> str:
    """Tell when a node last took the queue's lease, by its log; empty where it has not."""
    lines = node.log.read_text("utf-8").splitlines() if node.log.exists() else []
    taken = [line for line in lines if '"name": "queue:' in line]
    return taken[-1].split('"timestamp": ')[-1] if taken and '"held": true' in taken[-1] else ""


@asynccontextmanager
async def fleet(directory: Path, number: int, address: str, **more: str) -> AsyncIterator[Fleet]:
    """Serve the stand-ins with so many nodes, not started yet, on a database."""
    async with serve(directory, DATABASE_URL=address, **more) as world:
        nodes = [replace(world, directory=directory / f"node{count}") for count in range(number)]
        for node in nodes:
            node.directory.mkdir()
        made = Fleet(world, nodes)
        try:
            yield made
        finally:
            for node in nodes:
                if node.process is not None:
                    await node.kill()
