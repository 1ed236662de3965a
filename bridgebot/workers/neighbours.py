"""Tells the other nodes on a PostgreSQL database that there is work, and hears it from them.

Each word names a worker's event and nothing else, so no guest's data leaves the tables. It is a
convenience: every worker also looks by itself, and when the connection is away nothing is missed.

Its connection serves one more purpose, since it waits for nobody's lock: it ends the sessions of
nodes that stand still and keep the others out.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from bridgebot.elapsed import elapsed
from bridgebot.errors import StoreError
from bridgebot.store.engine import APPLICATION, STALLED_MS, to_async_url
from bridgebot.workers.context import Signals, nudge

if TYPE_CHECKING:
    import asyncpg

log = structlog.get_logger()

CHANNEL = "bridgebot"
WORDS = ("inbox", "outbox", "decide", "views", "watch", "backfill", "reconcile")
GAP = 0.05
"""Seconds in which words are gathered: one notification serves a burst."""

PAUSE = 2.0
"""How often stalled sessions are looked for; it tries the connection, which may be dead."""

PATIENCE = 5.0

STANDING = """
SELECT pid, backend_start, state_change, wait_event FROM pg_stat_activity
WHERE datname = current_database() AND usename = session_user AND application_name = $1
  AND state = 'active' AND wait_event IN ('ClientRead', 'ClientWrite')
  AND backend_xid IS NOT NULL AND state_change < now() - $2 * interval '1 millisecond'
"""
"""A session that has written and waits for its client within a statement: asyncpg has it parsed,
and binds it when the answer came. No timeout of the server's before its release 17 ends that: it
counts neither as idle nor as at work (https://www.postgresql.org/docs/15/runtime-config-client.html).
Only one that two looks find in the same wait stands still: a long statement may just have ended.
"""


class _Shared(asyncio.Event):
    """An event whose setting is told to the other nodes as well."""

    def __init__(self, word: str, neighbours: Neighbours) -> None:
        super().__init__()
        self._word = word
        self._neighbours = neighbours

    def set(self) -> None:
        super().set()
        self._neighbours.tell(self._word)


class Neighbours:
    """Holds a connection of its own, for LISTEN and NOTIFY; a worker that makes it anew."""

    name = "neighbours"
    longest_pause = PAUSE

    def __init__(self, address: str) -> None:
        url = to_async_url(address)
        # As the engine reads the address, with all that it may say about TLS.
        _, self._arguments = url.get_dialect()().create_connect_args(url)
        self.wake = asyncio.Event()
        self.signals = Signals(**{word: _Shared(word, self) for word in WORDS})
        self._connection: asyncpg.Connection | None = None
        self._pending: set[str] = set()
        self._looked_at = -PAUSE
        self._standing: set[tuple[object, ...]] = set()

    def tell(self, word: str) -> None:
        """Have the other nodes told, soon."""
        if not self._pending:
            self.wake.set()
        self._pending.add(word)

    async def step(self) -> float:
        """Connect if need be, tell what there is to tell; see ``Worker.step``."""
        import asyncpg  # noqa: PLC0415 - an extra that SQLite needs not

        try:
            async with asyncio.timeout(PATIENCE):
                await self._speak(await self._open())
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self.close()
            raise StoreError(f"other nodes cannot be told: {type(error).__name__}") from None
        return max(0.0, self._looked_at + PAUSE - elapsed())

    async def _open(self) -> asyncpg.Connection:
        """Return the open connection; after a gap everybody looks, as words may be missing."""
        import asyncpg  # noqa: PLC0415

        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(**self._arguments)
            self._connection.add_termination_listener(lambda _connection: self.wake.set())
            await self._connection.add_listener(CHANNEL, self._hear)
            log.info("neighbours_heard")
            for word in WORDS:
                nudge(getattr(self.signals, word))
        return self._connection

    async def _speak(self, connection: asyncpg.Connection) -> None:
        if elapsed() - self._looked_at >= PAUSE:
            await self._end_stalled(connection)
        if not self._pending:
            return
        await asyncio.sleep(GAP)
        words, self._pending = " ".join(sorted(self._pending)), set()
        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, words)

    async def _end_stalled(self, connection: asyncpg.Connection) -> None:
        """Let go what a node that stands still has locked; when it wakes up it finds out."""
        self._looked_at = elapsed()
        found = await connection.fetch(STANDING, APPLICATION, STALLED_MS)
        before, self._standing = self._standing, {tuple(each) for each in found}
        ended = [each[0] for each in self._standing & before]
        if ended:
            log.warning("stalled_node", sessions=len(ended))
            await connection.execute("SELECT pg_terminate_backend(unnest($1::int[]))", ended)

    def _hear(self, connection: asyncpg.Connection, pid: int, _channel: str, payload: str) -> None:
        """Wake those whom another node named; words of a newer version are let be."""
        if pid == connection.get_server_pid():
            return
        for word in payload.split():
            if word in WORDS:
                nudge(getattr(self.signals, word))

    def close(self) -> None:
        """Drop the connection without a word."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
