"""Who may reply and press: full members, and those whom the owner names."""

from __future__ import annotations

import json

import pytest

from bridgebot.sandbox.slack.chat import post_message
from bridgebot.sandbox.slack.state import App
from tests.e2e.world import ANNA, BOT, GUESTS, PAT, TOM, World

pytestmark = pytest.mark.e2e
HELPER = App(
    "A0HELP", "helper", "B0HELP", "U0HELP", "xoxb-help", "xapp-help", BOT.scopes, frozenset()
)


async def _opened(world: World, *named: str) -> str:
    """Run the bot until a thread is open; return the root's ts."""
    world.more["MAY_REPLY"] = json.dumps(named)
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    root = world.root("c1")
    assert root is not None
    return str(root["ts"])


@pytest.mark.parametrize(("named", "other"), [(TOM, PAT), (PAT, TOM)])
async def test_who_is_named_may_reply(world: World, named: str, other: str) -> None:
    """A guest or somebody from outside whom the owner names; another one is told privately."""
    await _opened(world, named)
    ts = world.staff("c1", "Hello from me", user=named)
    world.staff("c1", "And from me", user=other)

    await world.until(lambda: world.marks(ts) == ["white_check_mark"])
    await world.until(lambda: world.slack.workspace.ephemerals)
    assert world.got("c1") == ["Hello from me"]
    assert [each["user"] for each in world.slack.workspace.ephemerals] == [other]


async def test_who_is_named_may_use_commands(world: World) -> None:
    """Commands and buttons go by the same rule."""
    await _opened(world, TOM)

    world.slack.interactions.slash_command(TOM, GUESTS, "/unanswered", "")

    said = world.slack.workspace.ephemerals
    await world.until(lambda: said)
    assert "1 waiting" in said[0]["text"]


@pytest.mark.parametrize("named", [True, False])
async def test_an_app_replies_only_if_it_is_named(world: World, named: bool) -> None:
    """What another app posts in a thread goes to the guest where the owner wants it."""
    workspace = world.slack.workspace
    workspace.add_app(HELPER)
    workspace.channels[GUESTS].members.add(HELPER.user_id)
    root = await _opened(world, *([HELPER.user_id] if named else []))
    words = {"channel": GUESTS, "text": "Your taxi is there", "thread_ts": root}
    posted = post_message(workspace, HELPER, words)["ts"]
    last = world.staff("c1", "Bye", user=ANNA)

    await world.until(lambda: world.marks(last))
    if named:
        await world.until(lambda: world.marks(posted) == ["white_check_mark"])
    assert set(world.got("c1")) == {"Bye", *(["Your taxi is there"] if named else [])}
