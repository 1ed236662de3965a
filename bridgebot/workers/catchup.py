"""Compares the threads with the store after an absence.

Slack repeats an event for some minutes only. What staff wrote, edited or deleted while no socket
was open is read from the threads: by ``latest_reply`` on the roots of recent threads, one by one
for older conversations in which something happened lately. After a moment's absence, and after an
event that could not be stored, only the former: Slack will repeat what is missing, but perhaps
after a later reply to the same guest, which must not overtake it.

Where events are posted to us, nothing tells of an absence: a proxy may keep them from us, and we
see a quiet hour. There the roots are looked at every few minutes, and only a look moves on the time
from which a start will read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.replies import is_reply_event
from bridgebot.errors import SlackError
from bridgebot.slack.faults import MENDABLE, ROOTLESS
from bridgebot.slack.gateway import Gateway
from bridgebot.store import lookups, outbox, records
from bridgebot.store.withdrawal import open_ones
from bridgebot.workers.context import Context
from bridgebot.workers.found import ROOTS_MS, Found, Thread

log = structlog.get_logger()

CURSOR = "slack:present"
LEFT = "slack:left:"
"""Begins the names of cursors that tell since when a channel could not be read."""
PAUSE = 5.0
STILL_MS = 60_000
"""How long this worker's pause may last at most; a longer one is an absence."""
RETURN_MS = 60_000
"""How long after a failed look at such a channel the next follows."""
LEISURE = 5
"""How many times as long as a look lasts the next is waited for: a chain has many channels."""

SKEW_MS = 10_000
"""How far Slack's clock may run before ours."""

MARGIN_MS = 60_000
"""A connection may be dead for some time before it is noticed."""

HOLD_MS = 60_000
"""How long replies wait while nothing can be read, so that an older one is not overtaken."""

LIVELY_MS = 30 * 86_400_000
"""How lately something must have happened in an older conversation."""


class Catchup:
    """Reads what happened in Slack while this node did not listen.

    ``look_seconds`` is how often it looks where no connection tells whether it does.
    """

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
        look_seconds: float | None = None,
    ) -> None:
        self._context = context
        self._gateway = gateway
        self._bot_user = bot_user
        self._found = Found(context, bot_user=bot_user)
        self._named = named
        self._connected = connected
        self._after_ms = int(after_seconds * 1000)
        self._look_ms = None if look_seconds is None else int(look_seconds * 1000)
        self._looked: int | None = None
        self._look_at = 0
        self._long = False
        self._started = False
        self._settled = False
        self._unlisted: int | None = None
        self._listing: int | None = None
        self._unread: dict[Thread, int] | None = None
        self._left: dict[str, int] = {}
        self._back: set[str] = set()
        self._return_at = 0
        self._stepped_at: int | None = None
        self._gone: int | None = None
        self._hold_until: int | None = None

    def cut(self) -> bool:
        """Tell whether the socket was cut since the start, and what was missed is not read yet."""
        return self._settled and (self._busy or not self._connected())

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
        gap = self._context.ms() - (self._stepped_at or self._context.ms())
        if gap > STILL_MS:
            # The machine slept or this process stood still: nobody listened.
            self.was_absent(gap / 1000)
        try:
            return await self._step()
        finally:
            self._stepped_at = self._context.ms()

    async def _step(self) -> float:
        if self._left and self._context.ms() >= self._return_at:
            await self._return()
        if self._looked is not None and self._context.ms() >= self._look_at:
            await self._look(self._looked)
        if self._busy:
            await self._compare()
        if self._connected() and not self._busy:
            await self._context.store.write(self._be_present)
            self._back.clear()
            self._settled = True
        return PAUSE

    async def _be_present(self, connection: AsyncConnection) -> None:
        at = self._context.ms() if self._looked is None else self._looked
        await records.set_cursor(connection, CURSOR, {"at": at})
        for channel in self._back:
            await records.drop_cursor(connection, LEFT + channel)

    async def _remember_start(self) -> None:
        left = await self._context.store.read(lambda c: records.get_cursors(c, LEFT))
        self._left = {channel: int(each["since"]) for channel, each in left.items()}
        cursor = await self._context.store.read(lambda c: records.get_cursor(c, CURSOR))
        if "at" in cursor:
            self._unlisted = min(self._unlisted or int(cursor["at"]), int(cursor["at"]))
            self._long = True
        else:
            self._unread = {}
            self._note_look(self._context.ms())
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
        began, since = self._context.ms(), min(self._listing, self._looked or self._listing)
        since -= MARGIN_MS
        self._suspect(await self._suspects(since, everything=everything))
        self._note_look(began)
        self._listing = None
        self._long = self._long and self._unlisted is not None

    async def _look(self, looked: int) -> None:
        """Add the threads in which somebody wrote since the last look; replies elsewhere go on.

        After one that failed the threads that are known come first, and the next begins where this
        one did.
        """
        began = self._context.ms()
        try:
            self._suspect(await self._written_in(looked - MARGIN_MS))
        except SlackError:
            self._look_at = self._context.ms() + (self._look_ms or 0)
            raise
        self._note_look(began)

    def _note_look(self, began: int) -> None:
        """Take note of a look at all that was written before; long ones are made seldom."""
        if self._look_ms is not None:
            took = self._context.ms() - began
            self._looked, self._look_at = began, began + max(self._look_ms, LEISURE * took)

    async def _read_next(self) -> int:
        """Read one thread, first those in which a reply waits for it; count what was new."""
        assert self._unread  # noqa: S101 - the caller looked
        waiting = await self._context.store.peek(outbox.waiting_threads)
        thread = next((each for each in self._unread if each in waiting), next(iter(self._unread)))
        try:
            found = await self._read(*thread, self._unread[thread])
        except BaseException:
            # The others go first next time: one that cannot be read stops none of them. Its channel
            # may have been left meanwhile.
            if thread in self._unread:
                self._unread[thread] = self._unread.pop(thread)
            raise
        self._unread.pop(thread, None)
        if found:
            self._context.signals.all()
        elif thread in waiting:
            self._context.signals.outbox.set()
        return found

    async def _leave(self, channel: str, since: int) -> None:
        """Go on without a channel that the bot was taken out of, and remember since when.

        What is said there in the meantime is read when somebody has put that right.
        """
        log.warning("channel_left_out", channel=channel)
        since = min(since, self._left.get(channel, since))
        since = await self._context.store.write(lambda c: _note_left(c, channel, since))
        self._left[channel] = since
        self._back.discard(channel)
        if self._unread is not None:
            self._unread = {
                thread: at for thread, at in self._unread.items() if thread[0] != channel
            }

    async def _return(self) -> None:
        """Look at the channels that could not be read; what can be now, is."""
        self._return_at = self._context.ms() + RETURN_MS
        for channel, since in list(self._left.items()):
            del self._left[channel]
            try:
                threads = await self._suspects(since, everything=True, only={channel})
            except BaseException:
                self._left[channel] = since
                raise
            if channel not in self._left:
                self._suspect(threads)
                self._back.add(channel)

    def _suspect(self, threads: Mapping[Thread, int]) -> None:
        """Add threads to those that are to be read, each from a moment on."""
        unread = self._unread or {}
        for thread, since in threads.items():
            unread[thread] = min(unread.get(thread, since), since)
        self._unread = unread

    async def _suspects(
        self, since: int, *, everything: bool, only: Collection[str] | None = None
    ) -> dict[Thread, int]:
        """List the threads in which something may have happened, in some channels or in all.

        Each with the moment from which on it is to be read.
        """
        found = await self._written_in(since, only)
        found |= await self._others(since, everything=everything)
        return {
            each: at
            for each, at in found.items()
            if each[0] not in self._left and (only is None or each[0] in only)
        }

    async def _written_in(
        self, since: int, only: Collection[str] | None = None
    ) -> dict[Thread, int]:
        """List the threads in which somebody wrote, by their roots."""
        oldest = _ts(since - ROOTS_MS)
        found: dict[Thread, int] = {}
        bound = await self._context.store.read(lambda c: lookups.channels(c, after=oldest))
        channels = self._context.routing.channels() | bound
        for channel in sorted(channels.intersection(channels if only is None else only)):
            if channel in self._left:
                continue
            try:
                found |= dict.fromkeys(await self._lively(channel, oldest, since), since)
            except SlackError as error:
                if error.code not in MENDABLE:
                    raise
                await self.missing(channel, since)
        return found

    async def missing(self, channel: str, since: int) -> None:
        """Go on without a channel: for now, or for good where settings no longer name it."""
        if channel in self._context.routing.channels():
            await self._leave(channel, since)
        else:
            log.warning("channel_left_out", channel=channel)

    async def _others(self, since: int, *, everything: bool) -> dict[Thread, int]:
        """List what the roots do not tell: deleted replies, and older threads.

        Older threads cost a call each: all are suspected only if ``everything`` is.
        """
        found: dict[Thread, int] = {}
        oldest_ms = since - ROOTS_MS
        oldest = _ts(oldest_ms)
        # A deleted reply is no longer the latest of its thread, and may be older than the absence.
        for row in await self._context.store.read(lambda c: open_ones(c, after=oldest_ms)):
            thread = row.channel, row.thread_ts
            found[thread] = min(found.get(thread, since), _millis(row.ts) - 1)
        active = since - LIVELY_MS
        if everything:
            older = await self._context.store.read(
                lambda c: lookups.older_threads(c, before=oldest, active=active)
            )
            for each in older:
                found.setdefault((each.channel, each.thread_ts or ""), since)
        return found

    async def _lively(self, channel: str, oldest: str, since: int) -> list[Thread]:
        """List the threads of a channel in which somebody wrote after a moment."""
        return [
            (channel, str(root["ts"]))
            async for root in self._gateway.history(channel, oldest=oldest)
            if float(str(root.get("latest_reply") or 0)) * 1000 > since
        ]

    async def _read(self, channel: str, thread_ts: str, since: int) -> int:
        """Take the replies of one thread as if their events had come."""
        there: set[str] = set()
        found, began = 0, self._context.ms() - SKEW_MS
        try:
            async for message in self._gateway.thread(channel, thread_ts, oldest=_ts(since)):
                event = {**message, "channel": channel}
                there.add(str(message.get("ts")))
                if is_reply_event(event, self._named) and event["user"] != self._bot_user:
                    found += await self._found.take(event)
        except SlackError as error:
            if error.code in MENDABLE:
                await self.missing(channel, since)
            elif error.code not in ROOTLESS:
                raise
            # The thread is gone, or cannot be seen: there is nothing to compare with.
            return found
        return found + await self._found.take_back((channel, thread_ts), there, since, began)


async def _note_left(connection: AsyncConnection, channel: str, since: int) -> int:
    """Write down since when a channel cannot be read; another node may know of an earlier time."""
    known = await records.get_cursor(connection, LEFT + channel)
    since = min(since, int(known.get("since", since)))
    await records.set_cursor(connection, LEFT + channel, {"since": since})
    return since


def _ts(millis: int) -> str:
    return f"{max(0, millis) / 1000:.6f}"


def _millis(ts: str) -> int:
    return int(float(ts) * 1000)
