"""Tokens that we give to a caller and ask back from it: signed, and good for a few minutes.

Booking.com's notification service asks for one with the client credentials that its owner entered
in the provider portal, and shows it with each notification ("Authentication" of the Connectivity
Notification Service). Nothing is stored: the signature is made with a key that is derived from the
secret, so all nodes know it, and a new secret ends all tokens.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import jwt

LIFE = timedelta(minutes=15)
ISSUER, AUDIENCE = "bridgebot", "booking-notifications"
# The only one that is accepted: a token never chooses how it is checked.
ALGORITHM = "HS256"
CLAIMS = ("exp", "iat", "iss", "aud", "sub")


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """Who may notify us of one account's messages."""

    provider: str
    client_id: str
    secret: str = field(repr=False)

    def is_named(self, client_id: str, secret: str) -> bool:
        """Compare credentials, in the same time wherever they differ."""
        pairs = ((client_id, self.client_id), (secret, self.secret))
        same = [hmac.compare_digest(_digest(given), _digest(ours)) for given, ours in pairs]
        return all(same)

    def issue(self, now: datetime) -> str:
        """Make a token."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": self.provider,
            "iat": now,
            "exp": now + LIFE,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._key(), algorithm=ALGORITHM)

    def accepts(self, token: str, now: datetime) -> bool:
        """Tell whether a token is ours and has not run out."""
        try:
            # The time is compared below, by the clock that issues.
            claims = jwt.decode(
                token,
                self._key(),
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": list(CLAIMS), "verify_exp": False, "verify_iat": False},
            )
            until = float(claims["exp"])
        except (jwt.InvalidTokenError, TypeError, ValueError, RecursionError):
            return False
        return claims["sub"] == self.provider and now.timestamp() < until

    def _key(self) -> bytes:
        return hmac.digest(self.secret.encode(), b"bridgebot notification tokens 1", "sha256")


def subscription_of(
    token: str, subscriptions: tuple[Subscription, ...], now: Callable[[], datetime]
) -> Subscription | None:
    """Find whose token it is."""
    return next((each for each in subscriptions if each.accepts(token, now())), None)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
