"""The provider beside the stand-in: under every switch, and under the defaults."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bridgebot.sandbox.messaging.switches import Switches
from tests.providers.side import VARIANTS, Side, serve


@pytest.fixture(params=sorted(VARIANTS))
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    """Serve the stand-in under one setting."""
    async with serve(VARIANTS[request.param]) as each:
        yield each


@pytest.fixture
async def plain() -> AsyncIterator[Side]:
    """Serve the stand-in under its defaults."""
    async with serve(Switches()) as each:
        yield each
