"""The world of the end-to-end tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.world import World, serve


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Give the two stand-ins; the bot is started by the test."""
    async with serve(tmp_path) as made:
        yield made
