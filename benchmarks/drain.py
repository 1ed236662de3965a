"""A backlog under Slack's limits, in the time of a clock that jumps: how long it takes to drain.

The bridge and both stand-ins run in this process, and the stand-in refuses what Slack would refuse.
"""

from __future__ import annotations

# isort: off
from benchmarks import clock

clock.install()  # before anything else takes a clock in hand
# isort: on

import asyncio  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402
from collections.abc import Mapping  # noqa: E402
from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks.report import arguments, say, write  # noqa: E402
from benchmarks.side import Side, serve_side  # noqa: E402
from bridgebot import app  # noqa: E402
from bridgebot.sandbox.slack.state import Channel  # noqa: E402
from bridgebot.sandbox.slack.workspace import Workspace  # noqa: E402
from bridgebot.settings import load_settings  # noqa: E402
from bridgebot.slack.timekeeper import Timekeeper  # noqa: E402
from bridgebot.telemetry import configure_logging  # noqa: E402
from tests.e2e.world import ANNA, BOT, PROPERTY  # noqa: E402

CHANNELS = (1, 4, 10)
PATIENCE = 10_000_000.0


class Seen:
    """Counts what is posted, by its kind, and which messages are shown."""

    def __init__(self, workspace: Workspace) -> None:
        self.posts: Counter[str] = Counter()
        self.messages: set[str] = set()
        self._workspace = workspace
        workspace.watch(self._see)

    def _see(self, change: Mapping[str, Any]) -> None:
        if change["type"] != "message":
            return
        post = self._workspace.message(change["channel"], change["ts"])
        about = post.get("metadata") or {}
        kind = about.get("event_type", "")
        self.posts[kind] += 1
        if kind == "bridgebot_message":
            self.messages.add(about["event_payload"]["message_id"])


def _open_channels(side: Side, count: int) -> dict[str, str]:
    """Give each of so many properties a channel of its own."""
    booking, workspace = side.world.booking.booking, side.world.slack.workspace
    found: dict[str, str] = {}
    for number in range(count):
        place, channel = str(int(PROPERTY) + number), f"C0PLACE{number}"
        booking.add_property(place, f"Hotel {number}")
        members = {BOT.user_id, ANNA}
        workspace.add_channel(Channel(channel, f"place-{number}", members=members))
        found[place] = channel
    booking.accounts["id"].properties = frozenset(found)
    return found


async def drain(messages: int, channels: int) -> dict[str, Any]:
    """Let a backlog drain; return what it took."""
    real = time.perf_counter()
    async with serve_side(SLACK_POSTS_PER_SECOND="1", BOOKING_POLL_SECONDS="5") as side:
        side.world.slack.limits.now = clock.now
        side.world.slack.limits.enabled = True
        side.world.slack.workspace.now = clock.now
        side.world.booking.booking.now = clock.utc_now
        places = _open_channels(side, channels)
        seen = Seen(side.world.slack.workspace)
        _write(side, list(places), messages)
        side.world.more |= {"CHANNELS": json.dumps(places), "GUESTS_CHANNEL": places[PROPERTY]}
        took = await _until(side, seen, messages)
        limited = side.world.slack.limits.limited
    say(f"{channels} channels: {took / 3600:.2f} h, {limited} refusals")
    return {
        "channels": channels,
        "messages": messages,
        "roots": seen.posts["bridgebot_thread"],
        "twice": seen.posts["bridgebot_message"] - len(seen.messages),
        "alerts": seen.posts["bridgebot_alert"],
        "hours": round(took / 3600, 2),
        "posts_per_second": round(seen.posts.total() / took, 2),
        "refused_by_slack": limited,
        "real_seconds": round(time.perf_counter() - real, 1),
    }


def _write(side: Side, places: list[str], messages: int) -> None:
    """Let guests of all places write, ten messages in a conversation."""
    for number in range(messages):
        place = places[number % len(places)]
        name = f"g{number % max(len(places), messages // 10)}-{place}"
        if name not in side.world.booking.booking.conversations:
            side.world.conversation(name, property_id=place)
        side.world.guest(name, f"message {number}")


async def _until(side: Side, seen: Seen, messages: int) -> float:
    """Run the bridge until so many messages are shown; return the seconds it took by the clock."""
    os.environ.update(side.world.environment())
    before = Path.cwd()
    os.chdir(side.world.directory)
    running = asyncio.create_task(app.run(load_settings()))
    began = clock.monotonic()
    while len(seen.messages) < messages:
        if running.done():
            await running
            raise SystemExit("the bridge has stopped")
        await asyncio.sleep(5)
    took = clock.monotonic() - began
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    os.chdir(before)
    return took


async def run(messages: int) -> dict[str, Any]:
    """Measure with one channel and with several."""
    return {"drains": [await drain(messages, channels) for channels in CHANNELS]}


def main() -> None:
    """Measure, and write the figures."""
    parser = arguments("drain", __doc__ or "")
    parser.add_argument("--messages", type=int, default=10_000)
    told = parser.parse_args()
    if told.short:
        told.messages = min(told.messages, 200)
    # A line for each post would cost as much as the post.
    configure_logging("warning", "json", sys.stderr)
    app.utc_now = clock.utc_now  # type: ignore[attr-defined]
    app.Timekeeper = partial(Timekeeper, clock.utc_now, clock.monotonic)  # type: ignore[assignment, attr-defined]
    with asyncio.Runner(loop_factory=clock.new_loop) as runner:
        figures = runner.run(run(told.messages))
    write(told, figures)


if __name__ == "__main__":
    main()
