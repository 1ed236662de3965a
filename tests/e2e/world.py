"""A small world to test the shipped process in: two stand-ins and the bot as a child process."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from aiohttp import web

from bridgebot.sandbox.hostelmate.hostel import HostelMate
from bridgebot.sandbox.hostelmate.standin import HostelMateStandIn
from bridgebot.sandbox.hostelmate.webhook import Webhook
from bridgebot.sandbox.messaging.booking import Booking, Conversation
from bridgebot.sandbox.messaging.notifications import Notifier
from bridgebot.sandbox.messaging.standin import BookingStandIn
from bridgebot.sandbox.slack.socket import SocketMode
from bridgebot.sandbox.slack.standin import SlackStandIn
from bridgebot.sandbox.slack.state import MESSAGES, App, Channel, Person
from bridgebot.sandbox.slack.workspace import Workspace
from tests.e2e.nursery import Nursery, Ward

PATIENCE = 20.0
READY = re.compile(rb'"event": "ready"|\] ready ')
SCOPES = frozenset(
    {
        "chat:write",
        "chat:write.customize",
        "channels:history",
        "groups:history",
        "channels:read",
        "groups:read",
        "usergroups:read",
        "users:read",
        "commands",
        "reactions:read",
        "reactions:write",
        "files:read",
        "files:write",
    }
)
EVENTS = MESSAGES | {
    "app_home_opened",
    "reaction_added",
    "reaction_removed",
    "subteam_members_changed",
    "subteam_updated",
}
BOT = App("A0BRIDGE", "bridgebot", "B0BRIDGE", "U0BRIDGE", "xoxb-test", "xapp-test", SCOPES, EVENTS)
GUESTS, ALERTS = "C0GUESTS", "C0ALERTS"
ANNA, TOM, PAT = "U0ANNA", "U0TOM", "U0PAT"
PROPERTY = "4410021"
HOSTEL_KEY = "hm_live_test"


@dataclass(slots=True)
class World:
    """Both stand-ins, and the bot that runs between them."""

    booking: BookingStandIn
    slack: SlackStandIn
    hostelmate: HostelMateStandIn
    notifier: Notifier
    webhook: Webhook
    port: int
    directory: Path
    more: dict[str, str] = field(default_factory=dict)
    bare: dict[str, str] | None = None
    process: asyncio.subprocess.Process | Ward | None = None
    program: str = "bridgebot"
    nursery: Nursery | None = None

    def conversation(self, name: str, **more: Any) -> str:
        """Open a conversation at the property."""
        about = {"property_id": PROPERTY, "guest_name": "Ada Example", "reference": f"9{name}"}
        self.booking.booking.add_conversation(Conversation(name, **{**about, **more}))
        return name

    def guest(self, name: str, text: str, **more: Any) -> str:
        """Let a guest write, in a conversation that is opened for it if need be."""
        if name not in self.booking.booking.conversations:
            self.conversation(name)
        return self.booking.booking.guest_writes(name, text, **more)

    def staff(self, name: str, text: str, user: str = ANNA, **more: Any) -> str:
        """Let somebody answer in a conversation's thread."""
        root = self.root(name)
        assert root is not None
        return self.reply(root["ts"], text, user, **more)

    def reply(self, thread_ts: str, text: str, user: str = ANNA, **more: Any) -> str:
        """Let somebody write in a thread."""
        workspace = self.slack.workspace
        return workspace.person_writes(user, GUESTS, text, thread_ts=thread_ts, **more)

    def messages(self, channel: str = GUESTS) -> list[dict[str, Any]]:
        """List a channel's messages in order."""
        return list(self.slack.workspace.channels[channel].messages.values())

    def roots(self, name: str) -> list[dict[str, Any]]:
        """List the roots of a conversation's threads."""
        return [
            message
            for message in self.messages()
            if (message.get("metadata") or {}).get("event_type") == "bridgebot_thread"
            and message["metadata"]["event_payload"]["conversation_id"] == name
        ]

    def root(self, name: str) -> dict[str, Any] | None:
        """Find the root of a conversation's thread."""
        return next(iter(self.roots(name)), None)

    def thread(self, name: str) -> list[dict[str, Any]]:
        """List what stands below a conversation's root."""
        root = self.root(name)
        return [
            message
            for message in self.messages()
            if root is not None
            and message.get("thread_ts") == root["ts"]
            and message["ts"] != root["ts"]
        ]

    def shown(self, message_id: str) -> int:
        """Count the posts of a message (its first part, where it has several)."""
        return sum(
            payload.get("message_id") == message_id and payload.get("part", 1) == 1
            for message in self.messages()
            if (payload := (message.get("metadata") or {}).get("event_payload", {}))
        )

    def got(self, name: str) -> list[str]:
        """List what the guest got through the API, in order."""
        conversation = self.booking.booking.conversations[name]
        return [message.content for message in conversation.messages if message.api]

    def marks(self, ts: str) -> list[str]:
        """List the reactions that say how a message ended: the hourglass says that it has not."""
        message = self.slack.workspace.message(GUESTS, ts)
        names = [each["name"] for each in message.get("reactions", [])]
        return [name for name in names if name != "hourglass_flowing_sand"]

    def queued(self) -> int:
        """Count what is in the machine account's queue."""
        return len(self.booking.booking.accounts["id"].queue)

    def environment(self) -> dict[str, str]:
        """Make the bot's environment."""
        base = f"http://127.0.0.1:{self.port}"
        own = {
            "SLACK_BOT_TOKEN": BOT.bot_token,
            "SLACK_APP_TOKEN": BOT.app_token,
            "SLACK_API_URL": f"{base}/slack/api/",
            "SLACK_POSTS_PER_SECOND": "0",
            "GUESTS_CHANNEL": GUESTS,
            "ALERTS_CHANNEL": ALERTS,
            "BOOKING_CLIENT_ID": "id",
            "BOOKING_CLIENT_SECRET": "secret",
            "BOOKING_API_URL": f"{base}/booking/messaging",
            "BOOKING_TOKEN_URL": f"{base}/booking/token-based-authentication/exchange",
            "BOOKING_POLL_SECONDS": "0.1",
            "HOSTELMATE_API_URL": f"{base}/hostelmate",
            "HOSTELMATE_POLL_SECONDS": "0.5",
            "UNDO_SECONDS": "0.3",
            "SETTLE_SECONDS": "1",
            "HTTP_BIND": "",
            "LOG_FORMAT": "json",
            **self.more,
        }
        foreign = ("BRIDGEBOT_", "SLACK_")
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(foreign) and not key.upper().endswith("_PROXY")
        }
        path = str(Path(__file__).parents[2])
        return {**kept, "PYTHONPATH": path, **{f"BRIDGEBOT_{k}": v for k, v in own.items()}}

    @property
    def log(self) -> Path:
        """Name the bot's log."""
        return self.directory / "bot.log"

    async def start(self, *, ready: bool = True, seconds: float = PATIENCE) -> None:
        """Start the shipped process, and wait until it says that it is ready."""
        self.log.touch()
        before = self.log.stat().st_size
        environment = self.bare or self.environment()
        if self.nursery is not None and self.program == "bridgebot":
            self.process = await self.nursery.start(self.directory, environment, self.log, "run")
        else:
            self.process = await self._execute(environment)
        if ready:
            await self.until(lambda: READY.search(self.log.read_bytes()[before:]), seconds)

    async def _execute(self, environment: Mapping[str, str]) -> asyncio.subprocess.Process:
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self.program, "run"),
                cwd=self.directory,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    async def command(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command beside the bot; return its status, what it printed, and its errors."""
        assert self.nursery is not None
        out, errors = (self.directory / f"{name}-{uuid4().hex}" for name in ("out", "errors"))
        ran = await self.nursery.start(
            self.directory, self.environment(), out, *arguments, errors=errors
        )
        async with asyncio.timeout(2 * PATIENCE):
            status = await ran.wait()
        return status, out.read_text("utf-8"), errors.read_text("utf-8")

    async def kill(self) -> None:
        """End the process as a power cut would."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """Ask the process to stop, and return its exit status."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()

    async def until_dropped(self, events: int) -> None:
        """Wait until Slack has given up so many events."""
        await self.until(lambda: self.slack.sockets.dropped >= events, stopped=True)

    async def until(
        self, true: Callable[[], object], seconds: float = PATIENCE, *, stopped: bool = False
    ) -> None:
        """Wait for a condition; fail with the end of the bot's log when it does not come."""
        end = asyncio.get_running_loop().time() + seconds
        while not true():
            died = self.process is not None and self.process.returncode is not None
            if (died and not stopped) or asyncio.get_running_loop().time() > end:
                lines = self.log.read_text(encoding="utf-8").splitlines()[-25:]
                raise AssertionError("\n".join(["it did not happen; the bot's log:", *lines]))
            await asyncio.sleep(0.02)


def _hostelmate() -> HostelMateStandIn:
    """Make the Hostel Mate stand-in; a test that wants it gives the bot its key."""
    mate = HostelMate()
    mate.add_hostel("hostelmate", HOSTEL_KEY)
    return HostelMateStandIn(mate)


def _workspace() -> Workspace:
    """Make the workspace: the app, three people, two channels."""
    workspace = Workspace()
    workspace.add_app(BOT)
    workspace.add_person(Person(ANNA, "Anna Keller", workspace.team_id))
    workspace.add_person(Person(TOM, "Tom Visitor", workspace.team_id, guest=True))
    workspace.add_person(Person(PAT, "Pat Partner", "T0OTHER"))
    for channel, name in ((GUESTS, "guests"), (ALERTS, "alerts")):
        members = {BOT.user_id, ANNA, TOM, PAT}
        workspace.add_channel(Channel(channel, name, members=members))
    return workspace


@asynccontextmanager
async def serve(directory: Path, **more: str) -> AsyncIterator[World]:
    """Serve both stand-ins on a free port; end the bot with them."""
    booking = Booking()
    booking.add_property(PROPERTY, "Hotel Example")
    booking.add_account("id", "secret", [PROPERTY])
    workspace = _workspace()
    slack = SlackStandIn(
        workspace, sockets=SocketMode(workspace, ack_seconds=1.0, retries=(0.0, 0.5, 2.0, 5.0))
    )
    app = web.Application()
    stand_in = BookingStandIn(booking)
    stand_in.add_routes(app)
    hostelmate = _hostelmate()
    hostelmate.add_routes(app)
    slack.add_routes(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = int(runner.addresses[0][1])
    notifier, webhook = Notifier(booking), Webhook(hostelmate.mate)
    world = World(stand_in, slack, hostelmate, notifier, webhook, port, directory, dict(more))
    try:
        yield world
    finally:
        await notifier.stop()
        await webhook.stop()
        if world.process is not None:
            await world.stop()
        await runner.cleanup()
