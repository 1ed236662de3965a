"""Staff to guest: when Slack is answered and the guest has a reply, beside a bare Bolt app."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmarks.postgres import database
from benchmarks.report import arguments, percentile, say, spread, write
from benchmarks.side import AWAY, Side, serve_side
from bridgebot.sandbox.slack.socket import Envelope
from tests.e2e.world import ANNA, BOT, GUESTS, PROPERTY


class Level(NamedTuple):
    """How replies are written: so many in flight, each so long after the last, to one so far off.

    ``pause`` and ``away`` are seconds; ``away`` is what each answer of both sides takes.
    """

    at_once: int
    pause: float = 0.0
    away: float = 0.0

    @property
    def name(self) -> str:
        """Name it as the table does."""
        pause = f", {self.pause * 1000:g} ms apart" if self.pause else ""
        return f"{self.at_once}{pause}" + (f", {self.away * 1000:g} ms away" if self.away else "")

    def count(self, replies: int) -> int:
        """Tell how many are written: fewer where they take their time."""
        return replies if self.at_once > 1 or not self.pause + self.away else replies // 3


LEVELS = (
    Level(1),
    Level(10),
    Level(50),
    Level(1, pause=0.1),
    Level(1, away=AWAY),
    Level(50, away=AWAY),
)
MOST = max(level.at_once for level in LEVELS)
WARM = 30
SETTINGS = {"UNDO_SECONDS": "0", "BOOKING_POLL_SECONDS": "5"}


@dataclass(slots=True)
class Watch:
    """Times of replies: written, acknowledged by the app, with the guest."""

    side: Side
    written: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, float] = field(default_factory=dict)
    delivered: dict[str, float] = field(default_factory=dict)
    arrived: dict[str, asyncio.Event] = field(default_factory=dict)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def install(self) -> None:
        """Watch both sides."""
        sockets = self.side.world.slack.sockets
        send = sockets.send

        def watched(envelope: Envelope) -> None:
            send(envelope)
            event = envelope.payload.get("event", {})
            if event.get("user") == ANNA and "subtype" not in event:
                waiting = self._acknowledgement(envelope, event["text"])
                self.waiting.append(asyncio.ensure_future(waiting))

        sockets.send = watched  # type: ignore[method-assign]
        self.side.world.booking.booking.watch(self._booking)

    async def _acknowledgement(self, envelope: Envelope, words: str) -> None:
        await envelope.done.wait()
        self.acknowledged[words] = time.perf_counter()

    def _booking(self, change: Mapping[str, Any]) -> None:
        if change["type"] != "message" or change["sender"] != "property":
            return
        conversation = self.side.world.booking.booking.conversations[change["conversation"]]
        words = conversation.messages[-1].content
        if words in self.delivered:
            raise SystemExit(f"a reply came twice: {words}")
        self.delivered[words] = time.perf_counter()
        self.arrived[words].set()

    async def reply(self, thread: str, words: str) -> None:
        """Write one reply and wait until the guest has it."""
        self.arrived[words] = asyncio.Event()
        self.written[words] = time.perf_counter()
        self.side.world.reply(thread, words)
        async with asyncio.timeout(60):
            await self.arrived[words].wait()

    def times(self, ends: Mapping[str, float], prefix: str) -> dict[str, float]:
        """Tell median and 99th percentile in milliseconds of the replies of one level."""
        all_ms = [
            (ends[words] - began) * 1000
            for words, began in self.written.items()
            if words.startswith(prefix)
        ]
        return {
            "median": round(statistics.median(all_ms), 2),
            "p99": round(percentile(all_ms, 99), 2),
        }


async def _write(watch: Watch, threads: list[str], level: Level, replies: int, name: str) -> None:
    """Keep so many replies in flight, each in a thread of its own, until enough were written.

    Threads take turns: nobody answers one guest a thousand times.
    """
    watch.side.away(level.away)
    numbers, free = iter(range(replies)), deque(threads)

    async def one() -> None:
        for number in numbers:
            thread = free.popleft()
            await watch.reply(thread, f"{name} reply {number}")
            free.append(thread)
            if level.pause:
                await asyncio.sleep(level.pause)

    await asyncio.gather(*(one() for _ in range(level.at_once)))
    await watch.side.child.calm()


async def _measure(watch: Watch, threads: list[str], replies: int) -> dict[str, Any]:
    await _write(watch, threads, Level(10), WARM, "warm")
    found: dict[str, Any] = {}
    for level in LEVELS:
        name = f"level {level.name}:"
        await _write(watch, threads, level, level.count(replies), name)
        found[level.name] = {
            "acknowledged": watch.times(watch.acknowledged, name),
            "delivered": watch.times(watch.delivered, name),
        }
    return found


async def bridge(replies: int, server: str | None) -> dict[str, Any]:
    """Measure the bridge."""
    async with database(server) as more, serve_side(**SETTINGS, **more) as side:
        await side.start_bridge()
        side.fill(MOST, MOST)
        await side.until("message", 2 * MOST)
        await side.child.calm()
        names = (f"g{number}" for number in range(MOST))
        threads = [str((side.world.root(name) or {})["ts"]) for name in names]
        watch = Watch(side)
        watch.install()
        return await _measure(watch, threads, replies)


async def bare(replies: int) -> dict[str, Any]:
    """Measure the bare app, in threads that are made for it."""
    async with serve_side() as side:
        workspace = side.world.slack.workspace
        channel, places = workspace.channels[GUESTS], {}
        for number in range(MOST):
            name = side.world.conversation(f"g{number}")
            root = workspace.of_bot(BOT) | {"text": name}
            ts = workspace.add_message(channel, root, thread_ts=None)["ts"]
            places[str(ts)] = f"/properties/{PROPERTY}/conversations/{name}"
        await side.start_other("benchmarks.bare_bolt", BARE_THREADS=json.dumps(places))
        watch = Watch(side)
        watch.install()
        return await _measure(watch, list(places), replies)


async def run(replies: int, rounds: int, server: str | None) -> dict[str, Any]:
    """Measure all in turn, round after round."""
    sides: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {
        "bolt": lambda: bare(replies),
        "sqlite": lambda: bridge(replies, None),
    }
    if server:
        sides["postgresql"] = lambda: bridge(replies, server)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for turn in range(rounds):
        for name, measure in sides.items():
            found[name].append(await measure())
            say(f"round {turn + 1}, {name}: {found[name][-1]}")
    return {
        "replies": replies,
        "rounds": rounds,
        "levels": [level.name for level in LEVELS],
        "ms": {
            name: _over(each, lambda time, _bare: time, found["bolt"])
            for name, each in found.items()
        },
        "ratio": {
            name: _over(each, lambda time, of_bare: time / of_bare, found["bolt"])
            for name, each in found.items()
        },
    }


def _over(
    rounds: list[dict[str, Any]],
    figure: Callable[[float, float], float],
    bare_rounds: list[dict[str, Any]],
) -> dict[str, Any]:
    """Tell the spread over all rounds of a figure that is made of a time and the bare app's."""
    return {
        level: {
            end: {
                part: spread(
                    [
                        figure(ours[level][end][part], theirs[level][end][part])
                        for ours, theirs in zip(rounds, bare_rounds, strict=True)
                    ],
                    2,
                )
                for part in parts
            }
            for end, parts in ends.items()
        }
        for level, ends in rounds[0].items()
    }


def main() -> None:
    """Measure, and write the figures."""
    parser = arguments("reply", __doc__ or "")
    parser.add_argument("--replies", type=int, default=1000, help="for each level")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", help="a server on which databases may be created")
    told = parser.parse_args()
    if told.short:
        told.replies, told.rounds = min(told.replies, 150), 1
    write(told, asyncio.run(run(told.replies, told.rounds, told.postgres)))


if __name__ == "__main__":
    main()
