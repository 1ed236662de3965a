"""A Slack to call, and a gateway that calls it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.session import open_session
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.pacing import Pacer
from tests.slack.stub import Stub, serving


@pytest.fixture
async def stub() -> AsyncIterator[Stub]:
    """Give a Slack of the test's own."""
    async with serving() as served:
        yield served


@pytest.fixture
async def client(stub: Stub) -> AsyncIterator[AsyncWebClient]:
    """Give a client on the pooled session."""
    async with open_session() as session:
        yield make_client("xoxb-secret", f"{stub.url}/api/", session)


@pytest.fixture
def slept() -> list[float]:
    """Collect what the gateway slept between attempts."""
    return []


@pytest.fixture
def gateway(client: AsyncWebClient, slept: list[float]) -> Gateway:
    """Give a gateway whose sleeping takes no time."""

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    return Gateway(client, Pacer(sleep=sleep, posts_per_second=0), sleep=sleep)
