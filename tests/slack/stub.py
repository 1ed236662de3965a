"""A small Slack to call: answers by method, faults on demand, a socket that can be refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

Reply = Callable[[web.Request, Mapping[str, Any]], web.StreamResponse]


class Stub:
    """What the tests set and read; ``replies`` are used up, the last one stays.

    Sockets have numbered addresses; those up to ``dead`` are refused.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.peers: set[tuple[str, int]] = set()
        self.replies: dict[str, list[Reply]] = {}
        self.dead = 0
        self.sockets: list[web.WebSocketResponse] = []
        self.acks: list[dict[str, Any]] = []
        self.tickets = 0
        self.handshakes_refused = 0
        self.url = ""

    def on(self, method: str, *replies: Reply) -> None:
        """Answer a method so."""
        self.replies[method] = list(replies)

    def count(self, method: str) -> int:
        """Count the calls of a method."""
        return sum(call[0] == method for call in self.calls)

    def last(self, method: str) -> dict[str, Any]:
        """Return the arguments of the latest call of a method."""
        return next(call[2] for call in reversed(self.calls) if call[0] == method)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a call."""
        method, body = request.match_info["method"], await request.text()
        arguments = dict(request.query)
        if body and request.content_type == "application/json":
            arguments |= json.loads(body)
        self.calls.append((method, request.method, arguments))
        if request.transport is not None:
            self.peers.add(request.transport.get_extra_info("peername"))
        if method == "apps.connections.open" and method not in self.replies:
            return self._ticket(request)
        replies = self.replies.get(method) or [ok()]
        return (replies.pop(0) if len(replies) > 1 else replies[0])(request, arguments)

    def _ticket(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != "Bearer xapp-good":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        self.tickets += 1
        url = f"{self.url.replace('http', 'ws')}/socket/{self.tickets}"
        return web.json_response({"ok": True, "url": url})

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Take a socket, or refuse it."""
        if int(request.match_info["ticket"]) <= self.dead:
            self.handshakes_refused += 1
            return web.Response(status=403)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"type": "hello"})
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                self.acks.append(json.loads(frame.data))
        return socket


@asynccontextmanager
async def serving() -> AsyncIterator[Stub]:
    """Serve on a free port of this machine."""
    stub = Stub()
    app = web.Application()
    app.router.add_route("*", "/api/{method}", stub.answer)
    app.router.add_get("/socket/{ticket}", stub.socket)
    async with TestServer(app) as server:
        stub.url = str(server.make_url("")).rstrip("/")
        yield stub


def ok(headers: Mapping[str, str] | None = None, **fields: Any) -> Reply:
    """Answer that it was done."""
    return lambda _r, _a: web.json_response({"ok": True, **fields}, headers=headers)


def refuse(error: str, status: int = 200, after: str | None = None, **fields: Any) -> Reply:
    """Answer that it was not done."""
    headers = {"Retry-After": after} if after is not None else None
    body = {"ok": False, "error": error, **fields}
    return lambda _r, _a: web.json_response(body, status=status, headers=headers)


def page(status: int, content_type: str = "text/html") -> Reply:
    """Answer with something that is no JSON."""
    text = "<html>upstream</html>"
    return lambda _r, _a: web.Response(text=text, status=status, content_type=content_type)


def drop() -> Reply:
    """Take the call and close the connection without an answer."""

    def reply(request: web.Request, _: Mapping[str, Any]) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return reply
