"""Stores what staff write before Slack is answered.

Over HTTP this is Bolt's ``before_authorize`` step: it runs after the signature check and before
``auth.test`` and any listener, and its failure is exactly "not acknowledged", so Slack sends the
event again (reference: Slack platform, section 8.1). What comes over the socket needs no check, so
it is taken before Bolt sees it: most of it are events of the bot's own posts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any
from weakref import WeakValueDictionary

import structlog
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.replies import is_reply_event
from bridgebot.slack import group
from bridgebot.store import corrections, inbox, outbox, promises
from bridgebot.store.database import Store
from bridgebot.store.prepared import Row
from bridgebot.store.rows import OutboxRow
from bridgebot.store.withdrawal import reword, withdraw
from bridgebot.tracing import Traces, outgoing

log = structlog.get_logger()

Next = Callable[[], Awaitable[BoltResponse]]

RETRIED = "x-slack-retry-num"
REACTIONS = frozenset({"reaction_added", "reaction_removed"})
HEARD = frozenset({"app_home_opened", *group.EVENTS})
"""Events that have a listener: nothing is lost with them, they come again."""

EDITED_LATE = "The guest already has the earlier text; the edit was not sent."
EDITED_ON_ITS_WAY = (
    "This reply was on its way when it was edited. If the guest gets the earlier text, the new one "
    "can follow."
)
DELETED_LATE = "The guest already has this message; deleting it here does not take it back."


class Capture:
    """The capture step; ``on_captured`` wakes who decides about a new message, ``on_changed`` all.

    ``decide`` decides about most in the same transaction, and wakes who sends them.
    ``on_failed`` says that an event could not be stored, or came only when it was sent again: that
    may be later than what was written after it.
    """

    def __init__(
        self,
        store: Store,
        *,
        bot_user: str,
        now: Callable[[], int],
        on_captured: Callable[[], None],
        on_changed: Callable[[], None] = lambda: None,
        on_failed: Callable[[], None] = lambda: None,
        promise: str = "",
        named: Collection[str] = (),
        traces: Traces | None = None,
        decide: outbox.Outright = outbox.later,
    ) -> None:
        self._store = store
        self._traces = traces or Traces()
        self._bot_user = bot_user
        self._now = now
        self._on_captured = on_captured
        self._decide = decide
        self._on_changed = on_changed
        self._on_failed = on_failed
        self._promise = promise
        self._named = named
        self._turns: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def __call__(self, req: AsyncBoltRequest, next: Next) -> BoltResponse:  # noqa: A002
        """Store a staff message and answer; pass everything else on.

        What Slack posts once more did not come through before, and other things may not have
        either. The names of the parameters are Bolt's.
        """
        if RETRIED in req.headers:
            self._on_failed()
        return BoltResponse(status=200) if await self.take(req.body) else await next()

    async def take(self, body: Mapping[str, Any]) -> bool:
        """Store what an envelope holds for us; return whether nobody else has to see it.

        What it raises means that Slack shall send the envelope again.
        """
        if body.get("type") != "event_callback":
            return False
        event = body.get("event")
        if isinstance(event, dict) and event.get("type") == "message":
            await self._take_or_tell(event)
        elif isinstance(event, dict) and event.get("type") in REACTIONS:
            await self._take_reaction(event)
        elif isinstance(event, dict) and event.get("type") in HEARD:
            return False
        # Other events are for the store alone: no listener has more to do with them, and without
        # this answer Bolt would acknowledge none that it has no listener for.
        return True

    async def _take_or_tell(self, event: Mapping[str, Any]) -> None:
        place = _thread_of(event)
        turn = self._turns.get(place) or self._turns.setdefault(place, asyncio.Lock())
        try:
            # What is kept out by a lock in the database waits: two edits must not change places.
            async with turn:
                await self._take(event)
        except BaseException:
            self._on_failed()
            raise

    async def _take(self, event: Mapping[str, Any]) -> None:
        subtype = event.get("subtype")
        if subtype == "message_changed":
            await self._take_edit(event)
        elif subtype == "message_deleted":
            await self._take_deletion(event)
        elif is_reply_event(event, self._named) and event.get("user") != self._bot_user:
            await self._take_reply(event)

    async def _take_reply(self, event: Mapping[str, Any]) -> None:
        began = self._now()
        kept = await self._store.write(lambda c: self._keep(c, event, self._decide))
        if kept is not None:
            log.info("captured", channel=event["channel"], ts=event["ts"])
            self._trace(event, began)
            if kept["kind"] is None:
                self._on_captured()
            else:
                self._decided(event, kept, began)

    def _trace(self, event: Mapping[str, Any], began: int) -> None:
        channel, ts = str(event["channel"]), str(event["ts"])
        self._traces.captured(channel, ts, began=began, ended=self._now())

    def _decided(self, event: Mapping[str, Any], kept: Row, began: int) -> None:
        """Tell of a message that was decided about with its keeping."""
        log.info("decided", delivery=kept["id"], kind=kept["kind"])
        self._traces.step(
            "decide",
            outgoing(str(event["channel"]), str(event["ts"])),
            began=began,
            ended=self._now(),
            conversation=kept["conversation"],
            delivery=kept["id"],
            kind=kept["kind"],
        )

    async def _keep(
        self,
        connection: AsyncConnection,
        event: Mapping[str, Any],
        decide: outbox.Outright = outbox.later,
    ) -> Row | None:
        ours = event.get("parent_user_id", self._bot_user) == self._bot_user
        return await outbox.capture(connection, event, now=self._now(), ours=ours, decide=decide)

    async def _take_edit(self, event: Mapping[str, Any]) -> None:
        message, before = event.get("message"), event.get("previous_message")
        if not isinstance(message, dict) or not isinstance(before, dict):
            return
        # Unfurling, our own updates and a deleted root come as changes too, the text as it was.
        if message.get("text") == before.get("text") or message.get("subtype") == "tombstone":
            return
        edited = {**message, "channel": str(event.get("channel"))}
        if is_reply_event(edited, self._named) and edited["user"] != self._bot_user:
            began = self._now()
            if await self._store.write(lambda c: self._edit_unit(c, edited)):
                self._trace(edited, began)
            self._on_changed()

    async def _edit_unit(self, connection: AsyncConnection, edited: Mapping[str, Any]) -> bool:
        """Take an edit to its message; tell whether it came before the message itself."""
        channel, ts = str(edited["channel"]), str(edited["ts"])
        if await reword(connection, channel, ts, edited, now=self._now()):
            return False
        # The edit may come before the message itself: then it is the message. On another node the
        # message may just have been stored: then it is edited after all.
        if await self._keep(connection, edited) is not None:
            return True
        if not await reword(connection, channel, ts, edited, now=self._now()):
            row = await corrections.offer(connection, edited)
            await self._tell_late(connection, row, edited_late(row), corrects=row and row.id)
        return False

    async def _take_deletion(self, event: Mapping[str, Any]) -> None:
        before = event.get("previous_message")
        if not isinstance(before, dict):
            return
        deleted = {**before, "channel": str(event.get("channel"))}
        if is_reply_event(deleted, self._named) and deleted["user"] != self._bot_user:
            await self._store.write(lambda c: self._delete_unit(c, deleted))
            self._on_changed()

    async def _delete_unit(self, connection: AsyncConnection, deleted: Mapping[str, Any]) -> None:
        channel, ts = str(deleted["channel"]), str(deleted["ts"])
        # Kept first, in case the deletion overtook the message, which must not go out any more.
        await self._keep(connection, deleted)
        row = await outbox.by_ts(connection, channel, ts)
        if row is not None and not await withdraw(connection, row, now=self._now()):
            out = await outbox.gone_out(connection, channel, ts)
            await self._tell_late(connection, out, DELETED_LATE)

    async def _take_reaction(self, event: Mapping[str, Any]) -> None:
        """Keep, or drop, what staff mark as a promise to the guest."""
        item, user = event.get("item"), str(event.get("user") or "")
        if event.get("reaction") != self._promise or user == self._bot_user:
            return
        if not isinstance(item, dict) or item.get("type") != "message":
            return
        channel, ts, now = str(item.get("channel")), str(item.get("ts")), self._now()
        if event["type"] == "reaction_removed":
            await self._store.write(lambda c: promises.forget(c, channel=channel, ts=ts))
        else:
            await self._store.write(
                lambda c: promises.keep(c, channel=channel, ts=ts, user=user, now=now)
            )

    async def _tell_late(
        self, connection: AsyncConnection, row: OutboxRow | None, words: str, **more: object
    ) -> None:
        """Tell in the thread that a change came after the reply had gone out."""
        if row is None or row.conversation is None:
            return
        notice = {"text": words, "mention": row.user_id, **more}
        await inbox.add_notice(connection, row.conversation, notice, now=self._now())


def _thread_of(event: Mapping[str, Any]) -> tuple[str, str]:
    """Name the channel and the thread that an event of a message is about."""
    about = event.get("message") or event.get("previous_message")
    message = about if isinstance(about, dict) else event
    return str(event.get("channel")), str(message.get("thread_ts") or message.get("ts"))


def edited_late(row: OutboxRow | None) -> str:
    """Say of a reply that was edited too late what is known of the earlier text."""
    return EDITED_ON_ITS_WAY if row is not None and row.state != "completed" else EDITED_LATE
