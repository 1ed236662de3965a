"""Events over HTTP, at the end of the process."""

from __future__ import annotations

import asyncio

from aiohttp import web
from slack_bolt.async_app import AsyncApp

from bridgebot.slack.webhook import PATH, TIMESTAMP, Webhook

PATIENCE = 20.0


async def test_a_body_that_never_ends_is_not_waited_for() -> None:
    """Who closes waits for what came whole; what comes whole later is to be sent again."""
    webhook = Webhook(AsyncApp(token="xoxb-test", signing_secret="secret"))
    app = web.Application()
    webhook.add_routes(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await webhook.start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0])
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\n{TIMESTAMP}: 1\r\n"
    writer.write(f"{head}Content-Length: 10\r\nExpect: 100-continue\r\n\r\n".encode())
    async with asyncio.timeout(PATIENCE):
        assert b"100" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"12345")
        await writer.drain()

        await webhook.close()

        writer.write(b"67890")
        assert b"503" in await reader.readline()
    writer.close()
    await runner.cleanup()
