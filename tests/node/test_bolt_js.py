"""Slack's own framework for Node runs unmodified against the stand-in."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.slack.stand import ANNA, BOT, DESK, Stand, standing

HERE = Path(__file__).parent
PATIENCE = 30.0

pytestmark = pytest.mark.node


def _missing() -> str:
    """Say what is missing to run the app, if anything is."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (HERE / "node_modules" / "@slack" / "bolt").is_dir():
        return "run `npm ci` in tests/node first"
    return ""


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    """Serve the stand-in, with the app connected to it."""
    if missing := _missing():
        if os.environ.get("BRIDGEBOT_REQUIRE_ALL") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    async with standing() as served:
        process = await asyncio.create_subprocess_exec(
            "node", "app.js", cwd=HERE, env=_environment(served)
        )
        try:
            await until(lambda: served.slack.sockets.connections)
            yield served
        finally:
            process.kill()
            await process.wait()


def _environment(served: Stand) -> dict[str, str]:
    """Make the app's environment: no proxy may catch the loopback."""
    kept = {key: value for key, value in os.environ.items() if "PROXY" not in key.upper()}
    return kept | {
        "BOT_TOKEN": BOT.bot_token,
        "APP_TOKEN": BOT.app_token,
        "API_URL": f"{served.url}/api/",
    }


async def until(true: Any) -> None:
    """Wait until something is true; Node takes its time to start."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - the stand-in has no event for every state
            await asyncio.sleep(0.01)


def replies(stand: Stand, root: str) -> list[dict[str, Any]]:
    """List what was written below a message."""
    channel = stand.workspace.channels[DESK]
    return [channel.messages[ts] for ts in channel.threads.get(root, [])]


async def test_the_app_answers_in_a_thread(stand: Stand) -> None:
    """A reply with a button, a reaction, a file whose bytes arrived; then the button is pressed."""
    root = stand.workspace.person_writes(ANNA, DESK, "hello")
    await until(lambda: len(replies(stand, root)) == 2)
    reply, shared = replies(stand, root)
    file = stand.workspace.files[shared["files"][0]["id"]]
    stand.slack.interactions.press_button(ANNA, DESK, reply["ts"], "go")
    await until(lambda: stand.workspace.message(DESK, reply["ts"])["text"] == "pressed 7")

    assert stand.workspace.message(DESK, root)["reactions"][0]["users"] == [BOT.user_id]
    assert (file.about["name"], file.data) == ("key.txt", b"4711")


async def test_a_command_opens_a_modal_that_is_submitted(stand: Stand) -> None:
    """A wrong value is complained about in the acknowledgement; the right one closes it."""
    stand.slack.interactions.slash_command(ANNA, DESK, "/open", "")
    await until(lambda: stand.workspace.ephemerals)
    for value, done in (
        ("1", lambda: stand.slack.modals.errors.get(ANNA)),
        ("7", lambda: not stand.workspace.stacks[ANNA]),
    ):
        stand.slack.modals.submit(ANNA, {"f": {"a": {"value": value}}})
        await until(done)

    assert stand.workspace.ephemerals[0]["text"] == f"opened for <@{ANNA}>"


async def test_the_app_goes_on_after_a_refresh(stand: Stand) -> None:
    """It asks for a new address and hears what is written then."""
    await stand.slack.sockets.disconnect()
    await until(lambda: [each["type"] for each in stand.changes].count("socket") > 2)
    root = stand.workspace.person_writes(ANNA, DESK, "hello")
    await until(lambda: replies(stand, root))
