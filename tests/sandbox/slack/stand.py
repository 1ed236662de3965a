"""A workspace behind the stand-in, and the official clients in front of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.sandbox.slack.socket import SocketMode
from bridgebot.sandbox.slack.standin import SlackStandIn
from bridgebot.sandbox.slack.state import App, Channel, Person
from bridgebot.sandbox.slack.workspace import Workspace

PATIENCE = 10.0
HASTE = 0.2
"""How long an acknowledgement may take where none is meant to come."""
SCOPES = frozenset(
    {
        "channels:history",
        "channels:join",
        "channels:read",
        "chat:write",
        "chat:write.customize",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:write",
        "reactions:read",
        "reactions:write",
        "team:read",
        "usergroups:read",
        "users:read",
    }
)
EVENTS = frozenset(
    {
        "app_home_opened",
        "member_joined_channel",
        "message.channels",
        "message.groups",
        "reaction_added",
        "reaction_removed",
    }
)
BOT = App("A0BRIDGE", "bridgebot", "B0BRIDGE", "U0BRIDGE", "xoxb-1", "xapp-1", SCOPES, EVENTS)
POOR = App("A0POOR", "poor", "B0POOR", "U0POOR", "xoxb-2", "xapp-2", frozenset({"chat:write"}))
ANNA, TOM, PAT, LEO = "U0ANNA", "U0TOM", "U0PAT", "U0LEO"
DESK, OFFICE, OTHER, OLD = "C0DESK", "G0OFFICE", "C0OTHER", "C0OLD"


@dataclass(slots=True)
class Clock:
    """A clock that runs with the world's until it is moved ahead."""

    ahead: float = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return time.time() + self.ahead


def furnished(clock: Clock) -> Workspace:
    """Make a workspace with people of several kinds and channels of several kinds."""
    workspace = Workspace("T0HOTEL", "Hotel", clock)
    for person in (
        Person(ANNA, "Anna Vale", "T0HOTEL"),
        Person(TOM, "Tom Reed", "T0HOTEL", guest=True),
        Person(PAT, "Pat Moor", "T0PARTNER"),
        Person(LEO, "Leo", "T0HOTEL", bot=True),
    ):
        workspace.add_person(person)
    workspace.add_app(BOT)
    workspace.add_app(POOR)
    everybody = {ANNA, TOM, PAT, LEO, BOT.user_id, POOR.user_id}
    workspace.add_channel(Channel(DESK, "front-desk", ext_shared=True, members=set(everybody)))
    workspace.add_channel(Channel(OFFICE, "office", private=True, members={ANNA, BOT.user_id}))
    workspace.add_channel(Channel(OTHER, "other", members={ANNA}))
    workspace.add_channel(Channel(OLD, "old", archived=True, members={ANNA, BOT.user_id}))
    return workspace


@dataclass(slots=True)
class Stand:
    """The stand-in, served, with a client of the bot's."""

    slack: SlackStandIn
    clock: Clock
    url: str
    client: AsyncWebClient
    session: aiohttp.ClientSession
    changes: list[dict[str, Any]] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        """Name the workspace."""
        return self.slack.workspace

    def as_(self, token: str) -> AsyncWebClient:
        """Make a client with another token."""
        return AsyncWebClient(
            token, base_url=self.client.base_url, session=self.session, retry_handlers=[]
        )

    async def refusal(self, method: str, **arguments: Any) -> str:
        """Call a method that is refused, and name the error."""
        try:
            await self.client.api_call(method, json=arguments)
        except SlackApiError as error:
            return str(error.response["error"])
        return "ok"

    async def until(self, true: Callable[[], object]) -> None:
        """Wait, not for ever, until something is true."""
        async with asyncio.timeout(PATIENCE):
            while not true():  # noqa: ASYNC110 - the stand-in has no event for every state
                await asyncio.sleep(0.005)

    async def post(self, text: str = "Hello", **more: Any) -> str:
        """Post at the front desk."""
        answer = await self.client.chat_postMessage(channel=DESK, text=text, **more)
        return str(answer["ts"])


@asynccontextmanager
async def standing() -> AsyncIterator[Stand]:
    """Serve the stand-in at a free port of the loopback."""
    clock = Clock()
    workspace = furnished(clock)
    sockets = SocketMode(workspace, retries=(0.0, 0.1, 0.2))
    slack = SlackStandIn(workspace, sockets=sockets)
    app = web.Application()
    slack.add_routes(app)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack"
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            BOT.bot_token, base_url=f"{url}/api/", session=session, retry_handlers=[]
        )
        stand = Stand(slack, clock, url, client, session)
        workspace.watch(lambda change: stand.changes.append(dict(change)))
        try:
            yield stand
        finally:
            await runner.cleanup()
