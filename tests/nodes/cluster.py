"""A PostgreSQL server of one's own, which may be restarted without disturbing anybody."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ACCOUNTS = ("postgres", "nobody")
"""Whom the server may run as where we are root, which it refuses."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "16MB",
    "max_connections": "100",
    # Its processes die here, never its machine: what was committed is with the kernel.
    "fsync": "off",
}


def find_binaries() -> Path | None:
    """Find where the server's programs are."""
    there = shutil.which("initdb")
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    places = [*([Path(there)] if there else []), *found]
    return places[0].parent if places else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """A server on a free port."""

    binaries: Path
    data: Path
    account: str | None
    port: int

    @property
    def address(self) -> str:
        """Give the address of its database."""
        return f"postgresql://bridgebot@127.0.0.1:{self.port}/postgres"

    async def start(self) -> None:
        """Start it and wait until it answers."""
        chosen = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        options = f"-p {self.port} {chosen}"
        await self._control("start", "-w", "-l", str(self.data / "log"), "-o", options)

    async def stop(self) -> None:
        """End it at once, in the middle of whatever it does, as a power cut would."""
        await self._control("stop", "-w", "-m", "immediate")

    async def restart(self) -> None:
        """End it at once and start it again."""
        await self.stop()
        await self.start()

    async def make(self) -> None:
        """Make its files."""
        await self._run(
            "initdb", "-D", str(self.data), "-A", "trust", "-U", "bridgebot", "--no-sync"
        )

    async def _control(self, *words: str) -> None:
        await self._run("pg_ctl", "-D", str(self.data), *words)

    async def _run(self, program: str, *words: str) -> None:
        entry = pwd.getpwnam(self.account) if self.account else None
        process = await asyncio.create_subprocess_exec(
            str(self.binaries / program),
            *words,
            cwd=self.data,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            user=entry.pw_uid if entry else None,
            group=entry.pw_gid if entry else None,
            extra_groups=[] if entry else None,
        )
        assert await process.wait() == 0, f"{program} {words[0]} ended with {process.returncode}"


def _account() -> str | None:
    """Choose whom the server runs as; ``None`` is ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ACCOUNTS if name in known)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@asynccontextmanager
async def cluster() -> AsyncIterator[Cluster]:
    """Run a server until the end; skips the test where its programs are not installed."""
    binaries = find_binaries()
    if binaries is None:
        words = "PostgreSQL's server programs (initdb, pg_ctl) are not installed"
        if os.environ.get("BRIDGEBOT_REQUIRE_ALL") == "1":
            pytest.fail(words)
        pytest.skip(words)
    account = _account()
    data = Path(tempfile.mkdtemp(prefix="bridgebot-pg-"))
    if account:
        shutil.chown(data, account, pwd.getpwnam(account).pw_gid)
    made = Cluster(binaries=binaries, data=data, account=account, port=_free_port())
    try:
        await made.make()
        await made.start()
        try:
            yield made
        finally:
            await made.stop()
    finally:
        shutil.rmtree(data, ignore_errors=True)
