"""Runs shipped bots as forked children, so that a start costs a fork and not seconds of imports.

Orders come as lines of JSON on standard input, one for each child: its number, arguments,
directory, environment, and the files for what it prints. A line answers with its process id,
another with its exit status when it ends. When standard input ends, so does everything.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import coverage

from bridgebot import cli

BEFOREHAND = (
    "aiosqlite",
    "alembic.command",
    "bridgebot.app",
    "bridgebot.settings",
    "bridgebot.telemetry",
    "sqlalchemy.dialects.sqlite.aiosqlite",
)


def prepare() -> None:
    """Import what every bot imports, and leave it out of the collector's rounds."""
    for module in BEFOREHAND:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()


def move_in(order: Mapping[str, Any]) -> None:
    """Take over a bot's directory, environment and log."""
    os.chdir(order["directory"])
    os.environ.clear()
    os.environ.update(order["environment"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    out, errors = (
        os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        for name in ("log", "errors")
    )
    for source, target in ((nothing, 0), (out, 1), (errors, 2)):
        os.dup2(source, target)


def be_the_bot(arguments: Sequence[str]) -> NoReturn:
    """Become ``bridgebot`` with these arguments in this process."""
    status = 1
    try:
        sys.argv = ["bridgebot", *arguments]
        cli.main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - a forked child must not go on in its parent's code
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        measuring = coverage.Coverage.current()
        if measuring is not None:
            measuring.stop()
            measuring.save()
        os._exit(status)


class Nest:
    """The children that live, by a descriptor that becomes readable at the end of each."""

    def __init__(self) -> None:
        self._children: dict[int, tuple[int, int]] = {}

    def serve(self) -> None:
        """Start a child at each order, and tell of each end, until standard input ends."""
        rest = b""
        while True:
            ready, _, _ = select.select([0, *self._children], [], [])
            for each in ready:
                if each != 0:
                    self._bury(each)
            if 0 in ready:
                data = os.read(0, 1 << 16)
                if not data:
                    break
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._bear(json.loads(line))
        for _, child in self._children.values():
            os.kill(child, signal.SIGKILL)

    def _bear(self, order: Mapping[str, Any]) -> None:
        child = os.fork()
        if child == 0:
            for each in self._children:
                os.close(each)
            move_in(order)
            be_the_bot(order["arguments"])
        self._children[os.pidfd_open(child)] = (order["number"], child)
        _tell(number=order["number"], pid=child)

    def _bury(self, descriptor: int) -> None:
        number, child = self._children.pop(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(child, 0)
        _tell(number=number, status=os.waitstatus_to_exitcode(status))


def _tell(**answer: int) -> None:
    os.write(1, json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    prepare()
    Nest().serve()
