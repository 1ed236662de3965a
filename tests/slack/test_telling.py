"""A press is acknowledged within the three seconds that Slack waits, however slow Slack is."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from slack_bolt.async_app import AsyncAck

from bridgebot.slack import telling
from bridgebot.slack.telling import in_time


async def test_a_slow_look_is_acknowledged_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who presses is asked about, and Slack does not answer: the press is not shown as failed."""
    monkeypatch.setattr(telling, "LOOK_SECONDS", 0.0)
    acknowledged = asyncio.Event()

    async def ack() -> None:
        acknowledged.set()

    async def looking() -> str:
        await acknowledged.wait()
        return "no"

    async with asyncio.timeout(10):
        assert await in_time(looking(), cast("AsyncAck", ack)) == "no"


async def test_a_quick_look_leaves_it_to_what_comes_after() -> None:
    """What the press decides is stored first."""

    async def ack() -> None:
        raise AssertionError("acknowledged before anything was stored")

    async def looking() -> str:
        return "no"

    assert await in_time(looking(), cast("AsyncAck", ack)) == "no"
