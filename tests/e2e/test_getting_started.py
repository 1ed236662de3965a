"""From an empty folder to an answered guest, with the commands of the page and no others."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import site
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import yaml

from bridgebot.sandbox.slack.manifests import install
from bridgebot.sandbox.slack.state import App, Channel
from tests.e2e.terminal import Terminal, terminal
from tests.e2e.test_metrics import free_port
from tests.e2e.told import payload_of
from tests.e2e.world import ANNA, PROPERTY, World

pytestmark = pytest.mark.e2e

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "getting-started.md").read_text("utf-8")
DESK, ALARMS = "C0DESK", "C0ALARMS"
# What a checkout holds of which the program is made.
PARTS = ("bridgebot", "manifest.yml", "pyproject.toml", "README.md", "LICENSE")
# "goes to the guest after five seconds"
SECONDS = {"five": 5}[re.findall(r"after (\w+) seconds", PAGE)[0]]
POINTED = ("SLACK_API_URL", "BOOKING_API_URL", "BOOKING_TOKEN_URL")


def commands() -> list[str]:
    """List what the page tells people to type, in its order."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def further(typed: Sequence[str]) -> list[str]:
    """List the commands that stand in the page's sentences alone."""
    return [line for line in re.findall(r"`(bridgebot [^`]+)`", PAGE) if line not in typed]


@dataclass(slots=True)
class Walk:
    """Somebody who follows the page: a terminal, and what they do in Slack meanwhile."""

    world: World
    folder: Path
    shell: Terminal
    app: App | None = None

    def steps(self) -> Mapping[str, Callable[[str], Awaitable[None]]]:
        """Tell what is done at each command of the page."""
        return {
            "python3 -m venv .venv && . .venv/bin/activate": self.environment,
            "pip install .": self.plain,
            "bridgebot demo": self.demo,
            "bridgebot manifest --link": self.manifest,
            "bridgebot init": self.init,
            "bridgebot doctor": self.plain,
            "bridgebot run": self.run,
        }

    async def plain(self, line: str) -> None:
        """Run a command to its end."""
        await self.shell.run(line)

    async def environment(self, line: str) -> None:
        """Make the environment; the packages that a registry would give are those of the tests."""
        await self.shell.run(line)
        (packages,) = self.folder.glob(".venv/lib/python3*/site-packages")
        (packages / "registry.pth").write_text("\n".join(site.getsitepackages()))

    async def demo(self, line: str) -> None:
        """Open the address it prints, write as a guest, answer in the thread; then Ctrl-C."""
        self.shell.type(line)
        found = await self.shell.until(r"http://127\.0\.0\.1:\d+/|Port \d+ cannot be used")
        if found[0].startswith("Port"):
            # Something else of this machine has the port: it says what to do.
            await self.shell.done()
            self.shell.type(f"{line} --port 0")
            found = await self.shell.until(r"http://127\.0\.0\.1:\d+/")
        async with httpx.AsyncClient(base_url=found[0], trust_env=False, timeout=30) as http:
            await _play(http)
        self.shell.interrupt()
        assert await self.shell.done() == 0
        assert list((self.folder / "tmp").iterdir()) == []
        assert {each.name for each in self.folder.iterdir()} == {*PARTS, ".venv", "tmp"}

    async def manifest(self, line: str) -> None:
        """Create the app by the address, make the two channels, and invite it."""
        told = await self.shell.run(line)
        address = urlsplit(re.findall(r"https://api\.slack\.com/\S+", told)[0])
        workspace = self.world.slack.workspace
        self.app = install(workspace, yaml.safe_load(parse_qs(address.query)["manifest_yaml"][0]))
        assert self.app.name in PAGE, "the name to invite"
        for channel, name in ((DESK, "guests-desk"), (ALARMS, "alarms")):
            members = {ANNA, self.app.user_id}
            workspace.add_channel(Channel(channel, name, private=True, members=members))

    async def init(self, line: str) -> None:
        """Answer what it asks; no secret is seen while it is typed, and ``.env`` is one's own."""
        assert self.app is not None
        secrets = (self.app.bot_token, self.app.app_token, "secret")
        answers = (*secrets[:2], DESK, ALARMS, "id", secrets[2], PROPERTY)
        start = len(self.shell.seen)
        self.shell.type(line)
        for number, answer in enumerate(answers, start=1):
            await self.shell.until(rf"{number}/{len(answers)} .*(?s:.*?)  : ")
            self.shell.type(answer)
        assert await self.shell.done() == 0, self.shell.seen
        shown = self.shell.seen[start:]
        assert not any(token in shown for token in secrets[:2])
        assert ": secret" not in shown
        assert (self.folder / ".env").stat().st_mode & 0o777 == 0o600

    async def run(self, line: str) -> None:
        """Let a guest write and Anna answer; a note stays inside. Then Ctrl-C."""
        self.shell.type(line)
        await self.shell.until(r"\] ready ")
        message = self.world.guest("c1", "Is there a cot?")
        await self.world.until(lambda: self.posts(message))
        thread = self.posts(message)[0]["thread_ts"]
        self.say("// Room 12", thread)
        written = float(self.say("Yes, it is ready.", thread))
        await self.world.until(lambda: self.world.got("c1") == ["Yes, it is ready."])
        sent = self.world.booking.booking.conversations["c1"].messages[-1]
        assert sent.at.timestamp() - written >= SECONDS
        self.shell.interrupt()
        assert await self.shell.done() == 0

    def posts(self, message: str) -> list[dict[str, Any]]:
        """List the posts of a guest's message."""
        return [
            post
            for post in self.world.messages(DESK)
            if payload_of(post, "bridgebot_message").get("message_id") == message
        ]

    def say(self, text: str, thread: str) -> str:
        """Let Anna write in a thread."""
        return self.world.slack.workspace.person_writes(ANNA, DESK, text, thread_ts=thread)


async def _play(http: httpx.AsyncClient) -> None:
    """Play both parts on the demo's page, as its buttons do, until the guest has the answer."""
    assert "bridgebot" in (await http.get("/")).text
    state: dict[str, Any] = {}

    async def look() -> None:
        state.update((await http.get("/sandbox/state")).json())

    async def until(true: Callable[[], object]) -> None:
        for _ in range(600):
            await look()
            if true():
                return
            await asyncio.sleep(0.1)
        raise AssertionError(state["figures"])

    await until(lambda: state["figures"]["threads"] == 15)
    guest = next(iter(state["conversations"]))
    await http.post(f"/sandbox/guests/{guest}/messages", json={"text": "Hello from the phone"})
    await until(lambda: "Hello from the phone" in str(state["posts"]))
    root = next(
        each
        for each in state["posts"].values()
        if each["conversation_id"] == guest and not each["thread_ts"]
    )
    words = {"channel": root["channel"], "thread_ts": root["ts"], "text": "And from the desk"}
    person = next(iter(state["people"]))
    await http.post(f"/sandbox/people/{person}/messages", json=words)
    await until(lambda: state["figures"]["posted_to_guest"] == 1)


@pytest.fixture
async def walk(world: World, tmp_path: Path) -> AsyncIterator[Walk]:
    """Give a folder that holds the program's source and nothing else, and a shell in it."""
    folder = tmp_path / "folder"
    (folder / "tmp").mkdir(parents=True)
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    async with terminal(folder, _environment(world, folder)) as shell:
        yield Walk(world, folder, shell)


def _environment(world: World, folder: Path) -> dict[str, str]:
    """Make the environment of somebody who has set nothing but where the sandbox is."""
    full = world.environment()
    kept = {
        key: value
        for key, value in full.items()
        if not key.startswith(("BRIDGEBOT_", "PIP_", "PYTHON", "VIRTUAL_ENV", "COVERAGE_"))
    }
    own = {f"BRIDGEBOT_{name}": full[f"BRIDGEBOT_{name}"] for name in POINTED}
    return {
        **kept,
        **own,
        "BRIDGEBOT_HTTP_BIND": f"127.0.0.1:{free_port()}",
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "TMPDIR": str(folder / "tmp"),
        "BROWSER": "true",
        # No registry is asked: what is needed is there. (0 is how pip has this one switched on.)
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


async def test_from_an_empty_folder_to_an_answered_guest(walk: Walk) -> None:
    """Each command stands in the page, in this order, and does there what the page says."""
    steps = walk.steps()
    typed = commands()

    assert typed == list(steps)
    for line in typed:
        await steps[line](line)
    for line in further(typed):
        await walk.shell.run(line)
    assert walk.world.got("c1") == ["Yes, it is ready."]
