"""The bare loop: fetch, ``chat.postMessage``, confirm, with the bridge's own client libraries.

It stores nothing, opens no threads and forgets everything when it ends: what the same job costs
before anything is promised. Run by ``benchmarks.guest``; ``ready`` on its output: it polls.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from typing import Any

import aiohttp
import httpx
from slack_sdk.web.async_client import AsyncWebClient

PAUSE = 0.1


async def run(at_once: int) -> None:
    """Carry messages from the queue to Slack until ended."""
    base, channel = os.environ["BARE_BASE"], os.environ["BARE_CHANNEL"]
    async with httpx.AsyncClient(trust_env=False) as http, aiohttp.ClientSession() as session:
        slack = AsyncWebClient(
            os.environ["BARE_TOKEN"], f"{base}/slack/api/", session=session, retry_handlers=[]
        )
        slack.proxy = None
        headers = {"Authorization": f"Bearer {await token(http, base)}", "Accept-version": "1.2"}
        print("ready", flush=True)
        while True:
            fetched = await http.get(f"{base}/booking/messaging/messages/latest", headers=headers)
            messages = fetched.json()["data"]["messages"]
            await _post(slack, channel, messages, at_once)
            if not messages:
                await asyncio.sleep(PAUSE)
                continue
            confirm = f"{base}/booking/messaging/messages?number_of_messages={len(messages)}"
            (await http.put(confirm, headers=headers)).raise_for_status()


async def token(http: httpx.AsyncClient, base: str) -> str:
    """Exchange the account's credentials for a token."""
    login = {"client_id": "id", "client_secret": "secret"}
    answer = await http.post(f"{base}/booking/token-based-authentication/exchange", json=login)
    return str(answer.json()["jwt"])


async def _post(
    slack: AsyncWebClient, channel: str, messages: list[dict[str, Any]], at_once: int
) -> None:
    room = asyncio.Semaphore(at_once)

    async def one(message: dict[str, Any]) -> None:
        async with room:
            await slack.chat_postMessage(channel=channel, text=message["content"])

    if at_once == 1:
        for message in messages:
            await one(message)
        return
    await asyncio.gather(*map(one, messages))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(int(sys.argv[1])))
