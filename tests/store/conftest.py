"""Stores to test on: SQLite always, PostgreSQL where an address is given."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from bridgebot.store.database import Store

POSTGRES = "BRIDGEBOT_TEST_POSTGRES"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def address(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Give the address of an empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bridgebot.db"
        return
    server = os.environ.get(POSTGRES)
    if not server:
        if os.environ.get("BRIDGEBOT_REQUIRE_ALL") == "1":
            pytest.fail(f"{POSTGRES} is not set")
        pytest.skip(f"{POSTGRES} is not set")
    name = f"bridgebot_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        yield f"{server.rsplit('/', 1)[0]}/{name}"
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
async def store(address: str) -> AsyncIterator[Store]:
    """Give an open store."""
    opened = await Store.open(address)
    yield opened
    await opened.close()
