"""Serves Booking.com stand-ins."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from aiohttp import web

from bridgebot.sandbox.messaging.switches import Switches
from tests.sandbox.messaging.side import Serve, Side


@asynccontextmanager
async def _served(switches: Switches) -> AsyncIterator[Side]:
    async with httpx.AsyncClient(trust_env=False) as http:
        side = Side(switches, http)
        app = web.Application()
        side.stand_in.add_routes(app)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        side.base = f"http://127.0.0.1:{runner.addresses[0][1]}/booking"
        await side.log_in()
        yield side
        await runner.cleanup()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Serve stand-ins with the switches that a test names."""
    async with AsyncExitStack() as stack:

        async def start(**switches: Any) -> Side:
            return await stack.enter_async_context(_served(Switches(**switches)))

        yield start


@pytest.fixture
async def side(serve: Serve) -> Side:
    """Serve a stand-in with all defaults."""
    return await serve()
