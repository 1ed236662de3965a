"""Keeps pages in step by server-sent events: one whole state, then what changed.

A reader that falls behind is dropped; the browser comes back by itself and starts from a whole
state again, so nothing has to be kept for anybody.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aiohttp import web

Table = dict[str, object]
State = dict[str, Table]

# Changes that come this close together travel as one patch.
_GATHER_SECONDS: Final = 0.04
# Figures move with time as well: what waits too long becomes lost.
_LOOK_AGAIN_SECONDS: Final = 2.0
_KEEP_ALIVE_SECONDS: Final = 15.0
_BACKLOG: Final = 64


def changes(before: State, after: State) -> dict[str, dict[str, object]]:
    """Say what turns one state into the other, table by table; empty when nothing does."""
    put: dict[str, object] = {}
    drop: dict[str, object] = {}
    for name, rows in after.items():
        old = before.get(name, {})
        fresh = {key: row for key, row in rows.items() if key not in old or old[key] != row}
        gone = [key for key in old if key not in rows]
        if fresh:
            put[name] = fresh
        if gone:
            drop[name] = gone
    return {name: part for name, part in (("set", put), ("drop", drop)) if part}


@dataclass(eq=False, frozen=True, kw_only=True, slots=True)
class _Reader:
    """One open page: what it has still to be told, and the task that tells it."""

    queue: asyncio.Queue[bytes]
    task: asyncio.Task[object]


def _frame(event: str, data: Mapping[str, object]) -> bytes:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


class Stream:
    """Tells every open page what changed.

    ``build`` makes the whole state; ``touch`` says that something happened. While nobody reads,
    nothing is built.
    """

    def __init__(self, build: Callable[[], State], *, backlog: int = _BACKLOG) -> None:
        self._build = build
        self._backlog = backlog
        self._readers: set[_Reader] = set()
        self._touched = asyncio.Event()
        self._state: State = {}

    @property
    def readers(self) -> int:
        """How many pages are open."""
        return len(self._readers)

    def touch(self) -> None:
        """Say that something changed; the pages are told in a moment."""
        self._touched.set()

    async def run(self) -> None:
        """Tell the pages what changes until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                # Not wait_for: in Python 3.11 it can swallow a cancellation.
                async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                    await self._touched.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._touched.clear()
            self.tell()

    def tell(self) -> None:
        """Send what changed since the last time to every page."""
        if not self._readers:
            return
        state = self._build()
        patch = changes(self._state, state)
        self._state = state
        if patch:
            self._hand_out(_frame("patch", patch))

    def _hand_out(self, frame: bytes) -> None:
        for reader in list(self._readers):
            if reader.queue.full():
                self._drop(reader)
            else:
                reader.queue.put_nowait(frame)

    def _drop(self, reader: _Reader) -> None:
        self._readers.discard(reader)
        reader.task.cancel()

    def _join(self) -> _Reader:
        """Bring everybody up to date, then let one more reader start from there."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a page is read outside a task")
        self.tell()
        if not self._readers:
            self._state = self._build()
        reader = _Reader(queue=asyncio.Queue(self._backlog), task=task)
        reader.queue.put_nowait(_frame("state", self._state))
        self._readers.add(reader)
        return reader

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one page for as long as it listens."""
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        reader = self._join()
        try:
            await self._follow(reader, response)
        except ConnectionResetError:
            pass
        finally:
            self._readers.discard(reader)
        return response

    async def _follow(self, reader: _Reader, response: web.StreamResponse) -> None:
        while True:
            try:
                async with asyncio.timeout(_KEEP_ALIVE_SECONDS):
                    frame = await reader.queue.get()
            except TimeoutError:
                frame = b": still here\n\n"
            await response.write(frame)

    async def close(self) -> None:
        """End all readers, so that a server can stop at once."""
        for reader in list(self._readers):
            self._drop(reader)
