"""A bare Bolt app: what staff write in a thread goes to the guest at once, and is kept nowhere.

Run by ``benchmarks.reply``, which tells it the threads; ``ready`` on its output: it is connected.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from typing import Any

import aiohttp
import httpx
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.bare import token


async def run() -> None:
    """Carry replies to guests until ended."""
    base, threads = os.environ["BARE_BASE"], json.loads(os.environ["BARE_THREADS"])
    async with httpx.AsyncClient(trust_env=False) as http, aiohttp.ClientSession() as session:
        slack = AsyncWebClient(
            os.environ["BARE_TOKEN"], f"{base}/slack/api/", session=session, retry_handlers=[]
        )
        slack.proxy = None
        headers = {"Authorization": f"Bearer {await token(http, base)}", "Accept-version": "1.2"}
        app = AsyncApp(client=slack)

        @app.event("message")
        async def reply(event: dict[str, Any]) -> None:
            place = threads.get(event.get("thread_ts"))
            if place is None or "subtype" in event:
                return
            body = {"message": {"content": event["text"]}}
            await http.post(f"{base}/booking/messaging{place}", json=body, headers=headers)

        handler = AsyncSocketModeHandler(app, os.environ["BARE_APP_TOKEN"], web_client=slack)
        handler.client.proxy = None
        await handler.connect_async()  # type: ignore[no-untyped-call]
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())
