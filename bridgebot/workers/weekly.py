"""The weekly report in the alerts channel: begun once, drawn from the store, its chart below it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.hours import latest_weekly
from bridgebot.bridge.report import Tally
from bridgebot.errors import SlackError
from bridgebot.model import Report
from bridgebot.rendering.chart import NoChartsError, chart
from bridgebot.rendering.post import Post
from bridgebot.rendering.report import report_post
from bridgebot.slack.files import Files
from bridgebot.slack.gateway import Gateway
from bridgebot.store import leases, records, turns, watch
from bridgebot.store.database import Store
from bridgebot.store.records import AlertRow
from bridgebot.store.rows import from_ms, to_ms
from bridgebot.workers.context import Context

log = structlog.get_logger()

PAUSE = 5.0
LATER = 60.0
KIND = "report"
CURSOR = LEASE = "report"
WEEK = timedelta(days=7)


class Weekly:
    """Begins the report when its hour has come, once, and puts the chart below it, once.

    The report is an alert's row, as a hand-over is: it is posted by the presenter, and looked for
    when an answer was lost. The cursor tells which report was begun last, and how far its chart is:
    ``chart`` is the alert's id while one is wanted, ``began`` when an upload was last begun.
    """

    name = "weekly"

    def __init__(
        self,
        context: Context,
        gateway: Gateway,
        files: Files,
        *,
        at: tuple[int, int],
        zone: ZoneInfo,
    ) -> None:
        self._context = context
        self._gateway = gateway
        self._files = files
        self._at = at
        self._zone = zone
        self._not_before = 0

    async def step(self) -> float:
        """Begin the report that is due, or draw its chart; see ``Worker.step``."""
        due = latest_weekly(self._zone, *self._at, self._context.ms())
        cursor = await self._context.store.read(lambda c: records.get_cursor(c, CURSOR))
        if cursor.get("at") != due and await self._context.store.write(
            lambda c: self._begin(c, due)
        ):
            log.info("report", at=due)
            self._context.signals.views.set()
        elif cursor.get("chart"):
            await self._chart(int(cursor["chart"]), cursor.get("began"))
        return PAUSE

    async def _begin(self, connection: AsyncConnection, due: int) -> bool:
        before = (await records.get_cursor(connection, CURSOR)).get("at")
        if before is not None and before >= due:
            return False
        if before is None:
            # The first start: the week before was not ours to look after.
            await records.set_cursor(connection, CURSOR, {"at": due})
            return False
        alert = await records.raise_alert(
            connection,
            kind=KIND,
            provider="",
            subject=str(due),
            title="Report",
            since=to_ms(from_ms(due) - WEEK),
            now=self._context.ms(),
        )
        await watch.close(connection, alert, line="", now=self._context.ms())
        await records.set_cursor(connection, CURSOR, {"at": due, "chart": alert})
        return True

    async def _chart(self, alert: int, began: int | None) -> None:
        """Upload the chart below the report; an upload whose answer was lost is looked for."""
        context, now = self._context, self._context.ms()
        found = await context.store.read(lambda c: records.get_alert(c, alert))
        if found.ts is None:
            return
        if now < self._not_before or (began and now < began + int(context.settle * 1000)):
            return
        if not await context.store.write(
            lambda c: leases.take(c, LEASE, owner=context.owner, now=now)
        ):
            return
        name = f"bridgebot-report-{found.subject}.png"
        try:
            there = began is not None and await self._is_there(found.ts, name)
            if not there and not await self._upload(found, found.ts, name):
                return
        except NoChartsError:
            log.info("no_chart", reason="not_installed")
        except SlackError as error:
            log.warning("no_chart", code=error.code)
            if not error.permanent:
                # One whose answer was lost has its own time; see the look above.
                wait = error.after or (LATER if error.certain else 0.0)
                self._not_before = now + int(wait * 1000)
                return
        await context.store.write(lambda c: self._note(c, alert, began=None))

    async def _upload(self, found: AlertRow, ts: str, name: str) -> bool:
        """Draw and upload; return whether it was still this node's to do.

        What people see happens in the last call, which is noted before.
        """
        context = self._context
        report = await make_report(
            context.store, since=from_ms(found.since or 0), until=_until(found), zone=self._zone
        )
        picture = await asyncio.to_thread(chart, report)
        title = "Messages and first replies of the week"
        file_id = await self._files.put(name, picture, alt_text=title)
        began = context.ms()

        async def unit(connection: AsyncConnection) -> bool:
            mine = await leases.extend(connection, LEASE, owner=context.owner, now=began)
            return mine and await self._note(connection, found.id, began=began)

        if not await context.store.write(unit):
            return False
        await self._gateway.share(file_id, title, context.routing.alerts, thread_ts=ts)
        return True

    async def _is_there(self, ts: str, name: str) -> bool:
        async for post in self._gateway.thread(self._context.routing.alerts, ts):
            if any(each.get("name") == name for each in post.get("files") or ()):
                return True
        return False

    async def _note(self, connection: AsyncConnection, alert: int, *, began: int | None) -> bool:
        """Write down how far a chart is (``None``: done); return whether it was still wanted."""
        cursor = await records.get_cursor(connection, CURSOR)
        if cursor.get("chart") != alert:
            return False
        more = {} if began is None else {"chart": alert, "began": began}
        await records.set_cursor(connection, CURSOR, {"at": cursor["at"], **more})
        return True


def _until(row: AlertRow) -> datetime:
    return from_ms(int(row.subject))


async def draw_report(row: AlertRow, context: Context, zone: ZoneInfo) -> Post:
    """Draw the report that an alert's row stands for."""
    since = from_ms(row.since or 0)
    return report_post(await make_report(context.store, since=since, until=_until(row), zone=zone))


async def make_report(
    store: Store,
    *,
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    property_id: str | None = None,
) -> Report:
    """Make the report of a time; a page of turns at once, of which only times are kept."""
    start, end = to_ms(since), to_ms(until)

    async def unit(connection: AsyncConnection) -> Report:
        tally = Tally(zone)
        async for turn in turns.turns(connection, start, end, property_id):
            tally.add(turn)
        by = await turns.answered_by(connection, start, end, property_id)
        return tally.report(since, until, by)

    return await store.read(unit)
