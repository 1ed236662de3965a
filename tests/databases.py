"""Empty PostgreSQL databases for tests, on the server that the environment names."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

POSTGRES = "BRIDGEBOT_TEST_POSTGRES"


@asynccontextmanager
async def empty_postgres() -> AsyncIterator[str]:
    """Give the address of a new database; skips the test where there is no server."""
    server = os.environ.get(POSTGRES)
    if not server:
        if os.environ.get("BRIDGEBOT_REQUIRE_ALL") == "1":
            pytest.fail(f"{POSTGRES} is not set")
        pytest.skip(f"{POSTGRES} is not set")
    name = f"bridgebot_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(server)
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server.rsplit('/', 1)[0]}/{name}"
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()
