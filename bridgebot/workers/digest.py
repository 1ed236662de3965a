"""The hand-over digests: one at each set hour, made from the store when it is drawn."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.hours import latest_of
from bridgebot.bridge.score import middle
from bridgebot.rendering.digest import MOST, Digest, Promised, digest_post
from bridgebot.rendering.home import today_line
from bridgebot.rendering.post import Post
from bridgebot.slack.guests import Guests
from bridgebot.store import promises, records, replied, watch
from bridgebot.store.records import AlertRow
from bridgebot.store.rows import from_ms
from bridgebot.workers.context import Context

log = structlog.get_logger()

PAUSE = 5.0
CURSOR = "digest"
KIND = "digest"


class Digester:
    """Begins a digest when its hour has come, once, whatever happened in between."""

    name = "digester"

    def __init__(self, context: Context, *, times: tuple[int, ...], zone: ZoneInfo) -> None:
        self._context = context
        self._times = times
        self._zone = zone

    async def step(self) -> float:
        """Begin the digest that is due; see ``Worker.step``."""
        due = latest_of(self._zone, self._times, self._context.ms())
        if due is None:
            return 60.0
        cursor = await self._context.store.read(lambda c: records.get_cursor(c, CURSOR))
        if cursor.get("at") != due and await self._context.store.write(
            lambda c: self._begin(c, due)
        ):
            log.info("digest", at=due)
            self._context.signals.views.set()
        return PAUSE

    async def _begin(self, connection: AsyncConnection, due: int) -> bool:
        cursor = await records.get_cursor(connection, CURSOR)
        before = cursor.get("at")
        if before is not None and before >= due:
            return False
        if not await records.move_cursor(connection, CURSOR, cursor, {"at": due}):
            return False
        if before is None:
            # The first start: there is nothing that somebody could hand over yet.
            return False
        alert = await records.raise_alert(
            connection,
            kind=KIND,
            provider="",
            subject=str(due),
            title="Hand-over",
            since=int(before),
            now=self._context.ms(),
        )
        await watch.close(connection, alert, line="", now=self._context.ms())
        return True


async def draw_digest(row: AlertRow, context: Context, guests: Guests) -> Post:
    """Draw a digest as things stand now."""
    store, since = context.store, row.since or 0
    waiting, count = await guests.page(limit=MOST)
    stuck = await store.read(lambda c: watch.undelivered(c, limit=MOST))
    received, answered, waits = await store.read(lambda c: replied.day(c, since=since))
    promised = await store.read(lambda c: promises.standing(c, limit=MOST))
    return digest_post(
        Digest(
            since=from_ms(since),
            waiting=waiting,
            count=count,
            promised=[
                Promised(
                    guest=await guests.of(each.conversation),
                    user_id=each.user_id,
                    text=each.text,
                    at=from_ms(each.since),
                )
                for each in promised
            ],
            undelivered=await guests.all(stuck),
            came_in=today_line(received, answered, middle(waits)),
        )
    )
