"""Our two endpoints for Booking.com's Connectivity Notification Service.

``/booking/token`` gives a token for client credentials; ``/booking/notifications`` takes
notifications that carry one. What is acknowledged is stored; what is not stored is not
acknowledged, so that it can come again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

import structlog
from aiohttp import web

from bridgebot.errors import StoreError
from bridgebot.metrics import PUSHES
from bridgebot.providers.booking_push import Notice, read_notice
from bridgebot.providers.reading import raw_of
from bridgebot.push.bodies import RefusedError, read_body, read_object
from bridgebot.push.throttle import Throttle
from bridgebot.push.tokens import LIFE, Subscription, subscription_of
from bridgebot.store import notifications
from bridgebot.workers.context import Context

log = structlog.get_logger()

TOKEN_PATH: Final = "/booking/token"  # noqa: S105 - a path
PATH: Final = "/booking/notifications"
LARGEST: Final = 512 * 1024
"""Bytes of a notification; a message is a few thousand."""
LARGEST_FORM: Final = 4096
TRIES, WRONG_TRIES, SECONDS = 60, 10, 60.0
"""How often an address may ask for a token, and how often with wrong credentials, in a minute."""
FIELDS = ("grant_type", "client_id", "client_secret")


class Notifications:
    """Gives tokens and takes notifications for some accounts."""

    def __init__(
        self,
        context: Context,
        subscriptions: tuple[Subscription, ...],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.kept_at: dict[str, datetime] = {}
        self._context = context
        self._subscriptions = subscriptions
        self._tries = Throttle(most=TRIES, seconds=SECONDS, clock=clock)
        self._wrong = Throttle(most=WRONG_TRIES, seconds=SECONDS, clock=clock)

    def add_routes(self, app: web.Application) -> None:
        """Add both paths to an application."""
        app.router.add_post(TOKEN_PATH, self._token)
        app.router.add_post(PATH, self._notification)

    async def _token(self, request: web.Request) -> web.Response:
        """Give a token for client credentials, which come as a form."""
        address = request.remote or ""
        wait = max(self._tries.wait(address), self._wrong.wait(address))
        if wait > 0:
            later = {"Retry-After": str(int(wait) + 1)}
            return _answer("token", "limited", 429, {"error": "slow_down"}, later)
        self._tries.count(address)
        try:
            form = _read_form(await read_body(request, LARGEST_FORM))
        except RefusedError as error:
            return _answer("token", error.reason, error.status, {"error": "invalid_request"})
        if form["grant_type"] != "client_credentials":
            return _answer("token", "junk", 400, {"error": "unsupported_grant_type"})
        # All are compared, so that the time does not tell which one it is.
        named = [
            each
            for each in self._subscriptions
            if each.is_named(form["client_id"], form["client_secret"])
        ]
        if not named:
            self._wrong.count(address)
            return _answer("token", "refused", 401, {"error": "invalid_client"})
        token = named[0].issue(self._context.now())
        seconds = int(LIFE.total_seconds())
        body = {"jwt": token, "token_type": "Bearer", "expires_in": seconds}
        return _answer("token", "given", 200, body, {"Cache-Control": "no-store"})

    async def _notification(self, request: web.Request) -> web.Response:
        """Keep a notification, then acknowledge it."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        found = None
        if kind.lower() == "bearer":
            found = subscription_of(token.strip(), self._subscriptions, self._context.now)
        if found is None:
            challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            return _answer("notification", "refused", 401, {"error": "invalid_token"}, challenge)
        try:
            body = read_object(await read_body(request, LARGEST))
            raw = raw_of(body)
            outcome = await self._keep(found.provider, read_notice(body, raw), raw)
        except RefusedError as error:
            return _answer("notification", error.reason, error.status, {"error": error.reason})
        except StoreError:
            later = {"Retry-After": "10"}
            return _answer("notification", "not_stored", 503, {"error": "try_later"}, later)
        return _answer("notification", outcome, 200, {"status": outcome})

    async def _keep(self, provider: str, notice: Notice, raw: str) -> str:
        """Keep a notification; return what it was to us."""
        context = self._context
        new = await context.store.write(
            lambda c: notifications.keep(
                c,
                provider=provider,
                key=notice.key,
                kind=notice.kind,
                body=raw if notice.is_message else None,
                now=context.ms(),
            )
        )
        self.kept_at[provider] = context.now()
        if not new:
            return "repeated"
        if not notice.is_message:
            log.info("notification_of_other_kind", provider=provider, kind=notice.kind[:80])
            return "other"
        context.signals.pushed.set()
        return "kept"


def _answer(
    endpoint: str,
    outcome: str,
    status: int,
    body: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Answer, and count what came of it."""
    PUSHES.labels(endpoint, outcome).inc()
    log.debug("pushed", endpoint=endpoint, outcome=outcome)
    return web.json_response(dict(body), status=status, headers=dict(headers or {}))


def _read_form(body: bytes) -> dict[str, str]:
    """Read the form's fields; a missing one is empty. Raises ``RefusedError``."""
    try:
        given = parse_qs(body.decode(), max_num_fields=20, keep_blank_values=True)
    except ValueError:
        raise RefusedError(400, "junk") from None
    return {name: given.get(name, [""])[0] for name in FIELDS}
