"""Slack's own framework for Node runs unmodified against the stand-in, over the socket and HTTP."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridgebot.sandbox.slack.state import SlackRefusalError
from tests.sandbox.slack.stand import ANNA, BOT, DESK, Stand, standing

HERE = Path(__file__).parent
PATIENCE = 30.0
SECRET = "shared with the app"
PORT = re.compile(rb"port (\d+)")

pytestmark = pytest.mark.node


def _missing() -> str:
    """Say what is missing to run the app, if anything is."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (HERE / "node_modules" / "@slack" / "bolt").is_dir():
        return "run `npm ci` in tests/node first"
    return ""


@pytest.fixture
async def served() -> AsyncIterator[Stand]:
    """Serve the stand-in, without any app."""
    if missing := _missing():
        if os.environ.get("BRIDGEBOT_REQUIRE_ALL") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    async with standing() as stand:
        yield stand


@pytest.fixture(params=["socket", "http"])
async def stand(served: Stand, request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    """Give the stand-in with the app before it, by either way."""
    connected = over_the_socket if request.param == "socket" else over_http
    async with connected(served):
        yield served


@asynccontextmanager
async def running(stand: Stand, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the app."""
    process = await asyncio.create_subprocess_exec(
        *("node", "app.js"),
        cwd=HERE,
        env=_environment(stand) | more,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def over_the_socket(stand: Stand) -> AsyncIterator[None]:
    """Run the app until it is connected."""
    async with running(stand, APP_TOKEN=BOT.app_token):
        await until(lambda: stand.slack.sockets.connections)
        yield


@asynccontextmanager
async def over_http(stand: Stand, secret: str = SECRET) -> AsyncIterator[None]:
    """Run the app, and save its address in Slack; ``secret`` is what the app takes for its own."""
    stand.workspace.apps[BOT.app_id] = replace(BOT, signing_secret=SECRET)
    async with running(stand, SIGNING_SECRET=secret) as process:
        url = f"http://127.0.0.1:{await _port(process)}/slack/events"
        await stand.slack.sockets.urls.verify(BOT.app_id, url)
        yield


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        while line := await process.stdout.readline():
            if found := PORT.match(line):
                return int(found[1])
    raise AssertionError("the app ended")


def _environment(served: Stand) -> dict[str, str]:
    """Make the app's environment: no proxy may catch the loopback."""
    kept = {key: value for key, value in os.environ.items() if "PROXY" not in key.upper()}
    return kept | {"BOT_TOKEN": BOT.bot_token, "API_URL": f"{served.url}/api/"}


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


async def test_a_shortcut_on_a_message_is_answered(stand: Stand) -> None:
    """The app gets the message that the shortcut was used on."""
    ts = stand.workspace.person_writes(ANNA, DESK, "Room 12 needs towels")
    stand.slack.interactions.message_shortcut(ANNA, DESK, ts, "note")
    await until(lambda: stand.workspace.ephemerals)

    assert stand.workspace.ephemerals[0]["text"] == "noted: Room 12 needs towels"


async def test_the_app_goes_on_after_a_refresh(served: Stand) -> None:
    """It asks for a new address and hears what is written then."""
    async with over_the_socket(served):
        await served.slack.sockets.disconnect()
        await until(lambda: [each["type"] for each in served.changes].count("socket") > 2)
        root = served.workspace.person_writes(ANNA, DESK, "hello")
        await until(lambda: replies(served, root))


async def test_the_app_believes_its_own_secret_alone(served: Stand) -> None:
    """Signed with another secret, the question before an address is saved gets no answer."""
    with pytest.raises(SlackRefusalError, match="url_not_verified"):
        async with over_http(served, secret="another one"):
            pass
