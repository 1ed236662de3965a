"""Draws alerts in the alerts channel: posted once, then changed in place, with calls below."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import structlog

from bridgebot.bridge import reconcile
from bridgebot.errors import SlackError
from bridgebot.rendering.blocks import alert
from bridgebot.rendering.post import Post
from bridgebot.rendering.waiting import Crowd, call_post, crowd_alert, waiting_alert
from bridgebot.rendering.words import how_long
from bridgebot.slack.faults import LOST
from bridgebot.slack.gateway import Gateway, Metadata
from bridgebot.slack.guests import Guests
from bridgebot.store import conversations, records, standing, watch
from bridgebot.store.records import AlertRow
from bridgebot.store.schema import inbox
from bridgebot.workers import digest, weekly
from bridgebot.workers.context import Context

log = structlog.get_logger()

SKEW_SECONDS = 120
FIRST_OF_CROWD = 5
LOOK_AGAIN = 5.0


class Alerts:
    """Brings alerts in Slack in line with their rows."""

    def __init__(
        self, context: Context, gateway: Gateway, guests: Guests, *, zone: ZoneInfo
    ) -> None:
        self._context = context
        self._gateway = gateway
        self._guests = guests
        self._zone = zone

    async def draw(self, row: AlertRow) -> None:
        """Post or change one alert, then post the calls that are missing below it.

        One node at a time has an alert in hand, so that two never post the same one.
        """
        store, me, now = self._context.store, self._context.owner, self._context.ms()
        settle = int(self._context.settle * 1000)
        mine = await store.write(
            lambda c: records.take_alert(
                c, row.id, owner=me, now=now, settle=settle, leased_at=self._context.leased_at()
            )
        )
        if mine is None:
            return
        # What ends in another way, as a stopped process does, is taken over like a dead node's.
        try:
            await self._draw(mine)
        except SlackError:
            await store.write(lambda c: records.drop_alert(c, row.id, me))
            raise
        await store.write(lambda c: records.drop_alert(c, row.id, me))

    async def _draw(self, row: AlertRow) -> None:
        post = await self._post_of(row)
        ts = row.ts or await self._find(row)
        if ts is not None and not await self._redraw(ts, post):
            if row.state != "open":
                await self._note(row, shown=row.wanted)
                return
            # Somebody removed it, and its cause still stands.
            await self._note(row, ts=None, started_at=None)
            ts = None
        if ts is None:
            ts = await self._send(row, post, _meta(post))
            await self._note(row, ts=ts, started_at=None)
        elif row.ts is None:
            await self._note(row, ts=ts, started_at=None)
        await self._call(row, ts)
        await self._note(row, shown=row.wanted)

    async def _redraw(self, ts: str, post: Post) -> bool:
        """Change an alert in place; tell whether it is still there."""
        try:
            await self._gateway.update(
                self._context.routing.alerts,
                ts,
                post.text,
                blocks=post.blocks,
                metadata=_meta(post),
            )
        except SlackError as error:
            if error.code not in LOST:
                raise
            return False
        return True

    async def _send(
        self, row: AlertRow, post: Post, metadata: Metadata, thread_ts: str | None = None
    ) -> str:
        """Post once; where the outcome is unknown, remember until when it may still appear."""
        await self._note(row, started_at=self._context.ms())
        try:
            return await self._gateway.post(
                self._context.routing.alerts,
                post.text,
                blocks=post.blocks,
                thread_ts=thread_ts,
                metadata=metadata,
            )
        except SlackError as error:
            settled_at = self._context.ms() + int(self._context.settle * 1000)
            what = {"started_at": None} if error.certain else {"settled_at": settled_at}
            await self._note(row, **what)
            raise

    async def _note(self, row: AlertRow, **values: object) -> None:
        """Write down how an alert stands; raises ``SlackError`` where another node has it now."""
        me = self._context.owner
        if not await self._context.store.write(
            lambda c: records.note_alert(c, row.id, me, **values)
        ):
            raise SlackError("another node draws this alert", code="taken_over", after=LOOK_AGAIN)

    def _settled(self, row: AlertRow) -> None:
        """Raise ``SlackError`` while a post that was not found may still appear."""
        if row.started_at is not None and self._context.ms() < (row.settled_at or 0):
            raise SlackError("a post may still appear", code="unsettled", after=LOOK_AGAIN)

    async def _call(self, row: AlertRow, ts: str) -> None:
        """Notify people below the alert; a call whose answer was lost is looked for first."""
        missing = row.calls[row.calls_shown :]
        if not missing:
            return
        there = await self._calls_in(ts)
        now = self._context.ms()
        waited = how_long(now - row.since) if row.since is not None else "some time"
        for number, what in enumerate(missing, row.calls_shown):
            if number not in there and row.state == "open":
                self._settled(row)
                to = [str(each) for each in what["to"] if each]
                post = call_post(str(what["why"]), to, waited, await self._who(row))
                await self._send(row, post, (post.event_type, {"call": number}), ts)
            await self._note(row, calls_shown=number + 1, started_at=None)

    async def _who(self, row: AlertRow) -> str | None:
        """Name the guest an alert is about; a summary is about many."""
        number = row.conversation
        if number is None:
            return None
        found = await self._context.store.read(lambda c: conversations.get(c, number))
        return found.about.guest_name

    async def _calls_in(self, ts: str) -> set[int]:
        found = set()
        async for post in self._gateway.thread(self._context.routing.alerts, ts):
            payload = reconcile.metadata_of(post, "bridgebot_call")
            if payload is not None:
                found.add(int(payload.get("call", -1)))
        return found

    async def _post_of(self, row: AlertRow) -> Post:
        if row.kind == watch.UNANSWERED:
            post = await self._unanswered(row)
        elif row.kind == weekly.KIND:
            post = await weekly.draw_report(row, self._context, self._zone)
        elif row.kind == digest.KIND:
            post = await digest.draw_digest(row, self._context, self._guests)
        else:
            post = await self._plain(row)
        return replace(post, payload={**post.payload, "alert": row.id})

    async def _unanswered(self, row: AlertRow) -> Post:
        store, number = self._context.store, row.conversation
        ended = row.lines[-1] if row.lines else None
        if number is None:
            crowd = await self._crowd(row)
            return crowd_alert(crowd, provider=row.provider, state=row.state, ended=ended)
        found = await store.read(lambda c: conversations.get(c, number))
        guest = await self._guests.of(found, since=row.since)
        return waiting_alert(guest, state=row.state, ended=ended)

    async def _crowd(self, row: AlertRow) -> Crowd:
        store, now = self._context.store, self._context.ms()
        places = await store.read(lambda c: watch.places(c, row.id))
        first = await store.read(lambda c: watch.members(c, row.id, limit=FIRST_OF_CROWD))
        return Crowd(
            places=[
                f"Property {each.property_id or 'not known yet'}: {each.count}, "
                f"the longest for {how_long(now - each.since)}"
                for each in places
            ],
            first=await self._guests.all(first),
            count=sum(each.count for each in places),
        )

    async def _plain(self, row: AlertRow) -> Post:
        number, about, lines = row.conversation, None, list(row.lines)
        if number is not None:
            found = await self._context.store.read(lambda c: conversations.get(c, number))
            about = found.about.conversation_id
            if found.thread_ts:
                lines += await self._link(found.channel, found.thread_ts)
        return alert(
            row.kind,
            row.title,
            lines,
            provider=row.provider,
            conversation_id=about,
            state=row.state,
            again=standing.delivery_of(inbox, row.kind, row.subject),
        )

    async def _link(self, channel: str, thread_ts: str) -> list[str]:
        try:
            return [f"Open the thread: {await self._gateway.permalink(channel, thread_ts)}"]
        except SlackError as error:
            log.info("no_permalink", code=error.code)
            return []

    async def _find(self, row: AlertRow) -> str | None:
        """Look for an alert whose post got no answer; where none was begun, none is looked for."""
        if row.started_at is None:
            return None
        oldest = f"{max(0.0, row.started_at / 1000 - SKEW_SECONDS):.6f}"
        async for post in self._gateway.history(self._context.routing.alerts, oldest=oldest):
            payload = reconcile.metadata_of(post, "bridgebot_alert")
            if payload is not None and payload.get("alert") == row.id:
                return str(post["ts"])
        self._settled(row)
        return None


def _meta(post: Post) -> Metadata:
    return post.event_type, dict(post.payload)
