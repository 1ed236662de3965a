"""The bot as its own process, exactly as it is shipped, pointed at the stand-ins."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import bridgebot
from bridgebot.sandbox import world
from bridgebot.sandbox.console.catalogue import NOTIFICATIONS

# A stop may take the bot's own 10 s of finishing; after that it is not coming back.
_STOP_SECONDS: Final = 15.0
_LOG_TAIL: Final = 15


def settings(port: int) -> dict[str, str]:
    """Name the settings that point a bot at the stand-ins on ``port``."""
    base = f"http://127.0.0.1:{port}"
    return {
        "BRIDGEBOT_SLACK_BOT_TOKEN": world.BOT_TOKEN,
        "BRIDGEBOT_SLACK_APP_TOKEN": world.APP_TOKEN,
        "BRIDGEBOT_SLACK_SIGNING_SECRET": world.SIGNING_SECRET,
        "BRIDGEBOT_SLACK_API_URL": f"{base}/slack/api/",
        "BRIDGEBOT_GUESTS_CHANNEL": world.GUESTS.channel_id,
        "BRIDGEBOT_CHANNELS": json.dumps(world.PROPERTY_CHANNELS),
        "BRIDGEBOT_ALERTS_CHANNEL": world.ALERTS.channel_id,
        "BRIDGEBOT_BOOKING_CLIENT_ID": world.MACHINE_ACCOUNT,
        "BRIDGEBOT_BOOKING_CLIENT_SECRET": world.MACHINE_SECRET,
        "BRIDGEBOT_BOOKING_API_URL": f"{base}/booking/messaging",
        "BRIDGEBOT_BOOKING_TOKEN_URL": f"{base}/booking/token-based-authentication/exchange",
        "BRIDGEBOT_BOOKING_PROPERTIES": json.dumps([one.property_id for one in world.PROPERTIES]),
        "BRIDGEBOT_BOOKING_POLL_SECONDS": "0.3",
        # Of no effect unless a scenario has the bot notified.
        "BRIDGEBOT_BOOKING_NOTIFICATIONS_CLIENT_ID": world.NOTIFIED_AS,
        "BRIDGEBOT_BOOKING_NOTIFICATIONS_SECRET": world.NOTIFICATIONS_SECRET,
        "BRIDGEBOT_SETTLE_SECONDS": "2",
        # Half a minute: on the page nobody waits a day to see what a search finds.
        "BRIDGEBOT_SEARCH_EVERY_HOURS": "0.0085",
        "BRIDGEBOT_HOSTELMATE_API_URL": f"{base}/hostelmate",
        "BRIDGEBOT_HOSTELMATE_API_KEY": world.HOSTEL_KEY,
        "BRIDGEBOT_HOSTELMATE_POLL_SECONDS": "2",
    }


def sources(own: Mapping[str, str]) -> frozenset[str]:
    """Tell by which sources a bot with these settings takes messages; wrong ones are the bot's."""
    try:
        named = json.loads(own.get("BRIDGEBOT_BOOKING_SOURCES", '["queue"]'))
    except ValueError:
        return frozenset()
    return frozenset(map(str, named)) if isinstance(named, list) else frozenset()


def outfit(port: int, more: Mapping[str, str]) -> dict[str, str]:
    """Make a bot's settings for the sandbox on ``port``; one that is notified gets an address."""
    own = {**settings(port), **more}
    if NOTIFICATIONS in sources(own):
        own.setdefault("BRIDGEBOT_HTTP_BIND", f"127.0.0.1:{free_port()}")
    return own


def free_port() -> int:
    """Find a port of this machine that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _is_foreign(name: str) -> bool:
    """Tell whether a variable of the caller would change how the bot in the demo behaves."""
    upper = name.upper()
    return upper.startswith(("BRIDGEBOT_", "SLACK_")) or upper.endswith("_PROXY")


def environment(caller: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Make the bot's environment: the caller's without what is foreign, then ``own``."""
    kept = {name: value for name, value in caller.items() if not _is_foreign(name)}
    home = Path(bridgebot.__file__).parent.parent
    # From a checkout that is not installed the bot would not be found in another directory.
    if home.name not in ("site-packages", "dist-packages"):
        path = [str(home), kept.get("PYTHONPATH", "")]
        kept["PYTHONPATH"] = os.pathsep.join(part for part in path if part)
    return {**kept, **own}


class BotProcess:
    """Starts, watches, stops and kills the bot; its log is a file beside its database.

    ``own`` are the settings with which it was started last.
    """

    def __init__(self, own: Mapping[str, str], directory: Path) -> None:
        self._fixed = {
            "BRIDGEBOT_DATABASE_URL": f"sqlite:///{directory / 'bridgebot.db'}",
            "BRIDGEBOT_HTTP_BIND": "",
            "BRIDGEBOT_LOG_FORMAT": "json",
            "BRIDGEBOT_SLACK_POSTS_PER_SECOND": "0",
        }
        self.own = own
        self._directory = directory
        self._log = directory / "bot.log"
        self._read_from = 0
        self._process: Process | None = None
        self._killed: Process | None = None
        # Cleared while the process is down because somebody here wanted it so.
        self._wanted = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def status(self) -> int | None:
        """The exit status of the last process, once it ended."""
        return self._process.returncode if self._process else None

    async def start(self) -> None:
        """Start the process in its own session, so that Ctrl-C reaches it through us only."""
        self._log.touch()
        self._read_from = self._log.stat().st_size
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bridgebot",
                "run",
                cwd=self._directory,
                env=environment(os.environ, {**self._fixed, **self.own}),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wanted.set()

    def is_ready(self) -> bool:
        """Tell whether this process has said that it is ready."""
        with self._log.open("rb") as log:
            log.seek(self._read_from)
            return any(_entry(line).get("event") == "ready" for line in log)

    def hears(self) -> dict[str, list[str]]:
        """Tell which commands, buttons and forms this process said that it listens to."""
        with self._log.open("rb") as log:
            log.seek(self._read_from)
            said = (entry for line in log if (entry := _entry(line)).get("event") == "hears")
            return {
                kind: names for kind, names in next(said, {}).items() if isinstance(names, list)
            }

    async def ended(self) -> int:
        """Wait until the process ends by itself; being killed from here does not count."""
        while True:
            process = self._process
            if process is None:
                raise RuntimeError("the bot was never started")
            status = await process.wait()
            if process is not self._killed:
                return status
            await self._wanted.wait()

    async def stop(self) -> None:
        """Ask the process to stop and wait for it; it is killed when it does not."""
        if self._process is None or not self.alive:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            await self.kill()
        except asyncio.CancelledError:
            # Asked a second time: nobody wants to wait, and no bot may stay behind.
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            raise

    async def restart(self, own: Mapping[str, str]) -> None:
        """Stop the process and start it with other settings, on the same database."""
        self._killed = self._process
        self._wanted.clear()
        await self.stop()
        self.own = own
        await self.start()

    async def kill(self) -> None:
        """End the process at once, as a power cut would."""
        if self._process is None or not self.alive:
            return
        self._killed = self._process
        self._wanted.clear()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    def last_lines(self) -> list[str]:
        """Return the end of the log, without what is told for the demo's own sake."""
        lines = self._log.read_text(errors="replace").splitlines()
        told = [each for each in lines if _entry(each.encode()).get("level") != "debug"]
        return told[-_LOG_TAIL:]


def _entry(line: bytes) -> dict[str, object]:
    """Read a line of the log; empty where it is none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


@asynccontextmanager
async def running(own: Mapping[str, str]) -> AsyncIterator[BotProcess]:
    """Run the bot in a directory of its own; stop it and wait for it at the end."""
    with tempfile.TemporaryDirectory(prefix="bridgebot-demo-") as directory:
        bot = BotProcess(own, Path(directory))
        try:
            await bot.start()
            yield bot
        finally:
            await bot.stop()
