"""What a hotel would use instead: a Node-RED flow, as built in an afternoon and once with care.

The flows do half of the job: guests' messages go to Slack, replies do not come back. Node-RED is
taken from the npm registry: ``npm install --prefix DIRECTORY node-red@4``. An n8n flow takes part
where n8n is installed; CONTRIBUTING.md says how.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import n8n
from benchmarks.process import Child
from benchmarks.report import arguments, say, write
from benchmarks.side import AWAY, AWAY_MESSAGES, Side, serve_side
from tests.e2e.world import BOT, GUESTS

FLOWS = Path(__file__).parent / "flows"
QUIET = 5.0
"""Seconds without a change after which nothing more is expected."""

NODE_RED = ("bridgebot", "careful", "afternoon")
PER_CONVERSATION = 10


@dataclass(frozen=True, slots=True)
class Places:
    """Where npm installed what is compared."""

    node_red: Path
    n8n: Path | None = None

    @property
    def kinds(self) -> tuple[str, ...]:
        """Name what can be compared."""
        return NODE_RED if self.n8n is None else (*NODE_RED, "n8n")

    def versions(self) -> dict[str, str]:
        """Read which versions are installed."""
        package = self.node_red / "node_modules/node-red/package.json"
        found = {"node_red": json.loads(package.read_text(encoding="utf-8"))["version"]}
        return found if self.n8n is None else {**found, "n8n": n8n.version(self.n8n)}


@dataclass(slots=True)
class Runner:
    """Starts one of the things compared, again and again in the same place."""

    kind: str
    side: Side
    places: Places

    async def start(self) -> Child:
        """Start it, and wait until it says that it works."""
        if self.kind == "bridgebot":
            return await self.side.start_bridge()
        if self.kind == "n8n":
            return await self._n8n()
        return await self._node_red()

    async def _node_red(self) -> Child:
        home = self.side.world.directory
        shutil.copy(FLOWS / "settings.js", home)
        (home / "flows.json").write_text(json.dumps(_flow(self.kind)), encoding="utf-8")
        (home / "package.json").write_text('{"name": "flows"}', encoding="utf-8")
        more = {"FLOW_FILE": str(home / "kept.jsonl"), "FLOW_PORT": str(_free_port())}
        program = str(self.places.node_red / "node_modules/node-red/red.js")
        return await self._node(b"Started flows", more, program, "--userDir", str(home))

    async def _n8n(self) -> Child:
        assert self.places.n8n is not None  # noqa: S101 - else it is not among the kinds
        home = self.side.world.directory
        settings = n8n.environment(home, _free_port())
        await n8n.bring_in(self.places.n8n, home, settings)
        return await self._node(n8n.READY, settings, str(self.places.n8n / n8n.PROGRAM), "start")

    async def _node(self, ready: bytes, more: Mapping[str, str], *arguments: str) -> Child:
        world = self.side.world
        told = {"BARE_BASE": self.side.base, "BARE_CHANNEL": GUESTS, "BARE_TOKEN": BOT.bot_token}
        with world.log.open("ab") as log:
            before = log.tell()
            world.process = await asyncio.create_subprocess_exec(
                "node", *arguments, env={**os.environ, **told, **more}, stdout=log, stderr=log
            )
        await world.until(lambda: ready in world.log.read_bytes()[before:], 60)
        return self.side.child


def _flow(kind: str) -> list[dict[str, Any]]:
    if kind == "afternoon":
        found: list[dict[str, Any]] = json.loads((FLOWS / "afternoon.json").read_text("utf-8"))
        return found
    code = (FLOWS / "careful.js").read_text(encoding="utf-8")
    libs = [{"var": name, "module": name} for name in ("http", "fs")]
    tick = {"once": True, "onceDelay": 0.1, "repeat": "1", "props": [], "wires": [["work"]]}
    work = {"func": code, "libs": libs, "outputs": 0, "wires": []}
    return [
        {"id": "tab", "type": "tab", "label": "guests to Slack"},
        {"id": "tick", "z": "tab", "type": "inject", **tick},
        {"id": "work", "z": "tab", "type": "function", **work},
    ]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def _runner(kind: str, places: Places) -> AsyncIterator[Runner]:
    async with serve_side(BOOKING_POLL_SECONDS="1") as side:
        yield Runner(kind, side, places)


async def _quiet(side: Side) -> None:
    """Wait until nothing has changed for a while."""
    last, since = -1, time.perf_counter()
    while time.perf_counter() - since < QUIET:
        if side.counts["message"] != last:
            last, since = side.counts["message"], time.perf_counter()
        await asyncio.sleep(0.1)


def _fault(where: str, kind: str, times: int) -> Callable[[Side], None]:
    def add(side: Side) -> None:
        faults: Any = side.world.slack.faults if where.startswith("chat") else None
        faults = faults or side.world.booking.faults
        faults.add(where, kind, times=times, **({"seconds": 1.0} if kind == "429" else {}))

    return add


async def _plain(runner: Runner, prepare: Callable[[Side], None] | None = None) -> int:
    await runner.start()
    if prepare is not None:
        prepare(runner.side)
    runner.side.fill(40, 1)
    return 40


async def _restarted(runner: Runner) -> int:
    await runner.start()
    for number in range(40):
        runner.side.world.guest("g0", f"text (g-{number})")
        if number == 19:  # noqa: PLR2004 - half of them
            await _quiet(runner.side)
            await runner.side.world.stop()
            await runner.start()
    return 40


async def _killed(runner: Runner) -> int:
    await runner.start()
    runner.side.fill(60, 1)
    await runner.side.until("message", 20)
    await runner.side.world.kill()
    await runner.start()
    return 60


TRIALS: dict[str, Callable[[Runner], Awaitable[int]]] = {
    "40 messages": _plain,
    "two 429s": lambda each: _plain(each, _fault("chat.postMessage", "429", 2)),
    "three failed confirms": lambda each: _plain(each, _fault("messages.confirm", "500", 3)),
    "Slack's answer lost": lambda each: _plain(each, _fault("chat.postMessage", "drop_after", 1)),
    "restart": _restarted,
    "kill -9 among 60": _killed,
}


async def trial(kind: str, name: str, places: Places) -> dict[str, int]:
    """Let one thing happen, and count what came of it."""
    async with _runner(kind, places) as runner:
        messages = await TRIALS[name](runner)
        await _quiet(runner.side)
        lost, twice = runner.side.once(messages)
        roots = [
            each
            for each in runner.side.world.messages()
            if each.get("thread_ts") in {None, each["ts"]}
        ]
        return {"threads": len(roots), "lost": lost, "twice": twice}


async def throughput(
    kind: str, messages: int, places: Places, away: float = 0.0
) -> dict[str, float]:
    """Carry messages of many conversations; messages a second, CPU for each, memory.

    Each answer takes ``away`` seconds.
    """
    async with _runner(kind, places) as runner:
        child = await runner.start()
        await child.calm()
        runner.side.away(away)
        idle, cpu, began = child.memory(), child.cpu(), time.perf_counter()
        runner.side.fill(messages, messages // PER_CONVERSATION)
        ends = 0.0
        last = 0
        while time.perf_counter() - began < 600:  # noqa: PLR2004 - ten minutes, then it has hung
            if runner.side.counts["message"] != last:
                last, ends = runner.side.counts["message"], time.perf_counter()
            if runner.side.world.queued() == 0 and time.perf_counter() - ends > QUIET:
                break
            await asyncio.sleep(0.02)
        lost, twice = runner.side.once(messages)
        return {
            "rate": round((messages - lost) / (ends - began), 1),
            "cpu_ms": round((child.cpu() - cpu) / messages * 1000, 2),
            "idle_mb": round(idle, 1),
            "peak_mb": round(child.peak(), 1),
            "lost": lost,
            "twice": twice,
        }


async def run(places: Places, messages: int) -> dict[str, Any]:
    """Measure all in turn."""
    fewer = min(messages, AWAY_MESSAGES)
    found: dict[str, Any] = {"messages": messages, "throughput": {}, "trials": {}}
    found["away"] = {"away_ms": AWAY * 1000, "messages": fewer, "throughput": {}}
    for kind in places.kinds:
        found["throughput"][kind] = await throughput(kind, messages, places)
        say(f"{kind}: {found['throughput'][kind]}")
        found["away"]["throughput"][kind] = await throughput(kind, fewer, places, AWAY)
        say(f"{kind}, {AWAY * 1000:g} ms away: {found['away']['throughput'][kind]}")
    for name in TRIALS:
        found["trials"][name] = {kind: await trial(kind, name, places) for kind in places.kinds}
        say(f"{name}: {found['trials'][name]}")
    return {**found, **places.versions()}


def main() -> None:
    """Measure, and write the figures."""
    parser = arguments("nodered", __doc__ or "")
    parser.add_argument("--node-red", type=Path, required=True, help="where npm installed it")
    parser.add_argument("--n8n", type=Path, help="where npm installed n8n; without it, no n8n")
    parser.add_argument("--messages", type=int, default=2_000)
    told = parser.parse_args()
    if told.short:
        told.messages = 200
    write(told, asyncio.run(run(Places(told.node_red, told.n8n), told.messages)))


if __name__ == "__main__":
    main()
