"""A child process that is measured: processor time and memory, as the kernel counts them."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
CALM_WINDOW = 0.5
CALM_SHARE = 0.12
"""A process that uses less of a core than this has nothing left to do but to wait and poll."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process, and those it started."""

    pid: int

    def cpu(self) -> float:
        """Tell the seconds of processor time used so far, children included."""
        return sum(_ticks(pid) for pid in self._all()) / TICKS

    def memory(self) -> float:
        """Tell the megabytes of memory in use: what is resident."""
        return sum(_status(pid, "VmRSS") for pid in self._all()) / 1024

    def peak(self) -> float:
        """Tell the most megabytes that were in use so far."""
        return sum(_status(pid, "VmHWM") for pid in self._all()) / 1024

    async def calm(self, patience: float = 60.0) -> None:
        """Wait until there is nothing left to do."""
        end = asyncio.get_running_loop().time() + patience
        while asyncio.get_running_loop().time() < end:
            before = self.cpu()
            await asyncio.sleep(CALM_WINDOW)
            if self.cpu() - before < CALM_SHARE * CALM_WINDOW:
                return

    def _all(self) -> list[int]:
        found, look = [], [self.pid]
        while look:
            pid = look.pop()
            found.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                look += [int(each) for each in task.read_text(encoding="ascii").split()]
        return found


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    # utime and stime, and those of children that have ended.
    return sum(int(each) for each in fields[11:15])


def _status(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return float(line.split()[1])
    return 0.0
