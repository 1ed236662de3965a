"""Health and metrics for whoever watches the process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from bridgebot.errors import BridgebotError

LARGEST_BODY = 1 << 20
"""Bytes; nobody who may talk to this process sends more."""

LAST_REQUESTS = 0.5
"""Seconds that requests under way get at the end: who sends slowly must not hold up the stop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How the process is doing.

    ``last_poll_ok`` is the age in seconds of the last successful fetch, ``None`` before the first;
    ``poll_limit`` is the age from which the process counts as not ready; ``polled`` names the
    accounts that are meant; ``standby`` means that another node polls.
    """

    slack_connected: bool
    last_poll_ok: float | None
    poll_limit: float
    polled: str = "the provider"
    standby: bool = False
    problems: tuple[str, ...] = ()

    def reasons(self) -> list[str]:
        """Say why the process is not ready; nothing where it is."""
        reasons = list(self.problems)
        if not self.slack_connected:
            reasons.append("Slack is not connected")
        if not self.standby and (self.last_poll_ok is None or self.last_poll_ok > self.poll_limit):
            reasons.append(f"nothing was received from {self.polled} for too long")
        return reasons


TEXT = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
"""The type by which Prometheus knows its text form."""


def make_health_app(
    status: Callable[[], Health], metrics: Callable[[], Awaitable[bytes]]
) -> web.Application:
    """Make the application with ``/healthz``, ``/readyz`` and ``/metrics``."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def readyz(_request: web.Request) -> web.Response:
        reasons = status().reasons()
        body = {"status": "not ready" if reasons else "ready", "reasons": reasons}
        return web.json_response(body, status=503 if reasons else 200)

    async def show_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=await metrics(), headers=TEXT)

    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", show_metrics)
    return app


@asynccontextmanager
async def serve(app: web.Application, bind: str) -> AsyncIterator[None]:
    """Serve on ``host:port`` while the context lasts; an empty ``bind`` serves nothing.

    Raises ``BridgebotError`` when the port is taken.
    """
    if not bind:
        yield
        return
    host, _, port = bind.rpartition(":")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=LAST_REQUESTS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, int(port)).start()
        except OSError as error:
            raise BridgebotError(
                f"BRIDGEBOT_HTTP_BIND={bind} cannot be used ({error.strerror}): name another port, "
                "or leave it empty to switch the health endpoints off"
            ) from None
        yield
    finally:
        await runner.cleanup()
