"""Calls to a provider over HTTP: reads are tried again, writes are made once.

What went wrong is translated here, once: whether the call may have had an effect, whether it can
ever work, and how long to wait.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

import httpx
import structlog

from bridgebot.errors import ProviderError
from bridgebot.metrics import RATE_LIMITED

log = structlog.get_logger()

READ_ATTEMPTS = 4
LONGEST_WAIT = 30.0
"""Seconds a read waits inside the call; where it is asked to wait longer, its caller is told."""
LONGEST_ASKED = 3600.0
UNASKED_WAIT = 30.0
"""Seconds to stay away after a 429 that names none."""

# A request that failed so was never on its way.
SENDING = frozenset({"http11.send_request_headers.started", "http2.send_request_headers.started"})
"""What the transport tells right before it writes (https://www.python-httpx.org/advanced/extensions/)."""


def fenced(may_send: Callable[[], bool]) -> dict[str, list[Callable[..., Any]]]:
    """Make the hooks of a client that looks once more before a request is written.

    A process that stood still while it waited for its connection would else send, an age later,
    what others have looked for in vain and sent again.
    """

    async def look(event: str, _info: object) -> None:
        if event in SENDING and not may_send():
            raise httpx.ConnectError("this process stood still")

    async def hook(request: httpx.Request) -> None:
        request.extensions["trace"] = look

    return {"request": [hook]}


NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
UNAUTHORISED, FORBIDDEN, TOO_MANY = 401, 403, 429
# Of the 4xx statuses these two say that the same request may work later.
PASSING = frozenset({408, 425})


async def _at_once() -> None:
    return


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """A JSON object that came with a success status."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Makes calls for one provider.

    ``ruid`` finds the request's id in an answer's body; ``turn`` waits for each attempt's place in
    the provider's rate limit.
    """

    http: httpx.AsyncClient
    provider: str
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random
    now: Callable[[], float] = time.time
    ruid: Callable[[Mapping[str, Any]], str] = field(default=lambda _body: "")
    turn: Callable[[], Awaitable[None]] = _at_once

    async def read(self, endpoint: str, url: str, **request: Any) -> Answer:  # noqa: ANN401
        """GET; a passing failure is tried again, jittered and bounded, as the other side asks.

        Raises ``ProviderError``.
        """
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                return await self._call(endpoint, "GET", url, request, attempt)
            except ProviderError as error:
                # A read changes nothing, whatever became of it.
                error.certain = True
                wait = self._wait(error, attempt)
                if wait is None:
                    raise
            await self.sleep(wait)
        raise AssertionError("unreachable")

    async def once(self, endpoint: str, method: str, url: str, **request: Any) -> Answer:  # noqa: ANN401
        """Make a call exactly once; raises ``ProviderError``."""
        return await self._call(endpoint, method, url, request, 1)

    def _wait(self, error: ProviderError, attempt: int) -> float | None:
        """Return the seconds before a read is tried again; ``None`` where it is not."""
        if error.permanent or error.auth or attempt == READ_ATTEMPTS:
            return None
        if error.after is not None:
            return error.after if error.after <= LONGEST_WAIT else None
        return 0.25 * 2.0**attempt * (0.5 + self.chance() / 2)

    async def _call(
        self, endpoint: str, method: str, url: str, request: Mapping[str, Any], attempt: int
    ) -> Answer:
        await self.turn()
        began = time.monotonic()
        note = log.bind(provider=self.provider, endpoint=endpoint, attempt=attempt)
        try:
            response = await self.http.request(method, _parsed(url), **request)
        except httpx.HTTPError as error:
            failure = self._unanswered(endpoint, error)
            note.debug("call", status=0, code=failure.code, ms=_since(began))
            raise failure from error
        body = _json(response)
        ruid = self.ruid(body) if body is not None else ""
        note.debug("call", status=response.status_code, ruid=ruid, ms=_since(began))
        if not response.is_success:
            raise self._refused(endpoint, response, ruid)
        if body is None:
            raise ProviderError(
                f"{self.provider} answered {endpoint} with something that is not a JSON object",
                code="not_json",
                certain=False,
            )
        return Answer(status=response.status_code, body=body)

    def _unanswered(self, endpoint: str, error: httpx.HTTPError) -> ProviderError:
        """Say whether a request without an answer may have reached the other side."""
        if isinstance(error, NOT_SENT):
            return ProviderError(f"{self.provider} cannot be reached ({endpoint})", code="connect")
        code = "timeout" if isinstance(error, httpx.TimeoutException) else "lost"
        words = f"no answer from {self.provider} ({endpoint})"
        return ProviderError(words, code=code, certain=False)

    def _refused(self, endpoint: str, response: httpx.Response, ruid: str) -> ProviderError:
        """Say what a status that is no success means."""
        status = response.status_code
        words = f"{self.provider} answered {endpoint} with {status}" + (
            f" (ruid {ruid})" if ruid else ""
        )
        after = retry_after(response.headers.get("Retry-After"), self.now)
        if status == UNAUTHORISED:
            return ProviderError(words, code="http_401", auth=True)
        if status == FORBIDDEN:
            return ProviderError(words, code="forbidden", permanent=True, answered=True)
        if status == TOO_MANY:
            RATE_LIMITED.labels(self.provider, endpoint).inc()
            after = UNASKED_WAIT if after is None else after
            return ProviderError(words, code="http_429", after=after)
        if response.is_client_error and status not in PASSING:
            return ProviderError(words, code=f"http_{status}", permanent=True, answered=True)
        return ProviderError(words, code=f"http_{status}", certain=False, after=after)


def retry_after(value: str | None, now: Callable[[], float] = time.time) -> float | None:
    """Read a ``Retry-After`` header: seconds, or a date; never more than an hour."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        # A date without a zone is in UTC.
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now()
    if math.isnan(seconds):
        return None
    return min(LONGEST_ASKED, max(0.0, seconds))


@lru_cache(maxsize=1024)
def _parsed(url: str) -> httpx.URL:
    """Parse an address once: a conversation's is called again and again."""
    return httpx.URL(url)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _json(response: httpx.Response) -> Mapping[str, Any] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
