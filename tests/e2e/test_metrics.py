"""The metrics of the shipped process, as Prometheus reads them."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping

import httpx
import pytest

from tests.e2e.world import BOT, GUESTS, World

pytestmark = pytest.mark.e2e

Series = Mapping[str, float]


def free_port() -> int:
    """Find a port that nobody listens at."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


async def _start(world: World) -> Callable[[], Series]:
    """Start the bot with its endpoints on; return what reads its metrics."""
    bind = f"127.0.0.1:{free_port()}"
    world.more["HTTP_BIND"] = bind
    await world.start()

    def read() -> Series:
        answer = httpx.get(f"http://{bind}/metrics", trust_env=False).raise_for_status()
        lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
        return {series: float(value) for series, value in (line.rsplit(" ", 1) for line in lines)}

    return read


def _received(series: Series, kind: str) -> float:
    return series.get(f'bridgebot_received_total{{kind="{kind}",provider="booking"}}', 0)


async def test_what_passes_through_is_counted(world: World) -> None:
    """Messages in, posts, replies out, the time of the first reply, and who still waits."""
    read = await _start(world)
    world.guest("c1", "Hello")
    world.guest("c2", "Good evening")
    await world.until(lambda: world.thread("c1") and world.thread("c2"))
    world.staff("c1", "Welcome")
    await world.until(lambda: read()["bridgebot_first_reply_seconds_count"] == 1)
    # The reply's copy comes back before the answer to it, or after.
    await world.until(lambda: _received(read(), "echoes") + _received(read(), "duplicates") == 1)

    series = read()

    assert series["bridgebot_ready"] == 1
    assert series["bridgebot_slack_connected"] == 1
    assert series['bridgebot_received_total{kind="new",provider="booking"}'] == 2
    assert series['bridgebot_deliveries_total{outcome="completed",queue="inbox"}'] == 2
    assert series['bridgebot_deliveries_total{outcome="completed",queue="outbox"}'] == 1
    assert series["bridgebot_unanswered"] == 1
    assert series["bridgebot_unanswered_age_seconds"] > 0
    assert series['bridgebot_queue_depth{queue="inbox",state="available"}'] == 0
    assert series['bridgebot_last_poll_age_seconds{provider="booking"}'] < 10
    assert series["bridgebot_disk_free_bytes"] > 0


async def test_what_goes_wrong_is_counted(world: World) -> None:
    """Refusals, 429s, entries put aside, lost connections, alerts, and what waits for how long."""
    read = await _start(world)
    world.slack.faults.add("chat.postMessage", "429", times=1, seconds=1)
    world.booking.faults.add("messages.latest", "429", times=1)
    world.booking.booking.queue_junk({"broken": True})
    await world.until(lambda: read()["bridgebot_quarantined"] == 1)
    world.slack.sockets.cut()
    await world.until(lambda: read()["bridgebot_slack_reconnections_total"] == 1)
    world.slack.workspace.channels[GUESTS].members.remove(BOT.user_id)
    world.guest("c1", "Hello")
    await world.until(lambda: read()['bridgebot_queue_depth{queue="inbox",state="retryable"}'])

    series = read()

    assert series['bridgebot_rate_limited_total{call="chat.postMessage",service="Slack"}'] >= 1
    assert series['bridgebot_rate_limited_total{call="messages.latest",service="Booking.com"}'] >= 1
    assert series['bridgebot_alerts_open{kind="quarantined"}'] == 1
    assert series['bridgebot_queue_depth{queue="inbox",state="retryable"}'] == 1
    assert series['bridgebot_queue_age_seconds{queue="inbox"}'] > 0
