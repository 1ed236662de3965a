"""Keeps a provider's token in the store, so that nodes and restarts share it.

A machine account may exchange its credentials thirty times an hour; a bridge that is started again
and again, or runs on several nodes, would lock itself out (reference: Messaging API, tokens).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from bridgebot.model import ProviderName
from bridgebot.providers.booking_token import Token
from bridgebot.store import records
from bridgebot.store.database import Store


class StoredToken:
    """The token of one login; read from the store once, written through.

    Other credentials have a token of their own, so that a corrected setting counts at once.
    """

    def __init__(self, store: Store, provider: ProviderName, login: str) -> None:
        self._store = store
        self._name = f"token:{provider}:{hashlib.sha256(login.encode()).hexdigest()[:16]}"
        self._token: Token | None = None

    async def get(self) -> Token | None:
        """Return the token that was kept last; see ``TokenStore.get``."""
        if self._token is None:
            kept = await self._store.read(lambda c: records.get_cursor(c, self._name))
            if kept:
                until = datetime.fromtimestamp(float(kept["until"]), UTC)
                self._token = Token(value=str(kept["value"]), until=until)
        return self._token

    async def set(self, token: Token) -> None:
        """Keep a token in place of the one before; see ``TokenStore.set``."""
        self._token = token
        kept = {"value": token.value, "until": token.until.timestamp()}
        await self._store.write(lambda c: records.set_cursor(c, self._name, kept))
