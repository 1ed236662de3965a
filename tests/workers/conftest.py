"""Databases to test workers on, and a desk between one of them and a Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.conftest import address, store
from tests.workers.desk import Office, open_office

__all__ = ["address", "store"]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office on an empty SQLite database."""
    async with open_office(f"sqlite:///{tmp_path}/bridgebot.db", tmp_path) as opened:
        yield opened


@pytest.fixture
async def shared(address: str, tmp_path: Path) -> AsyncIterator[Office]:
    """Give an office on an empty database of each kind, for several nodes."""
    async with open_office(address, tmp_path) as opened:
        yield opened
