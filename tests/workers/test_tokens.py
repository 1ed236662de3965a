"""Tokens that are kept: one for each login, the same after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import jwt
import pytest
from sqlalchemy import select

from bridgebot.model import ProviderName
from bridgebot.providers.booking_token import Token, Tokens
from bridgebot.providers.http import Answer, Caller
from bridgebot.store.database import Store
from bridgebot.store.schema import cursors
from bridgebot.workers.tokens import StoredToken

BOOKING, NORTH = ProviderName("booking"), ProviderName("booking:north")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
TOKEN = Token(value="t-1", until=datetime(2026, 5, 1, tzinfo=UTC))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Give an open store."""
    opened = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    yield opened
    await opened.close()


async def test_a_token_is_kept_over_a_restart(store: Store) -> None:
    """Another process with the same login needs no exchange."""
    await StoredToken(store, BOOKING, "id:secret").set(TOKEN)

    assert await StoredToken(store, BOOKING, "id:secret").get() == TOKEN


async def test_another_login_has_a_token_of_its_own(store: Store) -> None:
    """A secret that was put right counts at once; two accounts do not share."""
    await StoredToken(store, BOOKING, "id:old").set(TOKEN)

    assert await StoredToken(store, BOOKING, "id:new").get() is None
    assert await StoredToken(store, NORTH, "id:old").get() is None


async def test_the_credentials_are_not_kept_with_the_token(store: Store) -> None:
    """The name under which it is kept tells nobody the secret."""
    await StoredToken(store, BOOKING, "id:hush-hush").set(TOKEN)

    rows = (await store.read(lambda c: c.execute(select(cursors)))).all()
    assert "hush" not in str(rows)


class Exchange:
    """A provider that gives a token that it says is valid for an hour, by its own clock."""

    def __init__(self) -> None:
        self.given = 0

    async def once(self, *_: Any, **__: Any) -> Answer:
        """Give the next token."""
        self.given += 1
        claims = {"exp": int((NOON + timedelta(hours=1)).timestamp()), "n": self.given}
        token = jwt.encode(claims, "x" * 32, algorithm="HS256")
        return Answer(status=200, body={"jwt": token})


@pytest.mark.parametrize("ahead", [0, 1, 24])
async def test_a_clock_that_is_ahead_uses_up_no_tokens(ahead: int) -> None:
    """A token that was just given is used, whatever this machine thinks of its end."""
    provider = Exchange()
    tokens = Tokens(
        cast("Caller", provider),
        url="https://provider.example/token",
        client_id="id",
        client_secret="hush",
        now=lambda: NOON + timedelta(hours=ahead),
    )
    assert len({await tokens.current() for _ in range(5)}) == 1
    assert provider.given == 1
