"""Socket Mode: tickets, hello, envelopes to one connection, redelivery, refresh.

An app with a request URL gets the same envelopes over HTTP, on the same schedule.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bridgebot.sandbox.slack.request_url import RequestUrls
from bridgebot.sandbox.slack.state import App, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace

Answered = Callable[[Mapping[str, Any]], Awaitable[None]]
Failed = Callable[[str], None]
MOST = 10
WARNING = 10.0
HELD = 1.0


@dataclass(slots=True)
class Envelope:
    """Something on its way to an app until it is acknowledged."""

    app_id: str
    kind: str
    payload: dict[str, Any]
    answered: Answered | None = None
    failed: Failed | None = None
    reason: str = ""
    done: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def takes_payload(self) -> bool:
        """Tell whether the acknowledgement may carry an answer."""
        return self.kind != "events_api" and self.payload.get("type") != "shortcut"


def deed_of(kind: str, payload: Mapping[str, Any]) -> tuple[str, str] | None:
    """Name what a person did, by its kind and its own name; ``None`` for an event."""
    if kind == "slash_commands":
        return "command", str(payload["command"])
    if kind != "interactive":
        return None
    if payload["type"] == "block_actions":
        return "action", str(payload["actions"][0]["action_id"])
    if payload["type"] == "view_submission":
        return "view", str(payload["view"]["callback_id"])
    return ("shortcut", str(payload["callback_id"])) if "callback_id" in payload else None


class SocketMode:
    """The sockets of all apps.

    ``ack_seconds`` is how long an acknowledgement may take; ``retries`` are the pauses before each
    further attempt (Slack's are about 0, 60 and 300 seconds; shortened here). ``lifetime`` is how
    long a connection lives before it is told to go, with a warning ``WARNING`` seconds before.
    ``duplicating`` events come twice; ``reordering`` events are held and come in reverse;
    ``losing`` acknowledgements get lost because the connection breaks just then.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        ack_seconds: float = 3.0,
        retries: tuple[float, ...] = (0.0, 2.0, 10.0),
        lifetime: float | None = None,
    ) -> None:
        self.workspace = workspace
        self.ack_seconds = ack_seconds
        self.retries = retries
        self.lifetime = lifetime
        self.urls = RequestUrls(workspace)
        self.refusing = False
        self.duplicating = 0
        self.reordering = 0
        self.losing = 0
        self.dropped = 0
        self.counts: Counter[str] = Counter()
        # What people did besides writing and an app has acknowledged: its kind and its name.
        self.taken: Counter[tuple[str, str]] = Counter()
        self._tickets: dict[str, str] = {}
        self._connections: dict[str, list[web.WebSocketResponse]] = {}
        self._waiting: dict[str, Envelope] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[Envelope] = []
        self._turn = 0

    def ticket(self, app: App) -> str:
        """Make a ticket that opens one connection."""
        ticket = uuid.uuid4().hex
        self._tickets[ticket] = app.app_id
        return ticket

    @property
    def connections(self) -> int:
        """Count the open connections."""
        return sum(len(each) for each in self._connections.values())

    def connected(self, app_id: str) -> bool:
        """Tell whether an app has a connection open."""
        return bool(self._connections.get(app_id))

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Open a connection: a used, unknown or refused ticket gets no handshake."""
        app_id = self._tickets.pop(request.query.get("ticket", ""), None)
        if app_id is None or self.refusing:
            return web.Response(status=403, text="invalid ticket")
        mine = self._connections.setdefault(app_id, [])
        if len(mine) >= MOST:
            return web.Response(status=429, text="too many websockets")
        socket = web.WebSocketResponse(max_msg_size=1 << 20)
        await socket.prepare(request)
        await socket.send_json(self._hello(app_id, len(mine) + 1))
        mine.append(socket)
        aging = self._start(self._age(socket))
        try:
            self.workspace.changed(type="socket", app=app_id, connected=True)
            async for frame in socket:
                if frame.type == WSMsgType.TEXT:
                    await self._acknowledged(frame.data)
        finally:
            aging.cancel()
            mine.remove(socket)
            self.workspace.changed(type="socket", app=app_id, connected=bool(mine))
        return socket

    @staticmethod
    def _hello(app_id: str, count: int) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": count,
            "connection_info": {"app_id": app_id},
            "debug_info": {
                "host": "applink-sandbox",
                "started": "2026-01-01 00:00:00.000",
                "build_number": 54,
                "approximate_connection_time": 18060,
            },
        }

    async def _acknowledged(self, data: str) -> None:
        try:
            answer = json.loads(data)
        except ValueError:
            return
        envelope_id = str(answer.get("envelope_id")) if isinstance(answer, dict) else ""
        if self.losing > 0 and envelope_id in self._waiting:
            self.losing -= 1
            self.cut()
            return
        envelope = self._waiting.pop(envelope_id, None)
        if envelope is None:
            return
        self._count(envelope)
        first = not envelope.done.is_set()
        envelope.done.set()
        self._log("ack", envelope.kind, answer)
        self.workspace.changed(type="ack", kind=envelope.kind, app=envelope.app_id)
        if first and envelope.answered is not None:
            await self._take_answer(envelope, envelope.answered, answer.get("payload"))

    def _count(self, envelope: Envelope) -> None:
        self.counts["acknowledged"] += 1
        if (deed := deed_of(envelope.kind, envelope.payload)) is not None:
            self.taken[deed] += 1

    async def _take_answer(self, envelope: Envelope, answered: Answered, payload: object) -> None:
        """Do what an acknowledgement asks for; what Slack would not take is told to the person."""
        try:
            await answered(payload if isinstance(payload, dict) else {})
        except SlackRefusalError as refusal:
            self.counts["refused"] += 1
            self._log("refused", envelope.kind, {"error": refusal.error, **refusal.more})
            self.workspace.changed(type="refused", kind=envelope.kind, error=refusal.error)

    def event(self, app: App, event: Mapping[str, Any]) -> None:
        """Deliver an event to an app, again and again until it is acknowledged."""
        channel = self.workspace.channels.get(str(event.get("channel")))
        payload = {
            "token": "sandbox",
            "team_id": self.workspace.team_id,
            "context_team_id": self.workspace.team_id,
            "api_app_id": app.app_id,
            "type": "event_callback",
            "event_id": f"Ev{uuid.uuid4().hex[:10].upper()}",
            "event_time": int(self.workspace.now()),
            "event_context": f"4-{uuid.uuid4().hex}",
            "is_ext_shared_channel": channel is not None and channel.ext_shared,
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": self.workspace.team_id,
                    "user_id": app.user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "event": event,
        }
        for _ in range(2 if self.duplicating > 0 else 1):
            self._queue(Envelope(app.app_id, "events_api", payload))
        self.duplicating = max(0, self.duplicating - 1)

    def _queue(self, envelope: Envelope) -> None:
        """Send at once, or hold back to send in reverse; nothing is held longer than a second."""
        if self.reordering <= 0:
            self.send(envelope)
            return
        self.reordering -= 1
        envelope.payload = deepcopy(envelope.payload)
        self._held.append(envelope)
        if self.reordering == 0:
            self._let_go()
        elif len(self._held) == 1:
            asyncio.get_running_loop().call_later(HELD, self._let_go)

    def _let_go(self) -> None:
        held, self._held = self._held, []
        for envelope in reversed(held):
            self.send(envelope)

    def send(self, envelope: Envelope) -> None:
        """Begin to deliver an envelope, as it stands now: later changes do not reach it."""
        envelope.payload = deepcopy(envelope.payload)
        self._start(self._deliver(envelope))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _age(self, socket: web.WebSocketResponse) -> None:
        """Tell a connection to go when it has lived long enough."""
        if self.lifetime is None:
            return
        await asyncio.sleep(max(0.0, self.lifetime - WARNING))
        await self._tell(socket, "warning")
        await asyncio.sleep(min(WARNING, self.lifetime))
        await self._tell(socket, "refresh_requested")

    async def _deliver(self, envelope: Envelope) -> None:
        """Try, wait for the acknowledgement, try again on the schedule, then give up and count."""
        pauses = self.retries if envelope.kind == "events_api" else ()
        for attempt, pause in enumerate((0.0, *pauses)):
            if pause:
                await asyncio.sleep(pause)
            app = self.workspace.apps[envelope.app_id]
            posted = self._post(app, envelope, attempt) if app.request_url else None
            if await (posted or self._attempt(envelope, attempt)):
                return
        self.dropped += 1
        self._log("dropped", envelope.kind, envelope.payload)
        if envelope.failed is not None:
            envelope.failed(envelope.reason)
        self.workspace.changed(type="dropped", kind=envelope.kind)

    async def _post(self, app: App, envelope: Envelope, attempt: int) -> bool:
        """Post to the app's address; a refusal that forbids another attempt ends it.

        The faults of sockets count here too: nothing is posted, or an answer gets lost.
        """
        if self.refusing:
            await asyncio.sleep(min(1.0, self.ack_seconds))
            return False
        retry = (attempt, envelope.reason) if attempt else (0, "")
        self.counts["sent"] += 1
        self._log("envelope", envelope.kind, {"payload": envelope.payload, "to": app.request_url})
        answer = await self.urls.post(
            app, envelope.kind, envelope.payload, seconds=self.ack_seconds, retry=retry
        )
        envelope.reason = answer.reason
        if answer.taken and self.losing > 0:
            self.losing -= 1
            envelope.reason = "http_timeout"
            return False
        if answer.taken:
            self._count(envelope)
            self._log("ack", envelope.kind, {"payload": answer.body})
            self.workspace.changed(type="ack", kind=envelope.kind, app=envelope.app_id)
            if envelope.answered is not None:
                await self._take_answer(envelope, envelope.answered, answer.body)
        return answer.taken or not answer.again

    async def _attempt(self, envelope: Envelope, attempt: int) -> bool:
        envelope_id = str(uuid.uuid4())
        frame = {
            "envelope_id": envelope_id,
            "type": envelope.kind,
            "accepts_response_payload": envelope.takes_payload,
            "payload": envelope.payload,
        }
        if envelope.kind == "events_api":
            reason = "timeout" if attempt else ""
            frame |= {"retry_attempt": attempt, "retry_reason": reason}
        self._waiting[envelope_id] = envelope
        sent = await self._send_to_one(envelope.app_id, frame)
        envelope.reason = "operation_timeout" if sent else "dispatch_failed"
        if sent:
            self.counts["sent"] += 1
            self._log("envelope", envelope.kind, frame)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.ack_seconds if sent else min(1.0, self.ack_seconds)):
                await envelope.done.wait()
        self._waiting.pop(envelope_id, None)
        return envelope.done.is_set()

    async def _send_to_one(self, app_id: str, frame: Mapping[str, Any]) -> bool:
        """Send to one connection, any."""
        sockets = [each for each in self._connections.get(app_id, []) if not each.closed]
        self._turn += 1
        for index in range(len(sockets)):
            socket = sockets[(self._turn + index) % len(sockets)]
            with contextlib.suppress(ConnectionError, RuntimeError):
                await socket.send_json(frame)
                return True
        return False

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask all connections to be replaced."""
        for socket in self._all():
            await self._tell(socket, reason)

    async def _tell(self, socket: web.WebSocketResponse, reason: str) -> None:
        frame = {
            "type": "disconnect",
            "reason": reason,
            "debug_info": {"host": "applink-sandbox"},
        }
        with contextlib.suppress(ConnectionError, RuntimeError):
            await socket.send_json(frame)

    def cut(self) -> None:
        """Cut all connections without a word."""
        for socket in self._all():
            transport = socket._req.transport if socket._req else None  # noqa: SLF001
            if transport is not None:
                transport.abort()

    async def hang_up(self) -> None:
        """Close all connections as a server that restarts does, with a closing frame."""
        await asyncio.gather(*(socket.close() for socket in self._all()))

    async def close(self) -> None:
        """End all deliveries and connections."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in self._all():
            await socket.close()

    def _all(self) -> list[web.WebSocketResponse]:
        return [socket for sockets in self._connections.values() for socket in sockets]

    def _log(self, what: str, kind: str, body: object) -> None:
        self.workspace.wire.append(
            {
                "side": "slack",
                "at": self.workspace.now(),
                "what": what,
                "kind": kind,
                "body": body,
            }
        )
