"""Tokens of the Connectivity APIs: exchanged for the machine account's id and secret, and kept.

A token lives one hour and at most 30 may be asked for in an hour (reference, section 3), so one is
kept until shortly before its end and never renewed in a loop.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bridgebot.errors import ProviderError
from bridgebot.providers.http import Caller

EARLY = timedelta(minutes=5)
LIFE = timedelta(hours=1)
AGAIN = timedelta(minutes=2)
"""A renewed token that was refused as well is not renewed sooner: 30 renewals an hour at most."""

MOST_AN_HOUR = 28
"""Two below the documented 30, for a person who tries something by hand."""

LONGEST_HOLD = 15.0
"""Seconds between exchanges that surely gave no token."""

LONGEST_UNCERTAIN_HOLD = 120.0
"""Seconds between exchanges that may have given one: these count, and must not use up the hour."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and when it ends."""

    value: str
    until: datetime


class TokenStore(Protocol):
    """Where the token is kept; processes that share it share the token."""

    async def get(self) -> Token | None:
        """Return the token that was kept last."""
        ...

    async def set(self, token: Token) -> None:
        """Keep a token in place of the one before."""
        ...


class Memory:
    """Keeps the token in this process."""

    def __init__(self) -> None:
        self._token: Token | None = None

    async def get(self) -> Token | None:
        """Return the token; see ``TokenStore.get``."""
        return self._token

    async def set(self, token: Token) -> None:
        """Keep a token; see ``TokenStore.set``."""
        self._token = token


def plainly(field: str) -> str:
    """Say what an owner calls a setting of the account that stands in the plain settings."""
    return f"BRIDGEBOT_BOOKING_{field.upper()}"


class Tokens:
    """The current token of one machine account; ``called`` says what its settings are called."""

    def __init__(
        self,
        caller: Caller,
        *,
        url: str,
        client_id: str,
        client_secret: str,
        now: Callable[[], datetime],
        store: TokenStore | None = None,
        called: Callable[[str], str] = plainly,
    ) -> None:
        self._caller = caller
        self._called = called
        self._url = url
        self._client_id = client_id
        self._client_secret = client_secret
        self._now = now
        self._store = store or Memory()
        self._asked: deque[datetime] = deque()
        self._doubt: Token | None = None
        self._failures = 0
        self._held: tuple[datetime, ProviderError] | None = None
        self._lock = asyncio.Lock()

    async def current(self, *, not_this: str | None = None) -> str:
        """Return a token that should work; ``not_this`` is one that was just refused.

        Raises ``ProviderError`` with ``auth`` set where the account is refused.
        """
        async with self._lock:
            kept = await self._store.get()
            now = self._now()
            if kept is None or kept.value == not_this:
                return await self._renew(now, refused=not_this)
            if kept.until - EARLY > now:
                return kept.value
            try:
                return await self._renew(now, refused=None)
            except ProviderError:
                if kept.until <= now:
                    raise
                # Its last minutes bridge a short outage of the exchange.
                return kept.value

    def accepted(self, token: str) -> None:
        """Take note that a token was accepted, so that it may be renewed when it no longer is."""
        if self._doubt is not None and self._doubt.value == token:
            self._doubt = None

    async def _renew(self, now: datetime, *, refused: str | None) -> str:
        self._check_pace(now, refused)
        try:
            value = await self._exchange(now)
        except ProviderError as error:
            raise self._hold(now, error) from error
        self._failures, self._held = 0, None
        until = expiry(value) or now + LIFE
        if until - EARLY <= now:
            # One that was just given is not over: this machine's clock is ahead.
            until = now + LIFE
        token = Token(value, until)
        # ``until`` of a doubt is when the token may be renewed again if it never works.
        self._doubt = Token(value, now + AGAIN) if refused is not None else None
        await self._store.set(token)
        return value

    def _check_pace(self, now: datetime, refused: str | None) -> None:
        """Raise where an exchange must not be tried now: it would be one of a loop."""
        doubt = self._doubt
        if doubt is not None and doubt.value == refused and now < doubt.until:
            raise ProviderError(
                "Booking.com refuses a token it has just given: check in the provider portal that "
                "the machine account is active and may use the Messaging API",
                code="credentials",
                auth=True,
            )
        if self._held is not None and now < self._held[0]:
            until, error = self._held
            raise ProviderError(
                str(error), code=error.code, auth=error.auth, after=(until - now).total_seconds()
            )
        while self._asked and self._asked[0] <= now - timedelta(hours=1):
            self._asked.popleft()
        if len(self._asked) >= MOST_AN_HOUR:
            wait = (self._asked[0] + timedelta(hours=1) - now).total_seconds()
            raise ProviderError(
                "the tokens for this hour are used up", code="token_limit", after=wait
            )

    async def _exchange(self, now: datetime) -> str:
        self._asked.append(now)
        body = {"client_id": self._client_id, "client_secret": self._client_secret}
        try:
            answer = await self._caller.once("token", "POST", self._url, json=body)
        except ProviderError as error:
            if error.certain:
                # It surely gave no token, and an outage must not use up the hour's.
                self._asked.pop()
            raise
        token = answer.body.get("jwt")
        if not isinstance(token, str) or not token or not token.isascii():
            raise ProviderError("the token exchange gave no token", code="no_token")
        return token

    def _hold(self, now: datetime, error: ProviderError) -> ProviderError:
        """Let no exchange follow a failed one at once; return what the failure means."""
        self._failures += 1
        longest = LONGEST_HOLD if error.certain else LONGEST_UNCERTAIN_HOLD
        seconds = min(longest, 2.0 ** min(self._failures - 1, 10))
        told = self._translated(error)
        self._held = (now + timedelta(seconds=max(seconds, error.after or 0.0)), told)
        return told

    def _translated(self, error: ProviderError) -> ProviderError:
        """Say what a failed exchange means for the call that needed the token: never made."""
        if error.auth or error.code in {"forbidden", "http_400"}:
            return ProviderError(
                "Booking.com refused the machine account: check "
                f"{self._called('client_id')} and {self._called('client_secret')}",
                code="credentials",
                auth=True,
            )
        return ProviderError(str(error), code=error.code, after=error.after)


def expiry(token: str) -> datetime | None:
    """Read when a token ends from its own claims; the exchange does not say."""
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (IndexError, KeyError, ValueError, TypeError, OverflowError, OSError):
        return None
