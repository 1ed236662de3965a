"""Stores to test on: SQLite always, PostgreSQL where an address is given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridgebot.store.database import Store
from tests.databases import empty_postgres


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Give the address of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bridgebot.db"
        return
    async with empty_postgres() as made:
        yield made


@pytest.fixture
async def postgres() -> AsyncIterator[str]:
    """Give the address of an empty PostgreSQL database."""
    async with empty_postgres() as made:
        yield made


@pytest.fixture
async def store(address: str) -> AsyncIterator[Store]:
    """Give an open store."""
    opened = await Store.open(address)
    yield opened
    await opened.close()
