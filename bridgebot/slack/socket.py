"""The socket to Slack, with a watchdog for what the SDK does not heal by itself.

The SDK's client repeats a dead address for ever and never asks for a new one, and at the start a
wrong token loops in silence (reference: Slack platform, section 8.2). So the first address is asked
for here, where a refusal is seen, and a handler without a connection is thrown away after a while.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.elapsed import elapsed
from bridgebot.errors import SlackError, StoreError
from bridgebot.slack.faults import from_answer, from_network

log = structlog.get_logger()

FIRST_CONNECTION_SECONDS = 15.0
CLOSE_SECONDS = 2.0
EVENTS = "events_api"
"""The type of envelopes that hold events."""

Take = Callable[[Mapping[str, Any]], Awaitable[bool]]
"""Takes an event, and tells whether nobody else has to see it."""


async def _nothing(_body: Mapping[str, Any]) -> bool:
    return False


async def ask_for_socket(client: AsyncWebClient, app_token: str) -> None:
    """Ask for a socket's address; raises ``SlackError`` in words when Slack refuses."""
    try:
        await client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        failure = from_answer("apps.connections.open", error)
        raise SlackError(
            f"{failure}; check BRIDGEBOT_SLACK_APP_TOKEN", code=failure.code, auth=failure.auth
        ) from None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, AttributeError) as error:
        raise from_network("apps.connections.open", error) from None


class _Handler(AsyncSocketModeHandler):
    """Bolt's handler, which also counts what is between receipt and acknowledgement.

    Events are offered to ``take`` first: what it takes costs none of Bolt's work.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 - Bolt's
        take: Take,
        on_retried: Callable[[], None],
        **more: Any,  # noqa: ANN401 - Bolt's
    ) -> None:
        super().__init__(*args, **more)
        self._take = take
        self._on_retried = on_retried
        self.idle = asyncio.Event()
        self.idle.set()
        self._busy = 0

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        """Handle one envelope and send its answer."""
        self._busy += 1
        self.idle.clear()
        if req.retry_attempt:
            self._on_retried()
        try:
            if req.type == EVENTS and await self._take(req.payload):
                answer = SocketModeResponse(envelope_id=req.envelope_id)
                await client.send_socket_mode_response(answer)
            else:
                await super().handle(client, req)
        except StoreError as error:
            # No acknowledgement: Slack sends it again.
            log.warning("event_not_stored", reason=str(error))
        finally:
            self._busy -= 1
            if not self._busy:
                self.idle.set()


class Socket:
    """A connection that comes back.

    ``on_return`` hears how long it was away; a moment also where Slack sends an event once more,
    which something may have overtaken.
    """

    def __init__(
        self,
        app: AsyncApp,
        app_token: str,
        client: AsyncWebClient,
        *,
        take: Take = _nothing,
        on_return: Callable[[float], None] = lambda _seconds: None,
        watchdog_seconds: float = 30.0,
        check_seconds: float = 1.0,
        ping_interval: float = 10.0,
        now: Callable[[], float] = elapsed,
    ) -> None:
        self.reconnections = 0
        self._app = app
        self._app_token = app_token
        self._client = client
        self._take = take
        self._on_return = on_return
        self._watchdog_seconds = watchdog_seconds
        self._check_seconds = check_seconds
        self._ping_interval = ping_interval
        self._now = now
        self._handler: _Handler | None = None
        self._known: object = None
        self._gone_since: float | None = None
        self._built_at = 0.0

    @property
    def connected(self) -> bool:
        """Tell whether the connection is up."""
        return self._session() is not None and self._gone_since is None

    @property
    def steady(self) -> bool:
        """Tell whether the connection is up and still the one that was last looked at.

        The SDK replaces connections by itself, often within a moment. What was on its way over the
        one before may come late, so that a new one counts only from the next look, which says so.
        """
        return self.connected and self._session() is self._known

    def _session(self) -> object:
        """Return the open connection."""
        session = self._handler.client.current_session if self._handler is not None else None
        return session if session is not None and not session.closed else None

    async def start(self) -> None:
        """Connect for the first time; raises ``SlackError`` in words when Slack refuses."""
        await ask_for_socket(self._client, self._app_token)
        try:
            async with asyncio.timeout(FIRST_CONNECTION_SECONDS):
                await self._build()
        except TimeoutError:
            await self._discard()
            raise SlackError(
                "Slack does not open a socket: a firewall or proxy may stop WebSockets",
                code="no_socket",
            ) from None
        self._known = self._session()
        log.info("slack_connected")

    async def run(self) -> None:
        """Watch the connection until cancelled; see the module's text for what is healed."""
        while True:
            await asyncio.sleep(self._check_seconds)
            await self.check()

    async def check(self) -> None:
        """Look at the connection once."""
        handler, now = self._handler, self._now()
        up = handler is not None and await handler.client.is_connected()
        if up:
            self._came_back(now)
            return
        if self._gone_since is None:
            self._gone_since = now
            log.warning("slack_gone")
        if now - max(self._gone_since, self._built_at) >= self._watchdog_seconds:
            log.warning("slack_handler_rebuilt", seconds=round(now - self._gone_since))
            await self._discard()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._watchdog_seconds):
                    await self._build()

    def _came_back(self, now: float) -> None:
        """Say how long nobody listened; a connection that was replaced unseen was away a moment."""
        session = self._session()
        if self._gone_since is None and session is self._known:
            return
        absent = now - self._gone_since if self._gone_since is not None else 0.0
        self._gone_since, self._known = None, session
        self.reconnections += 1
        log.info("slack_back", seconds=round(absent, 1))
        self._on_return(absent)

    async def close(self) -> None:
        """Close once nothing is between receipt and acknowledgement.

        When the wait is given up the socket is closed all the same: Slack sends again what was
        not acknowledged.
        """
        try:
            if self._handler is not None:
                await self._handler.idle.wait()
        finally:
            await self._discard()

    async def _build(self) -> None:
        self._built_at = self._now()
        self._handler = _Handler(
            self._app,
            self._app_token,
            take=self._take,
            on_retried=lambda: self._on_return(0.0),
            web_client=self._client,
            ping_interval=self._ping_interval,
        )
        self._handler.client.proxy = self._client.proxy
        await self._handler.connect_async()  # type: ignore[no-untyped-call]

    async def _discard(self) -> None:
        handler, self._handler = self._handler, None
        if handler is None:
            return
        client = handler.client
        tasks = [client.message_processor, client.message_receiver, client.current_session_monitor]
        client.closed, client.auto_reconnect_enabled = True, False
        try:
            # A peer that is gone does not answer the closing handshake, and may fail it.
            with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await client.disconnect()  # type: ignore[no-untyped-call]
        finally:
            running = [task for task in tasks if task]
            for task in running:
                task.cancel()
            # The SDK cancels its tasks without waiting for their end.
            await asyncio.gather(*running, return_exceptions=True)
            await client.aiohttp_client_session.close()
