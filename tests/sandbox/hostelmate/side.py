"""A served Hostel Mate stand-in and a client of the test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
from aiohttp import web

from bridgebot.sandbox.hostelmate.hostel import HostelMate
from bridgebot.sandbox.hostelmate.limits import Limits
from bridgebot.sandbox.hostelmate.standin import BASE, HostelMateStandIn
from bridgebot.sandbox.hostelmate.switches import Switches

KEY = "hm_live_test"
HOSTEL = "hostelmate"


class Side:
    """The stand-in with one property, and calls to it; ``base`` is the API's address."""

    def __init__(self, switches: Switches, http: httpx.AsyncClient) -> None:
        self.clock = [0.0]
        self.mate = HostelMate(switches=switches)
        self.mate.add_hostel(HOSTEL, KEY)
        self.stand_in = HostelMateStandIn(self.mate, limits=Limits(clock=lambda: self.clock[0]))
        self.http = http
        self.key = KEY
        self.base = ""

    async def call(
        self, path: str = "", method: str = "GET", **params: str | int
    ) -> httpx.Response:
        """Call below ``/conversations``."""
        url = f"{self.base}{BASE}/conversations{path}"
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        return await self.http.request(method, url, params=params, headers=headers)

    async def get(self, path: str = "", **params: str | int) -> dict[str, Any]:
        """Call and expect a page."""
        answer = await self.call(path, "GET", **params)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page


Serve = Callable[..., Awaitable[Side]]
"""Serves a stand-in under the switches given by name."""


@asynccontextmanager
async def served(switches: Switches) -> AsyncIterator[Side]:
    """Serve a stand-in on a free port."""
    async with httpx.AsyncClient(trust_env=False) as http:
        side = Side(switches, http)
        app = web.Application()
        side.stand_in.add_routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        side.base = f"http://127.0.0.1:{runner.addresses[0][1]}/hostelmate"
        yield side
        await runner.cleanup()
