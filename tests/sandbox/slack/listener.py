"""Two kinds of apps on the stand-in's socket: one of bare frames, and Bolt's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp

from bridgebot.sandbox.slack.state import App
from tests.sandbox.slack.stand import BOT, HASTE, PATIENCE, Stand


@dataclass(slots=True)
class Listener:
    """One connection that keeps what it gets; it acknowledges unless ``silent``."""

    socket: aiohttp.ClientWebSocketResponse
    silent: bool = False
    frames: list[dict[str, Any]] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    answers: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def run(self) -> None:
        """Read frames until the connection ends."""
        async for message in self.socket:
            frame: dict[str, Any] = message.json()
            self.frames.append(frame)
            self.news.set()
            if "envelope_id" in frame and not self.silent:
                answer = self.answers.get(str(frame["payload"].get("type", "")))
                more = {} if answer is None else {"payload": answer}
                await self.socket.send_json({"envelope_id": frame["envelope_id"], **more})

    @property
    def envelopes(self) -> list[dict[str, Any]]:
        """List what has to be acknowledged."""
        return [each for each in self.frames if "envelope_id" in each]

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """List the payloads."""
        return [each["payload"] for each in self.envelopes]

    @property
    def events(self) -> list[dict[str, Any]]:
        """List the events."""
        return [each["event"] for each in self.payloads if "event" in each]

    async def wait(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until so many payloads came."""
        async with asyncio.timeout(PATIENCE):
            while len(self.payloads) < count:
                self.news.clear()
                await self.news.wait()
        return self.payloads

    async def event(self, **wanted: Any) -> dict[str, Any]:
        """Wait for an event with these fields."""
        return await self._first(lambda: self.events, wanted)

    async def payload(self, **wanted: Any) -> dict[str, Any]:
        """Wait for a payload with these fields."""
        return await self._first(lambda: self.payloads, wanted)

    async def _first(
        self, seen: Callable[[], list[dict[str, Any]]], wanted: dict[str, Any]
    ) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE):
            while True:
                for each in seen():
                    if all(each.get(key) == value for key, value in wanted.items()):
                        return each
                self.news.clear()
                await self.news.wait()


async def socket_url(stand: Stand, app: App = BOT) -> str:
    """Ask for the address of a new connection."""
    opened = await stand.client.apps_connections_open(app_token=app.app_token)
    return str(opened["url"])


@asynccontextmanager
async def listening(
    stand: Stand, app: App = BOT, *, silent: bool = False
) -> AsyncIterator[Listener]:
    """Connect an app that speaks bare frames; nobody waits long for one that is silent."""
    if silent:
        stand.slack.sockets.ack_seconds = HASTE
    async with stand.session.ws_connect(await socket_url(stand, app)) as socket:
        listener = Listener(socket, silent)
        task = asyncio.create_task(listener.run())
        try:
            await stand.until(lambda: listener.frames)
            yield listener
        finally:
            await socket.close()
            await task


@asynccontextmanager
async def connected(stand: Stand, bolt: AsyncApp) -> AsyncIterator[None]:
    """Connect a Bolt app."""
    handler: Any = AsyncSocketModeHandler(bolt, BOT.app_token, ping_interval=0.5)
    await handler.connect_async()
    try:
        yield
    finally:
        await handler.close_async()


def bolt_app(stand: Stand) -> AsyncApp:
    """Make a Bolt app of the bot's."""
    return AsyncApp(client=stand.client, signing_secret="none", ignoring_self_events_enabled=False)
