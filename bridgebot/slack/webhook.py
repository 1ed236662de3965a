"""Events that Slack posts to an address of ours, in place of a socket.

Bolt checks the signature before anything else; what is refused or not stored is not answered with
200, so Slack sends it again.
"""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncApp

log = structlog.get_logger()

PATH = "/slack/events"
TIMESTAMP = "X-Slack-Request-Timestamp"


class Webhook:
    """Takes events, commands and clicks at one path while it is open."""

    reconnections = 0

    def __init__(self, app: AsyncApp) -> None:
        self.connected = False
        self._app = app
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def steady(self) -> bool:
        """Tell whether what comes is taken; there is no connection that could be replaced."""
        return self.connected

    async def start(self) -> None:
        """Begin to take what comes."""
        self.connected = True
        log.info("slack_connected", mode="http")

    async def run(self) -> None:
        """Stay until cancelled; there is no connection to watch."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Take nothing more, and wait until what came is answered."""
        self.connected = False
        await self._idle.wait()

    def add_routes(self, app: web.Application) -> None:
        """Add the path to an application."""
        app.router.add_post(PATH, self._take)

    async def _take(self, request: web.Request) -> web.Response:
        if not self.connected:
            return web.Response(status=503, text="not ready")
        # The SDK's verifier stumbles over a timestamp that is no number.
        if not request.headers.get(TIMESTAMP, "").isdecimal():
            return web.Response(status=401, text="invalid request")
        asked = await to_bolt_request(request)
        # Whoever sends a body slowly, signed or not, must not hold up the stop.
        if not self.steady:
            return web.Response(status=503, text="not ready")
        self._busy += 1
        self._idle.clear()
        try:
            answer = await self._app.async_dispatch(asked)
            return await to_aiohttp_response(answer)
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()
