"""Somebody at a terminal: types lines into a shell, reads what appears, answers what is asked."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

PATIENCE = 60.0
PROMPT = re.compile(r"\[done (\d+)\] $")
_PS1 = "[done $?] "


class Terminal:
    """A shell of its own on a terminal of its own; ``seen`` is all that appeared."""

    def __init__(self, end: int) -> None:
        self.seen = ""
        self._end = end
        self._read = 0
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(end, self._take)

    def _take(self) -> None:
        try:
            piece = os.read(self._end, 65536)
        except OSError:
            # The shell has closed its end.
            piece = b""
        if not piece:
            asyncio.get_running_loop().remove_reader(self._end)
        self.seen += piece.decode(errors="replace")
        self._news.set()

    def type(self, line: str, end: str = "\n") -> None:
        """Type a line, or with another ``end`` a key."""
        os.write(self._end, f"{line}{end}".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.type("", end="\x03")

    async def until(
        self, pattern: str | re.Pattern[str], seconds: float = PATIENCE
    ) -> re.Match[str]:
        """Wait for something new to appear; fail with all that did when it does not."""
        try:
            async with asyncio.timeout(seconds):
                while not (found := re.compile(pattern).search(self.seen, self._read)):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{pattern!r} did not appear:\n{self.seen}") from None
        self._read = found.end()
        return found

    async def done(self) -> int:
        """Wait until the shell is back; give the exit status of what ran."""
        return int((await self.until(PROMPT))[1])

    async def run(self, line: str) -> str:
        """Run a command to its end, which must be a good one; give what it printed."""
        start = len(self.seen)
        self.type(line)
        status = await self.done()
        assert status == 0, self.seen[start:]
        return self.seen[start:]


@asynccontextmanager
async def terminal(directory: Path, environment: Mapping[str, str]) -> AsyncIterator[Terminal]:
    """Open a shell in a directory."""
    ours, theirs = os.openpty()
    setsid, bash = shutil.which("setsid"), shutil.which("bash")
    assert setsid
    assert bash
    process = await asyncio.create_subprocess_exec(
        *(setsid, "--ctty", "--wait", bash, "--norc", "--noprofile", "-i"),
        cwd=directory,
        env={**environment, "PS1": _PS1, "TERM": "dumb", "COLUMNS": "500"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    made = Terminal(ours)
    try:
        await made.done()
        yield made
    finally:
        asyncio.get_running_loop().remove_reader(ours)
        # The terminal goes away, and with it what runs in it.
        os.close(ours)
        async with asyncio.timeout(PATIENCE):
            await process.wait()
