"""Booking.com's Messaging API over HTTP, as far as ``coverage.py`` says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from aiohttp import web
from aiohttp.http import HttpVersion11

from bridgebot.sandbox.messaging import attachments, conversations, queue, search, tags
from bridgebot.sandbox.messaging.answers import Answer, Call, Endpoint, error
from bridgebot.sandbox.messaging.booking import Booking
from bridgebot.sandbox.messaging.disturbances import distort, disturb
from bridgebot.sandbox.messaging.faults import Fault, Faults
from bridgebot.sandbox.messaging.tokens import bearer, exchange

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_ONE: Final = "/properties/{property}/conversations/{conversation}"
_NO_REPLY: Final = f"{_ONE}/tags/no_reply_needed"
_READ: Final = f"{_ONE}/tags/message_read"
_FILE: Final = f"{_ONE}/attachments/{{attachment}}"
ENDPOINTS: Final[tuple[tuple[str, str, str, Endpoint], ...]] = (
    ("GET", "/messages/latest", "messages.latest", queue.latest),
    ("PUT", "/messages", "messages.confirm", queue.confirm),
    (
        "GET",
        "/properties/{property}/conversations",
        "conversations.list",
        conversations.by_property,
    ),
    (
        "GET",
        "/properties/{property}/conversations/type/{kind}",
        "conversations.by_reference",
        conversations.by_reference,
    ),
    ("GET", _ONE, "conversations.by_id", conversations.by_id),
    ("POST", _ONE, "conversations.post", conversations.post),
    ("GET", "/messages/search", "search.create", search.create),
    ("GET", "/messages/search/result/{job}", "search.result", search.result),
    ("POST", f"{_ONE}/attachments", "attachments.upload", attachments.upload),
    ("POST", f"{_ONE}/attachment_chunks", "attachments.chunk", attachments.upload_chunk),
    ("GET", _FILE, "attachments.download", attachments.download),
    ("GET", f"{_FILE}/file_info", "attachments.info", attachments.file_info),
    ("GET", "/properties/{property}/tags", "tags.list", tags.known),
    ("PUT", _NO_REPLY, "tags.no_reply_needed", tags.set_no_reply),
    ("DELETE", _NO_REPLY, "tags.no_reply_needed.remove", tags.unset_no_reply),
    ("PUT", _READ, "tags.message_read", tags.set_read),
    ("DELETE", _READ, "tags.message_read.remove", tags.unset_read),
    ("POST", f"{_ONE}/tags", "tags.any", tags.set_any),
    ("DELETE", f"{_ONE}/tags", "tags.any.remove", tags.unset_any),
)
"""What ``docs/sandbox.md`` lists."""
_REFUSED: Final = 400
_LARGEST_BODY: Final = 4 * 2**20
"""An upload of 1 MB in base64 is larger than what aiohttp takes by itself."""
_LONG: Final = frozenset({"file_content", "chunk_content"})
_RETRY_LATER: Final = 429


class BookingStandIn:
    """Serves a ``Booking``."""

    def __init__(self, booking: Booking, faults: Faults | None = None) -> None:
        self.booking = booking
        self.faults = faults or Faults()

    def add_routes(
        self,
        app: web.Application,
        prefix: str = "/booking",
    ) -> None:
        """Add the API's routes to an application."""
        base, routes = f"{prefix}/messaging", app.router
        token = self._guarded("token", self._exchange)
        routes.add_post(f"{prefix}/token-based-authentication/exchange", token, name="token")
        for method, path, name, endpoint in ENDPOINTS:
            handler = self._guarded(name, self._authorised(endpoint))
            routes.add_route(method, base + path, handler, name=name)
        unknown = self._guarded("unknown", self._unknown)
        routes.add_route("*", base + "/{tail:.*}", unknown)

    def _guarded(
        self, name: str, answer_to: Callable[[web.Request, Fault | None], Awaitable[Answer | None]]
    ) -> _Handler:
        """Wrap an endpoint: protocol, faults before and after, the log."""

        async def handle(request: web.Request) -> web.StreamResponse:
            request = request.clone(client_max_size=_LARGEST_BODY)
            if request.version < HttpVersion11:
                return await self._respond(name, request, error(426, self.booking.switches))
            fault = self.faults.strike(name)
            early = await self._before(fault)
            if fault is not None and fault.kind == "drop_before":
                return await self._drop(name, request)
            answer = early or await answer_to(request, fault)
            if answer is None or (fault is not None and fault.kind == "drop_after"):
                return await self._drop(name, request)
            return await self._respond(name, request, answer)

        return handle

    async def _before(self, fault: Fault | None) -> Answer | None:
        """Let a fault strike before the call is looked at; ``None`` lets the call go on."""
        if fault is None:
            return None
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        if fault.kind == "html":
            return 502, "<html>Bad gateway</html>"
        return error(int(fault.kind), self.booking.switches) if fault.kind.isdigit() else None

    async def _exchange(self, request: web.Request, _fault: Fault | None) -> Answer:
        return exchange(self.booking, await _json(request))

    async def _unknown(self, _request: web.Request, _fault: Fault | None) -> Answer:
        return error(404, self.booking.switches)

    def _authorised(
        self, endpoint: Endpoint
    ) -> Callable[[web.Request, Fault | None], Awaitable[Answer | None]]:
        """Ask for a good token and a known version before the endpoint is called."""

        async def answer(request: web.Request, fault: Fault | None) -> Answer | None:
            account = bearer(self.booking, request.headers.get("Authorization", ""))
            version = self._version(request)
            if account is None or version is None:
                return error(401 if account is None else 400, self.booking.switches)
            call = Call(
                booking=self.booking,
                account=account,
                version=version,
                path=request.match_info,
                query=request.query,
                body=await _json(request),
            )
            return self._disturbed(endpoint, call, fault)

        return answer

    def _disturbed(self, endpoint: Endpoint, call: Call, fault: Fault | None) -> Answer | None:
        """Call an endpoint, with the queue's own faults; ``None`` where no answer goes out."""
        kind = fault.kind if fault is not None else ""
        if kind == "late":
            call.account.late.append(queue.counted(call) or 0)
            return None
        disturb(kind, call.account, self.faults.rng)
        status, body = endpoint(call)
        if isinstance(body, dict) and "messages" in body["data"]:
            distort(kind, body["data"])
        return status, body

    def _version(self, request: web.Request) -> str | None:
        """Read the version that is asked for; ``None`` where an unknown one is refused."""
        asked = request.headers.get("Accept-version", "1.0")
        if asked in {"1.0", "1.1"}:
            return "1.0"
        if asked in {"1.2", "1.3"}:
            return asked
        other = self.booking.switches.unknown_version
        return None if other == "400" else other

    async def _drop(self, name: str, request: web.Request) -> web.Response:
        """Close the connection without an answer."""
        await self._log(name, request, 0, None)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _respond(self, name: str, request: web.Request, answer: Answer) -> web.Response:
        status, body = answer
        if status >= _REFUSED:
            self.booking.refused += 1
        await self._log(name, request, status, body)
        headers = {}
        if status == _RETRY_LATER and self.booking.switches.retry_after == "seconds":
            headers["Retry-After"] = "1"
        if isinstance(body, dict):
            return web.json_response(body, status=status, headers=headers)
        kind = "text/html" if str(body).startswith("<") else "text/plain"
        return web.Response(status=status, text=body, headers=headers, content_type=kind)

    async def _log(self, name: str, request: web.Request, status: int, body: object) -> None:
        """Keep what went over the wire, credentials and tokens left out."""
        secret = name == "token"
        self.booking.wire.append(
            {
                "side": "booking",
                "at": self.booking.now().timestamp(),
                "what": name,
                "method": request.method,
                "path": request.path_qs,
                "status": status,
                "sent": None if secret else _shortened(await _json(request)) or None,
                "body": {"jwt": "…"} if secret and isinstance(body, dict) else _shortened(body),
            }
        )


def _shortened(body: Any) -> Any:  # noqa: ANN401 - any JSON
    """Leave the bytes of files out of what is kept."""
    if not isinstance(body, dict):
        return body
    return {
        key: f"({len(value)} characters)" if key in _LONG else _shortened(value)
        for key, value in body.items()
    }


async def _json(request: web.Request) -> Mapping[str, Any]:
    """Read a JSON object; anything else is an empty one."""
    if not request.body_exists:
        return {}
    try:
        body = await request.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
