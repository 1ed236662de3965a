"""The provider beside the stand-in: under every switch, and under the defaults."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bridgebot.sandbox.messaging.switches import Switches
from tests.providers.side import VARIANTS, Side, serve

# Those of files are tried where files are moved: ``test_attachments``.
OF_FILES = (
    "megabyte",
    "chunk_size",
    "range_end",
    "plain_download",
    "upload_",
    "attachment_again",
    "most_attachments",
)


@pytest.fixture(params=sorted(each for each in VARIANTS if not each.startswith(OF_FILES)))
async def side(request: pytest.FixtureRequest) -> AsyncIterator[Side]:
    """Serve the stand-in under one setting."""
    async with serve(VARIANTS[request.param]) as each:
        yield each


@pytest.fixture
async def plain() -> AsyncIterator[Side]:
    """Serve the stand-in under its defaults."""
    async with serve(Switches()) as each:
        yield each
