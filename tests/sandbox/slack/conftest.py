"""Fixtures for the tests of the Slack stand-in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.sandbox.slack.stand import Stand, standing


@pytest.fixture
async def stand(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stand]:
    """Serve a furnished workspace; the clients must not take a proxy from the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with standing() as served:
        yield served
