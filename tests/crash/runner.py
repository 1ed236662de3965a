"""Runs the shipped bot in forked children, each ended hard at a call of its own.

Everything is imported once, so that a start costs a fork and not the interpreter's second. Orders
come as lines of JSON on standard input, at most one child at a time; ``{"signal": 9}`` is passed on
to the child. Each child's end is answered by a line with its exit status. When standard input
ends, so does everything.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import sys
from collections import deque
from pathlib import Path
from typing import Any

from bridgebot import cli
from tests.crash.counting import Counter, install

CHECK_SECONDS = 0.01
BEFOREHAND = ("alembic.command", "bridgebot.app", "bridgebot.settings", "bridgebot.telemetry")


class Orders:
    """Lines of JSON from standard input, read without blocking, one order at a time."""

    def __init__(self) -> None:
        self.open = True
        self._rest = b""
        self._lines: deque[bytes] = deque()

    def wait(self, seconds: float | None) -> dict[str, Any] | None:
        """Return the next order, or ``None`` when none came within a time."""
        if not self._lines and select.select([0], [], [], seconds)[0]:
            data = os.read(0, 1 << 16)
            self.open = bool(data)
            *lines, self._rest = (self._rest + data).split(b"\n")
            self._lines.extend(lines)
        return json.loads(self._lines.popleft()) if self._lines else None


def main() -> None:
    """Start a child at each order until standard input ends."""
    for module in BEFOREHAND:
        importlib.import_module(module)
    gc.freeze()
    orders = Orders()
    while orders.open:
        order = orders.wait(None)
        # A signal for a child that has ended by itself meanwhile has nobody to go to.
        if order is not None and "signal" not in order:
            _run(order, orders)


def _run(order: dict[str, Any], orders: Orders) -> None:
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        _be_the_bot(order)
    status = _watch(child, orders)
    print(json.dumps({"status": status}), flush=True)  # noqa: T201 - the answer


def _watch(child: int, orders: Orders) -> int:
    """Pass signals on to a child until it ends; return its exit status."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        order = orders.wait(CHECK_SECONDS)
        if order is not None:
            os.kill(child, order["signal"])
        if not orders.open:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return -signal.SIGKILL


def _be_the_bot(order: dict[str, Any]) -> None:
    """Become ``bridgebot run`` in this process; never returns."""
    status = 1
    try:
        _move_in(order)
        install(Counter(Path(order["names"]), at=order["at"], side=order["side"]))
        sys.argv = ["bridgebot", "run"]
        cli.main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - a forked child must not go on in its parent's code
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def _move_in(order: dict[str, Any]) -> None:
    os.chdir(order["directory"])
    os.environ.clear()
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)


if __name__ == "__main__":
    main()
