"""An examination of a bot between both stand-ins."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from bridgebot.doctor.examination import examine
from bridgebot.doctor.findings import Finding
from bridgebot.slack.timekeeper import utc_now
from tests.e2e.world import World, serve

Examine = Callable[..., Awaitable[Sequence[Finding]]]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Give the two stand-ins."""
    async with serve(tmp_path) as made:
        yield made


@pytest.fixture
def look(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Examine:
    """Give the examination, with the environment of a bot of this world."""

    async def examined(clock_off: float = 0.0) -> Sequence[Finding]:
        for name in list(os.environ):
            if name.startswith("BRIDGEBOT_"):
                monkeypatch.delenv(name)
        for name, value in world.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(tmp_path)
        return await examine(lambda: utc_now() + timedelta(seconds=clock_off))

    return examined
