"""A long time in a short one: many messages, faults on both sides, ``kill -9`` over and over."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.told import DELIVERED, REFUSED, payload_of, questions
from tests.e2e.world import World, serve
from tests.nodes.cluster import cluster
from tests.nodes.fleet import fleet

CONVERSATIONS = 120
TICK = 0.1
FAULT_EVERY = 2.0
PATIENCE = 90.0
SETTINGS = {
    "BOOKING_POLL_SECONDS": "0.3",
    "UNDO_SECONDS": "1",
    "SETTLE_SECONDS": "2",
    "LOG_LEVEL": "info",
}
NODES = {"UNDO_SECONDS": "3"}
"""An event that a killed node took comes again, to another one, after a second."""

BOOKING = (
    ("messages.latest", ("drop_after", "500", "429", "duplicate", "redeliver", "html")),
    ("messages.confirm", ("drop_before", "drop_after", "500", "503")),
    ("conversations.post", ("drop_before", "drop_after", "500", "503", "429")),
)
SLACK = (
    ("chat.postMessage", ("drop_before", "drop_after", "internal_error", "500", "429")),
    ("reactions.add", ("drop_after", "503")),
    ("*", ("429", "delay")),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much happens."""

    messages: int = 10_000
    replies: int = 2_000
    kills: int = 100
    rate: float = 40.0
    """Guest messages a second."""
    restarts: int = 0
    """How often the database is ended in the middle of everything and started again."""
    cuts: bool = True
    """Whether sockets are cut; a short cut may put replies out of order."""


@dataclass(kw_only=True, slots=True)
class Figures:
    """What came of it."""

    messages: int = 0
    replies: int = 0
    kills: int = 0
    restarts: int = 0
    struck: int = 0
    asked: int = 0
    refused: int = 0
    """Replies that were given up, as their authors were told."""
    lost: int = 0
    twice: int = 0
    out_of_order: int = 0
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Tell whether nothing is lost, twice, out of order or given up, and nobody was asked."""
        return self.lost == self.twice == self.out_of_order == self.refused == self.asked == 0


@dataclass(slots=True)
class Soak:
    """Writes, disturbs and kills, then waits for calm and counts."""

    world: World
    size: Size
    dice: random.Random
    say: Callable[[str], None] = lambda _line: None
    nodes: list[World] = field(default_factory=list)
    restart: Callable[[], Awaitable[None]] | None = None
    figures: Figures = field(default_factory=Figures)
    _guests: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    _replies: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    _roots: dict[str, str] = field(default_factory=dict)

    async def run(self) -> Figures:
        """Do it all."""
        began = time.monotonic()
        self.nodes = self.nodes or [self.world]
        for node in self.nodes:
            await node.start(seconds=PATIENCE)
        people = asyncio.create_task(self._people())
        trouble = asyncio.create_task(self._trouble())
        await self._kills(people)
        trouble.cancel()
        self.world.booking.faults.clear()
        self.world.slack.faults.clear()
        await self._calm()
        self._count()
        self.figures.seconds = time.monotonic() - began
        return self.figures

    async def _people(self) -> None:
        """Let guests write at a steady rate, and staff answer where a thread is open."""
        share = self.size.replies / self.size.messages
        while self.figures.messages < self.size.messages:
            for _ in range(max(1, round(self.size.rate * TICK))):
                name = f"c{self.dice.randrange(CONVERSATIONS)}"
                self._guests[name].append(self.world.guest(name, f"message {self.dice.random()}"))
                self.figures.messages += 1
                if self.figures.replies < share * self.figures.messages:
                    self._answer()
            await asyncio.sleep(TICK)
        while self.figures.replies < self.size.replies:
            self._answer()
            await asyncio.sleep(TICK / 4)

    def _answer(self) -> None:
        if len(self._roots) < CONVERSATIONS:
            self._find_roots()
        if not self._roots:
            return
        name = self.dice.choice(list(self._roots))
        # Equal words, again and again: each of them must arrive.
        text = self.dice.choice(["ok", "yes", f"line {self.figures.replies}"])
        ts = self.world.reply(self._roots[name], text)
        self._replies[name].append((ts, text))
        self.figures.replies += 1

    def _find_roots(self) -> None:
        for post in self.world.messages():
            payload = payload_of(post, "bridgebot_thread")
            if payload:
                self._roots.setdefault(str(payload["conversation_id"]), str(post["ts"]))

    async def _trouble(self) -> None:
        while True:
            for faults, table in (
                (self.world.booking.faults, BOOKING),
                (self.world.slack.faults, SLACK),
            ):
                where, kinds = self.dice.choice(table)
                kind = self.dice.choice(kinds)
                faults.add(where, kind, times=2, chance=0.5, seconds=0.3)  # type: ignore[arg-type]
            if self.size.cuts and self.dice.random() < 0.2:
                self.world.slack.sockets.cut()
            self.world.slack.sockets.duplicating += 1
            await asyncio.sleep(FAULT_EVERY)

    async def _kills(self, people: asyncio.Task[None]) -> None:
        """Kill the process at even distances until everything is written."""
        while not people.done() or self.figures.kills < self.size.kills:
            await asyncio.sleep(TICK)
            if self._due(self.size.kills, self.figures.kills, people):
                await asyncio.sleep(self.dice.random())
                await self._kill(self.dice.choice(self.nodes))
                self.say(
                    f"{self.figures.messages} written, {self.figures.replies} answered, "
                    f"{self.figures.kills} kills, {self.world.queued()} queued"
                )
            if self.restart and self._due(self.size.restarts, self.figures.restarts, people):
                self.figures.restarts += 1
                await self.restart()
                self.say(f"{self.figures.restarts} restarts of the database")
        await people

    def _due(self, wanted: int, done: int, people: asyncio.Task[None]) -> bool:
        """Tell whether it is time for the next of so many, at even distances."""
        every = self.size.messages / (wanted + 1)
        return done < wanted and (people.done() or self.figures.messages >= every * (done + 1))

    async def _kill(self, node: World) -> None:
        """End a node hard; it is started again, some seconds later where others go on."""
        await node.kill()
        self.figures.kills += 1
        if len(self.nodes) > 1:
            await asyncio.sleep(4 * self.dice.random())
        await node.start(seconds=PATIENCE)

    async def _calm(self) -> None:
        """Wait until all is done, or nothing has changed for long."""
        end, before = time.monotonic() + PATIENCE, (0, 0)
        while time.monotonic() < end:
            await asyncio.sleep(1.0)
            posted = {each for ids in self._shown().values() for each in ids}
            wanted = sum(map(len, self._guests.values()))
            marks = [self.world.marks(ts) for each in self._replies.values() for ts, _ in each]
            waiting = sum(not {DELIVERED, REFUSED} & set(each) for each in marks)
            self.say(f"{len(posted)} of {wanted} shown, {waiting} replies open")
            if (len(posted), waiting) != before:
                end, before = time.monotonic() + PATIENCE, (len(posted), waiting)
            if len(posted) >= wanted and not waiting and not self.world.queued():
                return

    def _shown(self) -> Mapping[str, list[str]]:
        """List the message ids that stand in Slack, by thread, in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for post in self.world.messages():
            payload = payload_of(post, "bridgebot_message")
            if payload:
                found[str(post.get("thread_ts"))].append(str(payload["message_id"]))
        return found

    def _count(self) -> None:
        self._find_roots()
        shown = self._shown()
        figures = self.figures
        figures.struck = self.world.booking.faults.struck + self.world.slack.faults.struck
        figures.asked = questions(self.world.messages())
        marks = [self.world.marks(ts) for each in self._replies.values() for ts, _ in each]
        figures.refused = sum(REFUSED in each for each in marks)
        threads = sum(bool(payload_of(each, "bridgebot_thread")) for each in self.world.messages())
        figures.twice += threads - len(self._roots)
        for name, wanted in self._guests.items():
            self._compare(wanted, shown.get(self._roots.get(name, ""), []))
        for name, written in self._replies.items():
            sure = [text for ts, text in written if REFUSED not in self.world.marks(ts)]
            self._compare(sure, self.world.got(name))

    def _compare(self, wanted: list[str], got: list[str]) -> None:
        for each in set(wanted) | set(got):
            difference = got.count(each) - wanted.count(each)
            self.figures.lost += max(0, -difference)
            self.figures.twice += max(0, difference)
        if sorted(got) == sorted(wanted):
            self.figures.out_of_order += sum(a != b for a, b in zip(got, wanted, strict=True))


async def soak(
    directory: Path,
    size: Size,
    *,
    seed: int = 0,
    say: Callable[[str], None] = lambda _line: None,
    **more: str,
) -> Figures:
    """Run a soak in a directory; return its figures."""
    async with serve(directory, **{**SETTINGS, **more}) as world:
        return await Soak(world, size, random.Random(seed), say).run()  # noqa: S311 - repeatable


async def soak_nodes(
    directory: Path,
    size: Size,
    number: int,
    *,
    seed: int = 0,
    say: Callable[[str], None] = lambda _line: None,
) -> Figures:
    """Run a soak with several nodes on a PostgreSQL server of its own, which is restarted too."""
    dice = random.Random(seed)  # noqa: S311 - repeatable
    settings = {**SETTINGS, **NODES}
    async with (
        cluster() as server,
        fleet(directory, number, server.address, **settings) as made,
    ):
        work = Soak(made.world, size, dice, say, nodes=made.nodes, restart=server.restart)
        figures = await work.run()
        await made.stop()
        return figures
