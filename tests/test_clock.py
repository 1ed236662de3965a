"""The benchmarks' clock: it jumps over waiting, and over nothing that is still on its way."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiosqlite
import pytest
from aiosqlite import core

from benchmarks import clock
from bridgebot.elapsed import elapsed

HOUR = 3600.0
PATCHED = (
    *((time, name) for name in ("time", "monotonic", "clock_gettime")),
    *((socket.socket, name) for name in ("send", "recv", "recv_into")),
    (core, "SimpleQueue"),
)


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[object]]], str]:
    """Give a race by the clock, between some work and an hour of sleep; it tells who won."""
    for owner, name in PATCHED:
        monkeypatch.setattr(owner, name, getattr(owner, name))
    clock.install()

    async def race(work: Callable[[], Awaitable[object]]) -> str:
        ended: list[str] = []

        async def sleeps() -> None:
            await asyncio.sleep(HOUR)
            ended.append("sleep")

        sleeping = asyncio.create_task(sleeps())
        await work()
        ended.append("work")
        await sleeping
        return ended[0]

    def run(work: Callable[[], Awaitable[object]]) -> str:
        with asyncio.Runner(loop_factory=clock.new_loop) as runner:
            return runner.run(race(work))

    return run


Race = Callable[[Callable[[], Awaitable[object]]], str]


def test_all_clocks_jump_over_waiting(first: Race) -> None:
    """An hour is over at once, for whoever asks."""
    told = time.time, time.monotonic, elapsed
    before = [each() for each in told]
    jumps = clock.counts["jumps"]

    assert first(lambda: asyncio.sleep(HOUR / 2)) == "work"
    assert all(each() - began >= HOUR for each, began in zip(told, before, strict=True))
    assert clock.counts["jumps"] > jumps


def test_a_call_in_another_thread_is_waited_for(first: Race) -> None:
    """It takes its own time, and no more of it passes."""
    never = threading.Event()
    assert first(lambda: asyncio.to_thread(never.wait, 0.05)) == "work"
    assert clock.counts["threads"] == 0


def test_a_database_is_waited_for(first: Race, tmp_path: Path) -> None:
    """SQLite's thread is one of those."""

    async def work() -> None:
        async with aiosqlite.connect(tmp_path / "some.db") as connection:
            await connection.execute("CREATE TABLE some (number INTEGER)")
            await connection.commit()

    assert first(work) == "work"
    assert clock.counts["threads"] == 0


def test_what_is_on_its_way_between_sockets_is_waited_for(first: Race) -> None:
    """A call to a server in the same process is over before anybody who sleeps wakes."""

    async def serves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        writer.close()

    async def work() -> None:
        server = await asyncio.start_server(serves, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            for _ in range(50):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"hello\n")
                assert await reader.read() == b"hello\n"
                writer.close()

    assert first(work) == "work"
