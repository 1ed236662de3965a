"""Reads what strangers send: never more than is allowed, never for longer than is usual."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

SECONDS = 15.0


class RefusedError(Exception):
    """A body is not taken; ``status`` is the answer and ``reason`` the word that is counted."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; raises ``RefusedError``."""
    try:
        found = json.loads(body)
        # What cannot be written again, for its depth, cannot be stored either.
        json.dumps(found)
    except (ValueError, RecursionError):
        raise RefusedError(400, "junk") from None
    if not isinstance(found, dict):
        raise RefusedError(400, "junk")
    return found


async def read_body(request: web.Request, most: int) -> bytes:
    """Read a body of at most so many bytes; raises ``RefusedError``."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        # A few bytes could unfold into any number of them.
        raise RefusedError(415, "encoded")
    if (request.content_length or 0) > most:
        raise RefusedError(413, "oversized")
    body = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > most:
                    raise RefusedError(413, "oversized")
    except TimeoutError:
        raise RefusedError(408, "slow") from None
    except (ClientError, HttpProcessingError, ConnectionError):
        raise RefusedError(400, "broken") from None
    return bytes(body)
