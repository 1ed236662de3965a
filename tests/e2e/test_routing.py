"""Where threads open: rules, private channels, and conversations that stay where they are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridgebot.sandbox.slack.state import Channel
from tests.e2e.world import ANNA, BOT, GUESTS, World

pytestmark = pytest.mark.e2e
NIGHT, BILLS = "G0NIGHT", "C0BILLS"


def _open(world: World, channel: str, *, private: bool = False) -> None:
    members = {BOT.user_id, ANNA}
    world.slack.workspace.add_channel(
        Channel(channel, channel.lower(), private=private, members=members)
    )


def _threads(world: World, channel: str) -> dict[str, str]:
    """List the conversations whose thread is in a channel, with its ts."""
    found: dict[str, Any] = {}
    for message in world.messages(channel):
        metadata = message.get("metadata") or {}
        if metadata.get("event_type") == "bridgebot_thread":
            found[metadata["event_payload"]["conversation_id"]] = message["ts"]
    return found


def _answer(world: World, channel: str, name: str, text: str) -> str:
    root = _threads(world, channel)[name]
    return world.slack.workspace.person_writes(ANNA, channel, text, thread_ts=root)


def _marks(world: World, channel: str, ts: str) -> list[str]:
    message = world.slack.workspace.message(channel, ts)
    return [each["name"] for each in message.get("reactions", [])]


async def test_a_rule_opens_a_thread_in_a_private_channel(world: World) -> None:
    """The first message decides; what follows goes into the same thread, and replies go back."""
    _open(world, NIGHT, private=True)
    world.more["ROUTES"] = json.dumps([{"channel": NIGHT, "words": ["invoice"]}])
    world.guest("c1", "Could I have an Invoice?")
    world.guest("c1", "And where is the parking?")
    world.guest("c2", "Hello")

    await world.start()
    # A reply that crosses the guest's second message would be answered with a word about that.
    await world.until(lambda: len(world.messages(NIGHT)) == 3 and _threads(world, GUESTS))
    ts = _answer(world, NIGHT, "c1", "Of course")

    await world.until(lambda: _marks(world, NIGHT, ts) == ["white_check_mark"])
    assert (list(_threads(world, NIGHT)), list(_threads(world, GUESTS))) == (["c1"], ["c2"])
    assert world.got("c1") == ["Of course"]
    assert len(world.messages(NIGHT)) == 4


async def test_conversations_stay_in_their_thread_under_other_settings(world: World) -> None:
    """After a restart new threads open elsewhere; in the old one people go on, both ways."""
    _open(world, BILLS)
    _open(world, NIGHT, private=True)
    world.more["ROUTES"] = json.dumps([{"channel": BILLS, "words": ["invoice"]}])
    world.guest("c1", "My invoice, please")
    await world.start()
    await world.until(lambda: _threads(world, BILLS))
    await world.stop()
    world.slack.sockets.retries = ()
    missed = _answer(world, BILLS, "c1", "It is on its way")
    await world.until_dropped(1)

    # The channel of the old thread is in no setting any more.
    world.more["ROUTES"] = json.dumps([{"channel": NIGHT, "words": ["invoice"]}])
    more = world.guest("c1", "Did you send the invoice?")
    world.guest("c2", "An invoice for me too")
    await world.start()
    await world.until(lambda: _marks(world, BILLS, missed) == ["white_check_mark"])
    await world.until(lambda: _threads(world, NIGHT))
    ts = _answer(world, BILLS, "c1", "Yes, just now")

    await world.until(lambda: _marks(world, BILLS, ts) == ["white_check_mark"])
    assert world.got("c1") == ["It is on its way", "Yes, just now"]
    assert (list(_threads(world, BILLS)), list(_threads(world, NIGHT))) == (["c1"], ["c2"])
    assert more in str(world.messages(BILLS))


async def test_a_channel_of_a_rule_without_the_bot_ends_the_start(world: World) -> None:
    """What would only fail with the first guest it fits is said at once."""
    _open(world, BILLS)
    world.slack.workspace.channels[BILLS].members.discard(BOT.user_id)
    world.more["ROUTES"] = json.dumps([{"channel": BILLS, "words": ["invoice"]}])

    await world.start(ready=False)

    assert world.process is not None
    assert await world.process.wait() == 1
    assert "c0bills is without the bot" in world.log.read_text(encoding="utf-8")
