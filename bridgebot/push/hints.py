"""Hostel Mate's webhook: it says that something came, and the next look at the list tells what.

What its ``message.received`` holds is not documented, nor how it is signed (reference, section 5),
so nothing in it is believed or kept. Whoever knows the address may hasten a look; that is all that
can be done with it, and the list's rate limit holds all the same.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final

import structlog
from aiohttp import web

from bridgebot.metrics import PUSHES
from bridgebot.push.bodies import RefusedError, read_body, read_object

log = structlog.get_logger()

PATH: Final = "/hostelmate/events/{secret}"
RECEIVED: Final = "message.received"
LARGEST: Final = 64 * 1024
REMEMBERED: Final = 1000
"""Ids of deliveries; one that is forgotten costs a look too many."""


class Hints:
    """Takes one account's webhook, and wakes its reader."""

    def __init__(self, secret: str, hasten: Callable[[], None]) -> None:
        self._secret = _digest(secret)
        self._hasten = hasten
        self._seen: OrderedDict[str, None] = OrderedDict()

    def add_routes(self, app: web.Application) -> None:
        """Add the path to an application."""
        app.router.add_post(PATH, self._take)

    async def _take(self, request: web.Request) -> web.Response:
        if not hmac.compare_digest(_digest(request.match_info["secret"]), self._secret):
            return _answer("refused", 404)
        try:
            body = read_object(await read_body(request, LARGEST))
        except RefusedError as error:
            return _answer(error.reason, error.status)
        return _answer(self._hinted(body), 200)

    def _hinted(self, body: Mapping[str, Any]) -> str:
        """Hasten the next look where a message came; return what the event was to us."""
        if body.get("type") != RECEIVED:
            return "other"
        if self._is_known(body.get("id")):
            return "repeated"
        self._hasten()
        return "hastened"

    def _is_known(self, delivery: object) -> bool:
        """Tell whether a delivery came before; one without an id never did."""
        if not isinstance(delivery, str) or not delivery:
            return False
        name = delivery[:200]
        known = name in self._seen
        self._seen[name] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return known


def _answer(outcome: str, status: int) -> web.Response:
    PUSHES.labels("hint", outcome).inc()
    log.debug("pushed", endpoint="hint", outcome=outcome)
    return web.json_response({"status": outcome}, status=status)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
