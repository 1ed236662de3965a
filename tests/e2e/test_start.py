"""What stops a start is said in words, without a traceback."""

from __future__ import annotations

import json
import socket
from dataclasses import replace

import pytest

from tests.e2e.world import ALERTS, BOT, GUESTS, World
from tests.nodes.cluster import cluster

pytestmark = pytest.mark.e2e


async def _fails(world: World, status: int) -> str:
    await world.start(ready=False)
    assert world.process is not None
    assert await world.process.wait() == status
    text = world.log.read_text(encoding="utf-8")
    assert "Traceback" not in text
    return text


async def test_a_missing_setting_ends_with_2(world: World) -> None:
    """The variable is named."""
    world.more["GUESTS_CHANNEL"] = ""

    assert "BRIDGEBOT_GUESTS_CHANNEL" in await _fails(world, 2)


async def test_a_wrong_bot_token_ends_with_1(world: World) -> None:
    """Slack's refusal is said in words."""
    world.more["SLACK_BOT_TOKEN"] = "xoxb-wrong"

    assert "does not know this token" in await _fails(world, 1)


async def test_a_wrong_app_token_ends_with_1(world: World) -> None:
    """The SDK alone would go on for ever without a word."""
    world.more["SLACK_APP_TOKEN"] = "xapp-wrong"

    assert "BRIDGEBOT_SLACK_APP_TOKEN" in await _fails(world, 1)


async def test_a_channel_without_the_bot_ends_with_1(world: World) -> None:
    """The remedy is an invitation."""
    world.slack.workspace.channels[GUESTS].members.remove(BOT.user_id)

    assert "/invite @bridgebot" in await _fails(world, 1)


async def test_an_unknown_channel_ends_with_1(world: World) -> None:
    """A channel that is not there, or not visible, is said so."""
    world.more["ALERTS_CHANNEL"] = "C0NOWHERE"

    assert "no such channel" in await _fails(world, 1)


async def test_a_queue_that_is_not_enabled_ends_with_1(world: World) -> None:
    """Where to switch it on is said."""
    world.booking.booking.accounts["id"].queue_enabled = False

    assert "Endpoint access" in await _fails(world, 1)


async def test_wrong_booking_credentials_end_with_1(world: World) -> None:
    """Both variables are named."""
    world.more["BOOKING_CLIENT_SECRET"] = "wrong"

    assert "BRIDGEBOT_BOOKING_CLIENT_SECRET" in await _fails(world, 1)


async def test_a_database_that_cannot_be_opened_ends_with_1(world: World) -> None:
    """The directory is named."""
    world.more["DATABASE_URL"] = "sqlite:////nowhere/at/all.db"

    assert "/nowhere/at" in await _fails(world, 1)


async def test_a_port_that_is_taken_ends_with_1_and_free_again_starts(world: World) -> None:
    """The variable is named; whoever looks after the process starts it again, and it works."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        world.more["HTTP_BIND"] = bind
        assert f"BRIDGEBOT_HTTP_BIND={bind} cannot be used" in await _fails(world, 1)

    await world.start()


async def test_a_directory_that_cannot_be_written_ends_with_1_and_mended_starts(
    world: World,
) -> None:
    """The directory is named; nothing was taken from the queue meanwhile."""
    place = world.directory / "data"
    place.write_text("in the way of a directory")
    world.more["DATABASE_URL"] = f"sqlite:///{place}/bridgebot.db"
    message = world.guest("c1", "Hello")
    assert str(place) in await _fails(world, 1)
    assert world.queued() == 1
    place.unlink()
    place.mkdir()

    await world.start()

    await world.until(lambda: world.shown(message))


@pytest.mark.parametrize("kind", ["html", "503"])
async def test_a_start_while_slack_is_away_waits(world: World, kind: str) -> None:
    """What passes by itself does not end the process."""
    world.slack.faults.add("auth.test", kind, times=5)  # type: ignore[arg-type]
    world.slack.faults.add("apps.connections.open", kind, times=2)  # type: ignore[arg-type]
    message = world.guest("c1", "Hello")

    await world.start()

    await world.until(lambda: world.shown(message))


async def test_a_start_that_waits_can_be_stopped(world: World) -> None:
    """An order to stop ends the waiting, with status 0."""
    world.slack.faults.add("auth.test", "503", times=1000)
    await world.start(ready=False)
    await world.until(lambda: b"start_waits" in world.log.read_bytes())

    assert await world.stop() == 0


async def test_a_start_while_the_database_server_is_away_waits(world: World) -> None:
    """It is said once, with the reason; when the server is back the bridge begins."""
    async with cluster() as server:
        world.more["DATABASE_URL"] = server.address
        message = world.guest("c1", "Hello")
        await server.stop()
        try:
            await world.start(ready=False)
            await world.until(lambda: b"start_waits" in world.log.read_bytes())
        finally:
            await server.start()

        await world.until(lambda: world.shown(message), 60)

        assert await world.stop() == 0
        lines = world.log.read_text(encoding="utf-8").splitlines()
        (said,) = [json.loads(line) for line in lines if "start_waits" in line]
        assert "the database cannot be opened" in said["reason"]
        assert any("start_goes_on" in line for line in lines)


async def test_a_start_that_waits_for_the_database_server_can_be_stopped(world: World) -> None:
    """An order to stop ends this waiting too, with status 0."""
    with socket.socket() as taken:
        # Bound and not listening: whoever calls is refused.
        taken.bind(("127.0.0.1", 0))
        world.more["DATABASE_URL"] = f"postgresql://x@127.0.0.1:{taken.getsockname()[1]}/x"
        await world.start(ready=False)
        await world.until(lambda: b"start_waits" in world.log.read_bytes())

        assert await world.stop() == 0


async def test_a_missing_scope_does_not_end_the_start_and_is_said(world: World) -> None:
    """It stands in the alerts channel with the remedy, while messages go on."""
    workspace = world.slack.workspace
    workspace.apps[BOT.app_id] = replace(BOT, scopes=BOT.scopes - {"reactions:write"})
    message = world.guest("c1", "Hello")

    await world.start()

    await world.until(lambda: world.shown(message) and world.messages(ALERTS))
    assert "reactions:write" in world.messages(ALERTS)[0]["text"]
