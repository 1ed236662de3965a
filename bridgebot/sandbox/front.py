"""Opens the sandbox's port and says where the page is, before what serves it is loaded.

A browser starts meanwhile, and its first request waits in the port until the page is served.
"""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import webbrowser
from collections.abc import Coroutine
from typing import Final

from bridgebot.sandbox.script import Script
from bridgebot.sandbox.transcript import Transcript

_HOST: Final = "127.0.0.1"
# A scenario that was broken off proved nothing; the shell's own status for Ctrl-C.
_INTERRUPTED: Final = 130


class PortTakenError(Exception):
    """The port of the sandbox is in use; the text names the way out."""


def open_port(port: int) -> socket.socket:
    """Listen on a port of this machine, 0 for a free one; nobody else can reach it.

    Raises ``PortTakenError`` when something else listens there.
    """
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        raise PortTakenError(
            f"Port {port} cannot be used on this machine; choose another one with --port, "
            f"for example --port {8766 if port != 8766 else 8767}, or --port 0 for any."  # noqa: PLR2004
        ) from error


async def demo(*, port: int, once: bool, chaos: bool, browser: bool, script: Script) -> int:
    """Run the demo; return the exit status.

    With ``once`` or ``chaos`` everything is played to its end and judged; else the sandbox runs
    until it is stopped, and ``script`` is played in it.
    """
    try:
        door = open_port(port)
    except PortTakenError as error:
        Transcript().say(str(error))
        return 2
    with door:
        if once or chaos:
            return await _until_stopped(_once(door, rough=chaos), stopped=_INTERRUPTED)
        return await _until_stopped(_open_end(door, script, browser=browser))


async def sandbox(port: int) -> int:
    """Run the stand-ins without the bot until stopped; print what a bot needs to use them."""
    try:
        door = open_port(port)
    except PortTakenError as error:
        Transcript().say(str(error))
        return 2
    with door:
        return await _until_stopped(_alone(door))


async def _open_end(door: socket.socket, script: Script, *, browser: bool) -> int:
    address = f"http://{_HOST}:{door.getsockname()[1]}/"
    Transcript().say(f"The sandbox is open at {address} (Ctrl-C ends it).")
    async with asyncio.TaskGroup() as group:
        if browser:
            group.create_task(asyncio.to_thread(webbrowser.open, address))
            # Begun before the loading keeps this thread busy.
            await asyncio.sleep(0)
        from bridgebot.sandbox.demo import open_end  # noqa: PLC0415

        return await open_end(door, script)


async def _once(door: socket.socket, *, rough: bool) -> int:
    from bridgebot.sandbox.demo import once  # noqa: PLC0415

    return await once(door, rough=rough)


async def _alone(door: socket.socket) -> int:
    from bridgebot.sandbox.demo import alone  # noqa: PLC0415

    return await alone(door)


async def _until_stopped(work: Coroutine[object, object, int], *, stopped: int = 0) -> int:
    """Run ``work``; an interrupt or a termination ends it cleanly with status ``stopped``."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    stops = (signal.SIGINT, signal.SIGTERM)
    for one in stops:
        loop.add_signal_handler(one, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return stopped
    finally:
        for one in stops:
            loop.remove_signal_handler(one)
