"""Tokens: exchanged for a machine account's credentials, good for an hour, thirty an hour."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from bridgebot.sandbox.messaging.answers import Answer, error
from bridgebot.sandbox.messaging.booking import Account, Booking

AN_HOUR: Final = 30
LIFE: Final = timedelta(hours=1)


def exchange(booking: Booking, body: Mapping[str, Any]) -> Answer:
    """Give a token for credentials; the answer has no envelope and no ``expires_in``."""
    account = booking.accounts.get(str(body.get("client_id")))
    if account is None or account.client_secret != body.get("client_secret"):
        return error(401, booking.switches)
    now = booking.now()
    while account.exchanges and account.exchanges[0] <= now - LIFE:
        account.exchanges.popleft()
    if len(account.exchanges) >= AN_HOUR:
        return error(429, booking.switches)
    account.exchanges.append(now)
    for token in [token for token, until in account.tokens.items() if until <= now]:
        del account.tokens[token]
    token = _token(account.client_id, now)
    account.tokens[token] = now + LIFE
    return 200, {"jwt": token, "ruid": str(uuid.uuid4())}


def bearer(booking: Booking, header: str) -> Account | None:
    """Find whose token a header carries, unless it has expired."""
    kind, _, token = header.partition(" ")
    for account in booking.accounts.values():
        until = account.tokens.get(token)
        if kind == "Bearer" and until is not None and until > booking.now():
            return account
    return None


def _token(client_id: str, now: datetime) -> str:
    """Write a JWT; some claims are strings where the vendor's prose has other types."""
    claims = {
        "sub": "connectivity-auth-proxy",
        "aud": "",
        "iss": "urn://connectivity-modern-auth/v1",
        "exp": int((now + LIFE).timestamp()),
        "iat": int(now.timestamp()),
        "jti": str(uuid.uuid4()),
        "test": "true",
        "machine_account_id": "9852",
        "provider_id": "1507",
        "client_id": client_id,
    }
    parts = (json.dumps({"alg": "RS256", "typ": "JWT"}), json.dumps(claims), "sandbox")
    return ".".join(base64.urlsafe_b64encode(each.encode()).decode().rstrip("=") for each in parts)
