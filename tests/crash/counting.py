"""Counts the bot's calls to the outside and to the disk, and ends its process at one of them."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx

from bridgebot.store import database
from bridgebot.store.writer import Writer

ENDED = 137
"""The exit status of a process that ended itself here, as after ``kill -9``."""

Name = Callable[..., str | None]


class Counter:
    """Counts calls, writes their names down, and ends the process before or after one of them."""

    def __init__(self, names: Path, *, at: int, side: str) -> None:
        self._at = at
        self._side = side
        self._calls = 0
        self._names = os.open(names, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def before(self, name: str) -> int:
        """Count a call that begins and return its number."""
        self._calls += 1
        os.write(self._names, f"{self._calls} {name}\n".encode())
        self._end(self._calls, "before")
        return self._calls

    def after(self, number: int) -> None:
        """Note that a call is over, whatever came of it."""
        self._end(number, "after")

    def _end(self, number: int, side: str) -> None:
        if number == self._at and side == self._side:
            # Neither handlers nor buffers nor the loop have a word in this.
            os._exit(ENDED)


def install(counter: Counter) -> None:
    """Count each request to either side, each acknowledgement, and each transaction."""
    _around(httpx.AsyncClient, "request", _booking, counter)
    _around(aiohttp.ClientSession, "_request", _slack, counter)
    _around(aiohttp.ClientWebSocketResponse, "send_str", _acknowledgement, counter)
    _around(Writer, "_transaction", _transaction, counter)
    _around(database, "upgrade", lambda _engine: "store: upgrade", counter)


def _around(owner: Any, attribute: str, name: Name, counter: Counter) -> None:
    """Count the calls of a coroutine function; those without a name are let through."""
    inner: Callable[..., Awaitable[object]] = getattr(owner, attribute)

    async def counted(*arguments: object, **named: object) -> object:
        what = name(*arguments, **named)
        if what is None:
            return await inner(*arguments, **named)
        number = counter.before(what)
        try:
            return await inner(*arguments, **named)
        finally:
            counter.after(number)

    setattr(owner, attribute, counted)


def _booking(_client: httpx.AsyncClient, method: str, url: object, **_: object) -> str:
    return f"booking: {method} /{_tail(url)}"


def _slack(_session: aiohttp.ClientSession, method: str, url: object, **_: object) -> str:
    return f"slack: {method} {_tail(url)}"


def _tail(url: object) -> str:
    return str(url).partition("?")[0].rpartition("/")[2]


def _acknowledgement(_socket: object, data: str, *_: object) -> str | None:
    return "socket: acknowledgement" if "envelope_id" in data else None


def _transaction(_writer: Writer, group: list[Any], **_: object) -> str:
    units = (getattr(each.unit, "__qualname__", "a unit") for each in group)
    return "store: " + ", ".join(unit.replace(".<locals>.", ".") for unit in units)
