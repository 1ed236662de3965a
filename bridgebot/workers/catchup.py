"""Compares the threads with the store after an absence.

Slack repeats an event for some minutes only. What staff wrote, edited or deleted while no socket
was open is read from the threads: by ``latest_reply`` on the roots of recent threads, one by one
for older conversations in which something happened lately. After a moment's absence, and after an
event that could not be stored, only the former: Slack will repeat what is missing, but perhaps
after a later reply to the same guest, which must not overtake it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.replies import is_reply_event
from bridgebot.errors import SlackError
from bridgebot.slack.capture import EDITED_LATE
from bridgebot.slack.faults import MENDABLE, ROOTLESS
from bridgebot.slack.gateway import Gateway
from bridgebot.store import corrections, inbox, lookups, outbox, records
from bridgebot.workers.context import Context

log = structlog.get_logger()

CURSOR = "slack:present"
PAUSE = 5.0
SKEW_MS = 10_000
"""How far Slack's clock may run before ours."""

MARGIN_MS = 60_000
"""A connection may be dead for some time before it is noticed."""

ROOTS_MS = 14 * 86_400_000
"""How far back roots are listed; older threads are looked at one by one."""

HOLD_MS = 60_000
"""How long replies wait while nothing can be read, so that an older one is not overtaken."""

Thread = tuple[str, str]
"""A channel and the ts of a root."""

LIVELY_MS = 30 * 86_400_000
"""How lately something must have happened in an older conversation."""


class Catchup:
    """Reads what happened in Slack while this node did not listen."""

    name = "catchup"

    def __init__(
        self,
        context: Context,
        gateway: Gateway,
        *,
        bot_user: str,
        connected: Callable[[], bool],
        after_seconds: float,
        named: Collection[str] = (),
    ) -> None:
        self._context = context
        self._gateway = gateway
        self._bot_user = bot_user
        self._named = named
        self._connected = connected
        self._after_ms = int(after_seconds * 1000)
        self._long = False
        self._started = False
        self._unlisted: int | None = None
        self._listing: int | None = None
        self._unread: dict[Thread, int] | None = None
        self._gone: int | None = None
        self._hold_until: int | None = None

    def held(self) -> Collection[str] | None:
        """Name the threads in which an older reply may still be found; ``None``: in any.

        Replies in them wait, so that none overtakes one that was written before it while nobody
        listened; but only while the reading goes on: a minute in which nothing can be read ends it.
        """
        now = self._context.ms()
        if self._connected():
            self._gone = None
        else:
            self._gone = self._gone or now
            if now <= self._gone + HOLD_MS:
                return None
        # The minute begins when somebody listens, however long the start has taken.
        self._hold_until = self._hold_until or now + HOLD_MS
        if now > self._hold_until:
            return ()
        if self._unread is None or self._unlisted or self._listing:
            return None
        return {thread_ts for _, thread_ts in self._unread}

    def was_absent(self, seconds: float) -> None:
        """Take note that the socket was away so long, or for a moment."""
        now = self._context.ms()
        if not self._busy or (self._hold_until is not None and now > self._hold_until):
            self._hold_until = None
        since = now - int(seconds * 1000)
        self._unlisted = min(self._unlisted or since, since)
        self._long = self._long or seconds * 1000 >= self._after_ms
        self._context.signals.catchup.set()

    @property
    def _busy(self) -> bool:
        """Tell whether something is left to be read."""
        return not self._started or bool(self._unlisted or self._listing or self._unread)

    async def step(self) -> float:
        """Compare if there was an absence, then say that we are here; see ``Worker.step``."""
        if not self._started:
            await self._remember_start()
        if self._busy:
            await self._compare()
        if self._connected() and not self._busy:
            at = self._context.ms()
            await self._context.store.write(lambda c: records.set_cursor(c, CURSOR, {"at": at}))
        return PAUSE

    async def _remember_start(self) -> None:
        cursor = await self._context.store.read(lambda c: records.get_cursor(c, CURSOR))
        if "at" in cursor:
            self._unlisted = min(self._unlisted or int(cursor["at"]), int(cursor["at"]))
            self._long = True
        else:
            self._unread = {}
        self._started = True

    async def _compare(self) -> None:
        """Read all threads in which something may have happened.

        What was read stays read when a call fails, or when the socket is cut once more.
        """
        found = 0
        while self._busy:
            if self._unlisted or self._listing:
                await self._list()
            else:
                found += await self._read_next()
            self._hold_until = self._context.ms() + HOLD_MS
        self._context.signals.outbox.set()
        log.info("threads_compared", found=found)

    async def _list(self) -> None:
        """Add the threads in which something may have happened in the absences so far."""
        starts = [each for each in (self._unlisted, self._listing) if each]
        # A cut during the listing is an absence of its own.
        self._listing, self._unlisted, everything = min(starts), None, self._long
        since = self._listing - MARGIN_MS
        unread = self._unread or {}
        for thread in await self._suspects(since, everything=everything):
            unread[thread] = min(unread.get(thread, since), since)
        self._unread, self._listing = unread, None
        self._long = self._long and self._unlisted is not None

    async def _read_next(self) -> int:
        """Read one thread, first those in which a reply waits for it; count what was new."""
        assert self._unread  # noqa: S101 - the caller looked
        waiting = await self._context.store.read(outbox.waiting_threads)
        thread = next((each for each in self._unread if each in waiting), next(iter(self._unread)))
        try:
            found = await self._read(*thread, self._unread[thread])
        except BaseException:
            # The others go first next time: one that cannot be read stops none of them.
            self._unread[thread] = self._unread.pop(thread)
            raise
        del self._unread[thread]
        if found:
            self._context.signals.all()
        elif thread in waiting:
            self._context.signals.outbox.set()
        return found

    async def _suspects(self, since: int, *, everything: bool) -> Collection[Thread]:
        """List the threads in which something may have happened.

        Older threads cost a call each: all are suspected only if ``everything`` is.
        """
        oldest = _ts(since - ROOTS_MS)
        found: dict[Thread, None] = {}
        bound = await self._context.store.read(lambda c: lookups.channels(c, after=oldest))
        for channel in sorted(self._context.routing.channels() | bound):
            found |= dict.fromkeys(await self._lively(channel, oldest, since))
        waiting = await self._context.store.read(outbox.waiting_threads)
        # A deleted reply is no longer the latest of its thread.
        found |= dict.fromkeys(waiting)
        active = since - LIVELY_MS
        if everything:
            older = await self._context.store.read(
                lambda c: lookups.older_threads(c, before=oldest, active=active)
            )
            found |= {(row.channel, row.thread_ts or ""): None for row in older}
        return found

    async def _lively(self, channel: str, oldest: str, since: int) -> list[Thread]:
        """List the threads of a channel in which somebody wrote after a moment."""
        try:
            return [
                (channel, str(root["ts"]))
                async for root in self._gateway.history(channel, oldest=oldest)
                if float(str(root.get("latest_reply") or 0)) * 1000 > since
            ]
        except SlackError as error:
            if not self._is_left(channel, error):
                raise
            log.warning("channel_left_out", channel=channel, code=error.code)
            return []

    def _is_left(self, channel: str, error: SlackError) -> bool:
        """Tell of a channel that settings no longer name whether the bot was taken out of it."""
        return error.code in MENDABLE and channel not in self._context.routing.channels()

    async def _read(self, channel: str, thread_ts: str, since: int) -> int:
        """Take the replies of one thread as if their events had come."""
        there: set[str] = set()
        found, began = 0, self._context.ms() - SKEW_MS
        try:
            async for message in self._gateway.thread(channel, thread_ts, oldest=_ts(since)):
                event = {**message, "channel": channel}
                there.add(str(message.get("ts")))
                if is_reply_event(event, self._named) and event["user"] != self._bot_user:
                    found += await self._context.store.write(
                        lambda c, event=event: self._take(c, event)  # type: ignore[misc]
                    )
        except SlackError as error:
            if error.code not in ROOTLESS and not self._is_left(channel, error):
                raise
            # The thread is gone: there is nothing to compare with.
            return found
        return found + await self._context.store.write(
            lambda c: self._cancel_deleted(c, (channel, thread_ts), there, since, began)
        )

    async def _take(self, connection: AsyncConnection, event: Mapping[str, Any]) -> bool:
        now = self._context.ms()
        ours = event.get("parent_user_id", self._bot_user) == self._bot_user
        if await outbox.capture(connection, event, now=now, ours=ours):
            return True
        if "edited" not in event:
            return False
        channel, ts = str(event["channel"]), str(event["ts"])
        kept = await outbox.by_ts(connection, channel, ts)
        if kept is None or kept.event.get("text") == event.get("text"):
            return False
        if await outbox.edit(connection, channel, ts, event, now=now):
            return True
        row = await corrections.offer(connection, event)
        if row is None or row.conversation is None:
            return False
        notice = {"text": EDITED_LATE, "mention": row.user_id, "corrects": row.id}
        await inbox.add_notice(connection, row.conversation, notice, now=now)
        return True

    async def _cancel_deleted(
        self,
        connection: AsyncConnection,
        thread: Thread,
        there: set[str],
        since: int,
        began: int,
    ) -> int:
        """Take back what waits to be sent and is not in the thread any more.

        What may be out already is not sent again, should it turn out that it never arrived.
        What was written after the reading ``began`` may be missing in what was read.
        """
        channel, thread_ts = thread
        cancelled = 0
        for row in await outbox.waiting_in(connection, channel, thread_ts):
            if since < float(row.ts) * 1000 < began and row.ts not in there:
                now = self._context.ms()
                cancelled += await outbox.cancel(connection, channel, row.ts, now=now)
        for row in await outbox.waiting_in(connection, channel, thread_ts, states=outbox.OUT):
            if since < float(row.ts) * 1000 < began and row.ts not in there:
                await outbox.note_deleted(connection, row)
        return cancelled


def _ts(millis: int) -> str:
    return f"{max(0, millis) / 1000:.6f}"
