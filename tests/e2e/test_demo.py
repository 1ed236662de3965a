"""The demo as a new user starts it, once and by itself."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

MINUTES = 120.0


async def _demo(directory: Path, *arguments: str) -> tuple[int | None, str]:
    measured = {key: value for key, value in os.environ.items() if key.startswith("COVERAGE_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bridgebot",
        "demo",
        "--once",
        "--port",
        "0",
        *arguments,
        cwd=directory,
        env={**measured, "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(MINUTES):
        out, _ = await process.communicate()
    return process.returncode, out.decode()


def _left_in(directory: Path) -> list[str]:
    return [each.name for each in directory.iterdir()]


@pytest.mark.parametrize("more", [(), ("--chaos",)])
async def test_a_day_is_played_and_both_sides_agree(tmp_path: Path, more: tuple[str, ...]) -> None:
    """The transcript tells the day; nothing is lost or twice; the status says so."""
    status, out = await _demo(tmp_path, *more)

    assert status == 0, out
    assert "Both sides agree: nothing lost, nothing twice." in out, out
    used = re.search(r"Used at the desk: (\d+) of (\d+) ", out)
    assert bool(used) != bool(more)
    # Counted by what the running bridge registered: a button that no scene presses fails here.
    assert used is None or used[1] == used[2] != "0", out
    assert "Traceback" not in out
    # Of Booking.com and of Hostel Mate: both run side by side.
    assert all(guest in out for guest in ("Emily Hartwell", "Ravi Menon")), out
    assert not _left_in(tmp_path)
