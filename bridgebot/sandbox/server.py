"""One server with everything: the stand-ins, the page, and the console."""

from __future__ import annotations

import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.console.routes import Console

_HOST: Final = "127.0.0.1"


class PortTakenError(Exception):
    """The port of the sandbox is in use; the text names the way out."""


def make_app(chain: Chain) -> web.Application:
    """Put all stand-ins and the console of a chain into one application."""
    app = web.Application(client_max_size=16 * 2**20)
    chain.slack_api.add_routes(app)
    chain.booking_api.add_routes(app)
    chain.hostelmate_api.add_routes(app)
    Console(chain).add_routes(app)
    return app


@asynccontextmanager
async def serve(port: int) -> AsyncIterator[Chain]:
    """Serve a fresh chain on a port of this machine, 0 for a free one; nobody else can reach it.

    Raises ``PortTakenError`` when something else listens there.
    """
    chain = Chain()
    runner = web.AppRunner(make_app(chain), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await _listen(runner, port)
        chain.port = int(runner.addresses[0][1])
        yield chain
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, port: int) -> None:
    try:
        await web.TCPSite(runner, _HOST, port).start()
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise PortTakenError(
            f"Port {port} cannot be used on this machine; choose another one with --port, "
            f"for example --port {8766 if port != 8766 else 8767}, or --port 0 for any."  # noqa: PLR2004
        ) from error
