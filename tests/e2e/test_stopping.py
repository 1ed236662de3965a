"""SIGTERM in the middle of the work: what is in flight is finished, the rest goes on afterwards."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.e2e.test_metrics import free_port
from tests.e2e.told import DELIVERED
from tests.e2e.world import HOSTEL_KEY, World

pytestmark = [pytest.mark.e2e, pytest.mark.command]

IN_FLIGHT = 3.0
PROMISED = 10.0
HOOK = "0123456789abcdef01234567"


async def test_what_is_in_flight_both_ways_is_finished_and_the_rest_goes_on(world: World) -> None:
    """Status 0 within ten seconds; nothing that was sent is looked up or sent again."""
    first = [world.guest(name, "Hello") for name in ("c1", "c2")]
    await world.start()
    await world.until(lambda: all(map(world.shown, first)) and world.queued() == 0)
    world.slack.faults.add("chat.postMessage", "delay", times=1, seconds=IN_FLIGHT)
    world.booking.faults.add("conversations.post", "delay", times=1, seconds=IN_FLIGHT)
    words = ["one", "two", "three"]
    stamps = [world.staff("c1", each) for each in words]
    messages = [world.guest("c2", each) for each in words]
    await world.until(lambda: world.slack.faults.struck == 1 and world.booking.faults.struck == 1)

    began = time.monotonic()
    assert await world.stop() == 0
    assert time.monotonic() - began < PROMISED

    got = world.got("c1")
    assert got == words[: len(got)] != []
    assert world.shown(messages[0]) == 1
    written = world.log.stat().st_size
    await world.start()
    await world.until(lambda: all(map(world.shown, messages)))
    await world.until(lambda: [world.marks(ts) for ts in stamps] == [[DELIVERED]] * 3)

    assert world.got("c1") == words
    assert [world.shown(each) for each in (*first, *messages)] == [1] * 5
    assert [each["text"] for each in world.thread("c2")] == ["Hello", *words]
    assert b"looked_up" not in world.log.read_bytes()[written:]


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/slack/events", {"SLACK_MODE": "http", "SLACK_SIGNING_SECRET": "8f742231b10e8888"}),
        (f"/hostelmate/events/{HOOK}", {"HOSTELMATE_WEBHOOK_SECRET": HOOK}),
    ],
)
async def test_a_request_that_never_ends_does_not_hold_up_the_stop(
    world: World, path: str, more: dict[str, str]
) -> None:
    """Whoever sent half of a body is not waited for."""
    host, port = "127.0.0.1", free_port()
    world.more |= {"HTTP_BIND": f"{host}:{port}", "HOSTELMATE_API_KEY": HOSTEL_KEY, **more}
    await world.start()
    reader, writer = await asyncio.open_connection(host, port)
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nX-Slack-Request-Timestamp: 1\r\n"
    writer.write(f"{head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n".encode())
    assert b"100" in await reader.readline()
    writer.write(b'{"type": ')

    began = time.monotonic()
    assert await world.stop() == 0
    assert time.monotonic() - began < PROMISED
    writer.close()


async def test_what_takes_longer_than_the_grace_is_looked_up_at_the_next_start(
    world: World,
) -> None:
    """The promise of ten seconds holds, and nothing is lost or twice for it."""
    first = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(first) and world.queued() == 0)
    world.slack.faults.add("chat.postMessage", "delay", times=1, seconds=12)
    message = world.guest("c1", "Are you there?")
    await world.until(lambda: world.slack.faults.struck == 1)

    began = time.monotonic()
    assert await world.stop() == 0
    assert time.monotonic() - began < PROMISED
    await world.start()
    ts = world.staff("c1", "Yes")

    await world.until(lambda: world.shown(message) and world.marks(ts) == [DELIVERED], 60)
    assert (world.shown(message), world.got("c1")) == (1, ["Yes"])
