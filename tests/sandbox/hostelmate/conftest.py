"""Serves Hostel Mate stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bridgebot.sandbox.hostelmate.switches import Switches
from tests.sandbox.hostelmate.side import Serve, Side, served


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve stand-ins with the switches that a test names."""
    async with AsyncExitStack() as stack:

        async def start(**switches: Any) -> Side:
            return await stack.enter_async_context(served(Switches(**switches)))

        yield start


@pytest.fixture
async def side(serve: Serve) -> Side:
    """Serve a stand-in with all defaults."""
    return await serve()
