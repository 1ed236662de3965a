"""One server with everything: the stand-ins, the page, and the console."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.console.routes import Console
from bridgebot.sandbox.front import open_port


def make_app(chain: Chain) -> web.Application:
    """Put all stand-ins and the console of a chain into one application."""
    app = web.Application(client_max_size=16 * 2**20)
    chain.slack_api.add_routes(app)
    chain.booking_api.add_routes(app)
    chain.hostelmate_api.add_routes(app)
    Console(chain).add_routes(app)
    return app


@asynccontextmanager
async def serve(port: int | socket.socket) -> AsyncIterator[Chain]:
    """Serve a fresh chain on a port as ``open_port`` opens it, which may be open already."""
    chain = Chain()
    door = open_port(port) if isinstance(port, int) else port
    runner = web.AppRunner(make_app(chain), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, door).start()
        chain.port = int(door.getsockname()[1])
        yield chain
    finally:
        await runner.cleanup()
        door.close()
