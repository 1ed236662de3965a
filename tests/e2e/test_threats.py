"""The threats of ``docs/security.md`` that need both sides to be shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridgebot.sandbox.slack.state import App
from tests.e2e.world import ALERTS, ANNA, BOT, GUESTS, SCOPES, TOM, World

pytestmark = pytest.mark.e2e

FOREIGN = App("A0OTHER", "other", "B0OTHER", "U0OTHER", "xoxb-other", "xapp-other", SCOPES)


def _ours(posts: list[dict[str, Any]], message_id: str) -> list[dict[str, Any]]:
    """List the posts of a message that the bot itself made."""
    return [
        post
        for post in posts
        if post.get("bot_id") == BOT.bot_id
        and (post.get("metadata") or {}).get("event_payload", {}).get("message_id") == message_id
    ]


async def test_a_guest_can_neither_call_nor_pose_as_staff(world: World) -> None:
    """Mentions stay letters, and the name a guest gave is followed by what he is."""
    world.conversation("c1", guest_name="Anna Keller")
    message = world.guest("c1", "<!channel> <!here> <@U0ANNA> @here &lt;!channel&gt; <#C0ALERTS>")
    await world.start()
    await world.until(lambda: world.shown(message))

    (post,) = _ours(world.thread("c1"), message)

    for control in ("<!", "<@", "<#"):
        assert control not in post["text"]
    kinds = {
        element["type"]
        for block in post["blocks"]
        for section in block.get("elements", ())
        for element in section.get("elements", ())
    }
    assert kinds & {"broadcast", "user", "usergroup", "channel"} == set()
    assert "(guest)" in post["username"]


async def test_a_forged_post_does_not_pass_for_a_delivered_message(world: World) -> None:
    """Another app can copy our metadata; what it posts is not taken for ours."""
    workspace = world.slack.workspace
    workspace.add_app(FOREIGN)
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    root = world.root("c1")
    assert root is not None
    world.slack.faults.add("chat.postMessage", "drop_before")
    second = world.guest("c1", "Are you there?")

    metadata = {
        "event_type": "bridgebot_message",
        "event_payload": {"provider": "booking", "message_id": second},
    }
    forged = {"user": FOREIGN.user_id, "bot_id": FOREIGN.bot_id, "text": "", "metadata": metadata}
    workspace.add_message(workspace.channels[GUESTS], forged, thread_ts=root["ts"])

    await world.until(lambda: _ours(world.thread("c1"), second))
    assert world.slack.faults.struck == 1


async def test_who_may_not_reply_may_not_press_or_search_either(world: World) -> None:
    """Commands and shortcuts of a workspace guest are refused, and tell nothing."""
    world.guest("c1", "Where is the key?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    note = world.staff("c1", "// the key is under the mat")
    await world.until(lambda: world.marks(note) == ["lock"])
    act, said = world.slack.interactions, world.slack.workspace.ephemerals

    act.slash_command(TOM, GUESTS, "/reservation", "key")
    act.slash_command(TOM, GUESTS, "/unanswered", "")
    act.slash_command(TOM, GUESTS, "/bridgebot", "status")
    act.message_shortcut(TOM, GUESTS, note, "send_to_guest")

    await world.until(lambda: len(said) == 4)
    assert {each["text"] for each in said} == {
        "Only full members who are in a guests' channel can use this."
    }
    assert world.got("c1") == []


@pytest.mark.parametrize("words", ["' OR 1=1 --", "%", "_", "\\"])
async def test_what_is_looked_for_is_data(world: World, words: str) -> None:
    """Neither SQL nor a wildcard finds what does not contain these very characters."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    world.slack.interactions.slash_command(ANNA, GUESTS, "/reservation", words)

    said = world.slack.workspace.ephemerals
    await world.until(lambda: said)
    assert "Nothing found" in said[0]["text"]


async def test_metadata_holds_ids_alone(world: World) -> None:
    """Every app in the channel can read it, so no guest's name or word stands in it."""
    world.conversation("c1", guest_name="Ada Lovelock")
    message = world.guest("c1", "zeppelin")
    world.booking.booking.queue_junk({"content": "zeppelin"})
    await world.start()
    await world.until(lambda: world.shown(message) and world.messages(ALERTS))

    posts = [*world.messages(), *world.messages(ALERTS)]
    written = json.dumps([post.get("metadata") for post in posts])
    assert "bridgebot_alert" in written
    assert [word for word in ("zeppelin", "Lovelock") if word in written] == []
