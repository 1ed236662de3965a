"""The client in which providers are called: httpx, whose short POSTs go by aiohttp's connections.

httpcore takes twice the processor time for a call: it goes through three layers of streams and asks
the system about each idle connection first. GET and PUT stay with it, since aiohttp sends those a
second time by itself where a kept connection turns out to be closed (RFC 9110, section 9.2.2, calls
them idempotent), and a confirm by count is not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.request import getproxies

import aiohttp
import httpx
from yarl import URL

from bridgebot.providers.http import fenced
from bridgebot.session import open_session

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
KEPT_SECONDS = 5.0
"""How long a connection is kept for the next call, as httpx has it."""
SHORT = 1 << 15
"""Bytes of a body that is written in one piece."""

FAILURES: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    # Nothing was sent: the connection was not there yet.
    (aiohttp.InvalidURL, httpx.UnsupportedProtocol),
    (aiohttp.NonHttpUrlClientError, httpx.UnsupportedProtocol),
    (aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout),
    (aiohttp.ClientConnectorError, httpx.ConnectError),
    # It may have been.
    (TimeoutError, httpx.ReadTimeout),
    (Exception, httpx.ReadError),
)
"""What went wrong in httpx's words, the first that fits; ``providers.http`` says what follows."""


class Wire(httpx.AsyncBaseTransport):
    """Sends each short POST once in a session of aiohttp's; all else goes to ``other``."""

    def __init__(self, session: aiohttp.ClientSession, other: httpx.AsyncBaseTransport) -> None:
        self._session = session
        self._other = other

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read its whole answer; raises what httpx raises."""
        if request.method != "POST" or not _is_short(request):
            return await self._other.handle_async_request(request)
        body = await request.aread()
        try:
            # A name and a password in the address are in a header already.
            url = URL(str(request.url.copy_with(userinfo=b"")), encoded=True)
            url.port  # noqa: B018 - only now it is looked at
        except ValueError as error:
            raise httpx.UnsupportedProtocol("no address of HTTP", request=request) from error
        try:
            return await self._post(url, request, body)
        except Exception as error:
            fitting = (to for kind, to in FAILURES if isinstance(error, kind))
            raise next(fitting)(str(error), request=request) from error

    async def _post(self, url: URL, request: httpx.Request, body: bytes) -> httpx.Response:
        waits = request.extensions.get("timeout", {})
        limits = aiohttp.ClientTimeout(
            total=None,
            connect=waits.get("pool"),
            sock_connect=waits.get("connect"),
            sock_read=waits.get("read"),
        )
        async with self._session.post(
            url,
            data=body,
            headers=request.headers.multi_items(),
            allow_redirects=False,
            timeout=limits,
            # httpx decodes.
            auto_decompress=False,
        ) as answer:
            content = await answer.read()
        return httpx.Response(
            answer.status, headers=answer.raw_headers, content=content, request=request
        )

    async def aclose(self) -> None:
        """Close the other connections; the session is whoever's opened it."""
        await self._other.aclose()


def _is_short(request: httpx.Request) -> bool:
    """Tell whether a body is small enough to be written at once: pictures are not."""
    length = request.headers.get("Content-Length")
    return length is not None and int(length) <= SHORT


@asynccontextmanager
async def open_http(
    may_send: Callable[[], bool] = lambda: True,
) -> AsyncIterator[httpx.AsyncClient]:
    """Open the client for all providers; ``may_send`` is asked right before the first byte.

    Where the environment names a proxy all calls go httpx's way, which knows how.
    """
    hooks = fenced(may_send)
    if getproxies().keys() - {"no"}:
        async with httpx.AsyncClient(timeout=TIMEOUT, event_hooks=hooks) as http:
            yield http
        return
    context = httpx.create_ssl_context()
    async with open_session(may_send, context=context, kept_seconds=KEPT_SECONDS) as session:
        wire = Wire(session, httpx.AsyncHTTPTransport(verify=context))
        async with httpx.AsyncClient(transport=wire, timeout=TIMEOUT, event_hooks=hooks) as http:
            yield http
