"""Starts shipped bots by forking a process that has imported everything; see ``zygote``."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

_PATIENCE = 40.0
_ROOT = Path(__file__).parents[2]


class Ward:
    """A bot that runs, as ``asyncio.subprocess.Process`` tells of one."""

    def __init__(self) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self.born = asyncio.Event()
        self.ended = asyncio.Event()

    def hear(self, answer: Mapping[str, int]) -> None:
        """Take note of what the zygote tells."""
        if "pid" in answer:
            self.pid = answer["pid"]
            self.born.set()
        else:
            self.returncode = answer["status"]
            self.ended.set()

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        # It may have ended just now.
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    async def wait(self) -> int:
        """Wait for its end; return its exit status."""
        await self.ended.wait()
        assert self.returncode is not None
        return self.returncode


class Nursery:
    """One zygote, for all tests of a process; each test's loop listens to it in turn."""

    def __init__(self, zygote: subprocess.Popen[bytes]) -> None:
        self._zygote = zygote
        self._wards: dict[int, Ward] = {}
        self._numbers = itertools.count()
        self._rest = b""

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[None]:
        """Listen to the zygote on the loop that runs."""
        assert self._zygote.stdout is not None
        loop, descriptor = asyncio.get_running_loop(), self._zygote.stdout.fileno()
        loop.add_reader(descriptor, self._read, descriptor)
        try:
            yield
        finally:
            loop.remove_reader(descriptor)

    async def start(
        self,
        directory: Path,
        environment: Mapping[str, str],
        log: Path,
        *arguments: str,
        errors: Path | None = None,
    ) -> Ward:
        """Start ``bridgebot`` with these arguments; errors go to the log where no file is named."""
        assert self._zygote.stdin is not None
        number, ward = next(self._numbers), Ward()
        self._wards[number] = ward
        order = {
            "number": number,
            "arguments": arguments,
            "directory": str(directory),
            "environment": dict(environment),
            "log": str(log),
            "errors": str(errors or log),
        }
        self._zygote.stdin.write(json.dumps(order).encode() + b"\n")
        self._zygote.stdin.flush()
        async with asyncio.timeout(_PATIENCE):
            await ward.born.wait()
        return ward

    def _read(self, descriptor: int) -> None:
        data = os.read(descriptor, 1 << 16)
        if not data:
            raise AssertionError("the zygote is gone")
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            answer = json.loads(line)
            self._wards[answer["number"]].hear(answer)
            if "status" in answer:
                del self._wards[answer["number"]]


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Run a zygote; its children end with it."""
    zygote = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.zygote"],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        yield Nursery(zygote)
    finally:
        assert zygote.stdin is not None
        zygote.stdin.close()
        zygote.wait(timeout=20)
        if zygote.stdout is not None:
            zygote.stdout.close()
