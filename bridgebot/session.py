"""Pooled sessions in which others are called, fenced against a process that stood still."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

TOTAL_SECONDS = 20.0
CONNECT_SECONDS = 5.0
KEPT_SECONDS = 15.0


class _Connector(aiohttp.TCPConnector):
    """Gives out connections as long as something may be sent on them.

    A process that stood still while it waited for its connection would else send, an age later,
    what others have looked for in vain and sent again.
    """

    def __init__(self, may_send: Callable[[], bool], **more: Any) -> None:  # noqa: ANN401
        super().__init__(limit=64, **more)
        self._may_send = may_send

    async def connect(self, *arguments: Any, **more: Any) -> aiohttp.connector.Connection:  # noqa: ANN401
        """Connect, and look once more before anything is written."""
        connection = await super().connect(*arguments, **more)
        if not self._may_send():
            connection.release()
            raise aiohttp.ConnectionTimeoutError("this process stood still")
        return connection


@asynccontextmanager
async def open_session(
    may_send: Callable[[], bool] = lambda: True,
    *,
    context: ssl.SSLContext | None = None,
    kept_seconds: float = KEPT_SECONDS,
) -> AsyncIterator[aiohttp.ClientSession]:
    """Open a pooled session; its time limits are the ones that count, where a call has none.

    Whom to trust is told by ``context``, or else by the system.
    """
    timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS)
    connector = _Connector(
        may_send, ssl=True if context is None else context, keepalive_timeout=kept_seconds
    )
    # None of those who are called set cookies that a token needs; looking for some costs each call.
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(
        timeout=timeout, connector=connector, cookie_jar=jar
    ) as session:
        yield session
