"""A PostgreSQL database of its own for one measurement."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg


@asynccontextmanager
async def database(server: str | None) -> AsyncIterator[dict[str, str]]:
    """Make a database and give the setting that names it; without a server, none."""
    if server is None:
        yield {}
        return
    name = f"bench_{secrets.token_hex(6)}"
    await _do(server, f'CREATE DATABASE "{name}"')
    try:
        yield {"DATABASE_URL": server.rpartition("/")[0] + f"/{name}"}
    finally:
        await _do(server, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _do(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
