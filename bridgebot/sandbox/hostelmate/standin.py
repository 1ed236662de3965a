"""Hostel Mate's client API over HTTP, as far as ``coverage.py`` says."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from bridgebot.sandbox.hostelmate.hostel import Hostel, HostelMate, Thread
from bridgebot.sandbox.hostelmate.limits import Limits
from bridgebot.sandbox.hostelmate.payloads import error_body, list_page, thread_page
from bridgebot.sandbox.messaging.faults import Fault, Faults

Answer = tuple[int, object]
"""Status and body: a mapping for JSON, text, or ``None``."""
Endpoint = Callable[[web.Request, Hostel], Answer]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LIST, MESSAGES = "conversations.list", "conversations.messages"
BASE: Final = "/api/v1/client"
_MOST: Final = 100
_TOO_MANY: Final = 429
_CODES: Final = {
    "429": "too_many_requests",
    "500": "internal_error",
    "503": "messaging_unavailable",
}


class WrongQueryError(ValueError):
    """A query's value is out of range."""


class HostelMateStandIn:
    """Serves a ``HostelMate``."""

    def __init__(
        self, mate: HostelMate, *, faults: Faults | None = None, limits: Limits | None = None
    ) -> None:
        self.mate = mate
        self.faults = faults or Faults()
        self.limits = limits or Limits()
        self._afterwards: list[tuple[str, Callable[[], object]]] = []

    def after(self, name: str, act: Callable[[], object]) -> None:
        """Let something happen right after the next answer of an endpoint, once."""
        self._afterwards.append((name, act))

    def add_routes(self, app: web.Application, prefix: str = "/hostelmate") -> None:
        """Add the API's routes to an application."""
        base = prefix + BASE
        calls = ((LIST, "", self._list), (MESSAGES, "/{thread}/messages", self._messages))
        for name, path, endpoint in calls:
            handler = self._guarded(name, endpoint)
            app.router.add_route("GET", f"{base}/conversations{path}", handler)
            # There is no call that sends: whoever tries must notice.
            refusal = self._guarded("unknown", self._writing)
            app.router.add_route("*", f"{base}/conversations{path}", refusal)
        unknown = self._guarded("unknown", lambda _request, _hostel: self._error(404, "not_found"))
        app.router.add_route("*", base + "/{tail:.*}", unknown)

    def _guarded(self, name: str, endpoint: Endpoint) -> Handler:
        """Wrap an endpoint: the rate limit, faults before and after, the key, the log."""

        async def handle(request: web.Request) -> web.StreamResponse:
            wait = self.limits.wait(
                request.remote or "", sliding=self.mate.switches.window == "sliding"
            )
            if wait:
                return self._respond(name, request, self._error(429, _CODES["429"]), wait)
            fault = self.faults.strike(name)
            early = await self._before(fault)
            if fault is not None and fault.kind == "drop_before":
                return _drop(request)
            answer = early or self._answer(request, endpoint)
            self._act(name)
            if fault is not None and fault.kind == "drop_after":
                return _drop(request)
            return self._respond(name, request, answer, 1)

        return handle

    async def _before(self, fault: Fault | None) -> Answer | None:
        """Let a fault strike before the call is looked at; ``None`` lets the call go on."""
        if fault is None:
            return None
        if fault.kind == "delay":
            await asyncio.sleep(fault.seconds)
        if fault.kind == "html":
            return 502, "<html>Bad gateway</html>"
        if not fault.kind.isdigit():
            return None
        return self._error(int(fault.kind), _CODES.get(fault.kind, "refused"))

    def _answer(self, request: web.Request, endpoint: Endpoint) -> Answer:
        hostel = self.mate.hostel_of(request.headers.get("X-API-Key", ""))
        if hostel is None:
            return self._error(self.mate.switches.bad_key, "unauthorized")
        try:
            return endpoint(request, hostel)
        except WrongQueryError:
            return self._error(400, "bad_request")

    def _list(self, request: web.Request, hostel: Hostel) -> Answer:
        if not hostel.enabled:
            return self._error(404, self.mate.switches.feature_off)
        offset, limit = self._window(request, 20)
        threads = [each for each in self.mate.listed(hostel.name) if _matches(each, request)]
        return 200, list_page(self.mate, threads, offset, limit)

    def _messages(self, request: web.Request, hostel: Hostel) -> Answer:
        if not hostel.enabled:
            return self._error(404, self.mate.switches.feature_off)
        thread = self.mate.threads.get(request.match_info["thread"])
        if thread is None or thread.hostel != hostel.name:
            return self._error(404, "not_found")
        offset, limit = self._window(request, 50)
        page = thread_page(self.mate, thread, offset, limit)
        if self.mate.switches.reading == "marks":
            self.mate.read_in_inbox(thread.thread_id)
        return 200, page

    def _writing(self, _request: web.Request, _hostel: Hostel) -> Answer:
        status = self.mate.switches.writing
        return self._error(status, "not_found" if status == 404 else "method_not_allowed")  # noqa: PLR2004

    def _window(self, request: web.Request, default: int) -> tuple[int, int]:
        offset, limit = _number(request, "offset", 0), _number(request, "limit", default)
        if offset < 0 or not 1 <= limit <= _MOST:
            if self.mate.switches.over_limit == "400":
                raise WrongQueryError
            offset, limit = max(0, offset), min(max(1, limit), _MOST)
        return offset, limit

    def _error(self, status: int, code: str) -> Answer:
        return status, error_body(code, self.mate.switches)

    def _act(self, name: str) -> None:
        due = [act for each, act in self._afterwards if each == name][:1]
        self._afterwards = [pair for pair in self._afterwards if pair[1] not in due]
        for act in due:
            act()

    def _respond(self, name: str, request: web.Request, answer: Answer, wait: int) -> web.Response:
        """Answer, and keep what went over the wire; the key is not kept."""
        status, body = answer
        self.mate.wire.append(
            {
                "side": "hostelmate",
                "at": self.mate.now().timestamp(),
                "what": name,
                "method": request.method,
                "path": request.path_qs,
                "status": status,
                "body": body,
            }
        )
        headers = {}
        if status == _TOO_MANY and self.mate.switches.retry_after == "seconds":
            headers["Retry-After"] = str(wait)
        if isinstance(body, dict):
            return web.json_response(body, status=status, headers=headers)
        text = None if body is None else str(body)
        kind = "text/html" if (text or "").startswith("<") else "text/plain"
        return web.Response(status=status, text=text, headers=headers, content_type=kind)


def _drop(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _number(request: web.Request, name: str, default: int) -> int:
    try:
        return int(request.query.get(name, default))
    except ValueError:
        raise WrongQueryError from None


def _matches(thread: Thread, request: web.Request) -> bool:
    """Tell whether a thread is one that the query asks for."""
    booking, channel = request.query.get("booking_id"), request.query.get("channel")
    if booking is not None:
        try:
            uuid.UUID(booking)
        except ValueError:
            raise WrongQueryError from None
    words = (request.query.get("search") or "").lower()
    texts = (thread.guest_name, thread.subject, thread.booking_id)
    contents = (each.content for each in thread.messages)
    return (
        (booking is None or thread.booking_id == booking)
        and (channel is None or thread.channel == channel)
        and (not words or any(words in (text or "").lower() for text in (*texts, *contents)))
    )
