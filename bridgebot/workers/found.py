"""Takes what stands in a thread as if its events had come."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge import reconcile
from bridgebot.slack.capture import edited_late
from bridgebot.store import corrections, inbox, marks, outbox
from bridgebot.store.withdrawal import open_ones, reword, withdraw
from bridgebot.workers.context import Context

Thread = tuple[str, str]
"""A channel and the ts of a root."""

UNSENT = (
    "This has the mark of what did not reach the guest, and it is not tried again by itself: the "
    "bridge does not know any more what was wrong. Please look whether the guest has it; if not, "
    "edit it, and it is tried as it reads then."
)

ROOTS_MS = 14 * 86_400_000
"""How far back roots are listed; older threads are looked at one by one."""


class Found:
    """Keeps what was found late, and takes back what is not there any more."""

    def __init__(self, context: Context, *, bot_user: str) -> None:
        self._context = context
        self._bot_user = bot_user

    async def take(self, event: Mapping[str, Any]) -> bool:
        """Take a message as if its event had come; tell whether there was anything new in it."""
        began, write = self._context.ms(), self._context.store.write
        if await write(lambda c: self._capture(c, event)):
            channel, ts = str(event["channel"]), str(event["ts"])
            self._context.traces.captured(channel, ts, began=began, ended=self._context.ms())
            return True
        return "edited" in event and await write(lambda c: self._edit(c, event))

    async def _capture(self, connection: AsyncConnection, event: Mapping[str, Any]) -> bool:
        """Keep a message; the bot's own mark says what became of one that it dealt with before.

        Only a database that was put back from a copy does not know of it.
        """
        now, mark = self._context.ms(), reconcile.mark_of(event, self._bot_user)
        ours = event.get("parent_user_id", self._bot_user) == self._bot_user
        kept = await outbox.capture(connection, event, now=now, ours=ours)
        if mark is not None:
            fresh = kept is not None
            unsent = await marks.believe(connection, event, mark, fresh=fresh, now=now)
            if unsent is not None:
                notice = {"text": UNSENT, "mention": event["user"]}
                await inbox.add_notice(connection, unsent, notice, now=now)
        return kept is not None

    async def _edit(self, connection: AsyncConnection, event: Mapping[str, Any]) -> bool:
        channel, ts, now = str(event["channel"]), str(event["ts"]), self._context.ms()
        kept = await outbox.by_ts(connection, channel, ts)
        if kept is None or kept.event.get("text") == event.get("text"):
            return False
        if await reword(connection, channel, ts, event, now=now):
            return True
        row = await corrections.offer(connection, event)
        if row is None or row.conversation is None:
            return False
        notice = {"text": edited_late(row), "mention": row.user_id, "corrects": row.id}
        await inbox.add_notice(connection, row.conversation, notice, now=now)
        return True

    async def take_back(
        self, thread: Thread, there: Collection[str], since: int, began: int
    ) -> int:
        """Take back what is not in a thread any more; count it.

        What was written after the reading ``began`` may be missing in what was read.
        """

        async def unit(connection: AsyncConnection) -> int:
            cancelled = 0
            for row in await open_ones(connection, after=since - ROOTS_MS):
                here = (row.channel, row.thread_ts) == thread and row.ts not in there
                if here and since < float(row.ts) * 1000 < began:
                    cancelled += await withdraw(connection, row, now=self._context.ms())
            return cancelled

        return await self._context.store.write(unit)
