"""The world of the end-to-end tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.nursery import Nursery, nursery
from tests.e2e.world import World, serve


@pytest.fixture(scope="session")
def bots() -> Iterator[Nursery]:
    """Give what starts bots quickly."""
    with nursery() as made:
        yield made


@pytest.fixture
async def world(
    tmp_path: Path, bots: Nursery, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    """Give the two stand-ins; the bot is started by the test, by its command where that counts."""
    async with bots.heard(), serve(tmp_path) as made:
        made.nursery = None if request.node.get_closest_marker("command") else bots
        yield made
