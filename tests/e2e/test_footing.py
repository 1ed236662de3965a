"""What is put wrong in Slack while the shipped process runs: said everywhere, and it heals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from bridgebot.sandbox.slack.state import Channel
from tests.e2e.test_metrics import free_port
from tests.e2e.told import payload_of
from tests.e2e.world import ALERTS, ANNA, BOT, GUESTS, SCOPES, World

pytestmark = pytest.mark.e2e

# The process looks every twenty seconds.
PATIENCE = 60.0
DESK = "C0DESK"


async def _until_reasons(world: World, *words: str) -> None:
    """Wait until ``/readyz`` gives these reasons and no others."""
    url = f"http://{world.more['HTTP_BIND']}/readyz"
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(PATIENCE):
        while True:
            answer = await http.get(url)
            reasons = answer.json()["reasons"]
            matched = [any(word in reason for reason in reasons) for word in words]
            if len(reasons) == len(words) and all(matched):
                assert answer.status_code == (503 if words else 200)
                return
            await asyncio.sleep(0.2)


def _alerts(world: World, kind: str) -> list[str]:
    """List the states of the alerts of one kind, in their order."""
    found: list[Mapping[str, Any]] = [
        payload_of(post, "bridgebot_alert") for post in world.messages(ALERTS)
    ]
    return [str(each["state"]) for each in found if each.get("kind") == kind]


def _logged(world: World, event: str, words: str) -> int:
    """Count the lines of an event that say something."""
    lines = map(json.loads, world.log.read_text("utf-8").splitlines())
    return sum(each["event"] == event and words in str(each) for each in lines)


@asynccontextmanager
async def _running(world: World) -> AsyncIterator[None]:
    """Run the bridge with a second channel for guests, until it is ready."""
    members = {BOT.user_id, ANNA}
    world.slack.workspace.add_channel(Channel(DESK, "desk", members=members))
    world.more |= {
        "HTTP_BIND": f"127.0.0.1:{free_port()}",
        "CHANNELS": json.dumps({"other": DESK}),
    }
    await world.start()
    await _until_reasons(world)
    yield
    late = world.guest("c1", "Does it work again?")
    await world.until(lambda: world.shown(late), PATIENCE)


async def test_channels_and_rights_that_are_lost_are_said_and_heal(world: World) -> None:
    """An archived channel, one without the bot, a missing scope: log, /readyz, alerts channel."""
    workspace = world.slack.workspace
    async with _running(world):
        workspace.channels[GUESTS].archived = True
        workspace.channels[DESK].members.discard(BOT.user_id)
        workspace.apps[BOT.app_id] = replace(BOT, scopes=SCOPES - {"reactions:write"})
        wrong = ("#guests is archived", "#desk is without the bot", "permissions: reactions:write")
        waiting = world.guest("c1", "Hello?")
        await _until_reasons(world, *wrong)
        await world.until(lambda: _alerts(world, "slack_refused") == ["open"] * 3)
        assert [_logged(world, "attention", words) for words in wrong] == [1, 1, 1]
        assert not world.shown(waiting)

        workspace.channels[GUESTS].archived = False
        workspace.channels[DESK].members.add(BOT.user_id)
        workspace.apps[BOT.app_id] = BOT
        await _until_reasons(world)
        await world.until(lambda: _alerts(world, "slack_refused") == ["closed"] * 3)
        await world.until(lambda: world.shown(waiting), PATIENCE)


async def test_a_revoked_token_is_said_and_heals(world: World) -> None:
    """The log and /readyz say so; the alert stands in Slack as soon as Slack takes it again."""
    workspace = world.slack.workspace
    async with _running(world):
        workspace.apps[BOT.app_id] = replace(BOT, bot_token="xoxb-another")
        waiting = world.guest("c1", "Hello?")
        await _until_reasons(world, "does not know this token")
        assert _logged(world, "attention", "does not know this token") == 1
        assert not world.shown(waiting)

        workspace.apps[BOT.app_id] = BOT
        await _until_reasons(world)
        await world.until(lambda: world.shown(waiting), PATIENCE)
        await world.until(lambda: _logged(world, "attention_over", "credentials") == 1)
