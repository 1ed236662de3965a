"""Tokens that are kept: one for each login, the same after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from bridgebot.model import ProviderName
from bridgebot.providers.booking_token import Token
from bridgebot.store.database import Store
from bridgebot.store.schema import cursors
from bridgebot.workers.tokens import StoredToken

BOOKING, NORTH = ProviderName("booking"), ProviderName("booking:north")
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
