"""Message shortcuts of a thread: keep a reply internal, send to the guest what was not sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.replies import without_prefix
from bridgebot.rendering.desk import said_post
from bridgebot.slack.access import Access
from bridgebot.slack.drafts import Drafts
from bridgebot.slack.telling import in_time, show, store_then_ack
from bridgebot.store import actors, conversations, outbox
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow, OutboxRow

log = structlog.get_logger()

KEPT = "It stays internal."
TOO_LATE = "Too late, or nothing to keep back: it is not waiting to be sent."
SENT = "It goes to the guest."
ANEW = (
    "Its words are looked at first, as they read now; then they go to the guest. If they cannot, "
    "the thread says why."
)
NO_REPLY = "Nothing to send: this is no reply to a guest."
CHANGED = "It was changed at this very moment. Please try again."
WORDLESS = "Nothing to send: its words are not kept any more. Please write it anew."
UNSENT: Mapping[str | None, str] = {
    None: "It is being looked at; the thread will say what becomes of it.",
    "refused": (
        "It was refused, for the reason that was given. Edit it, and it is tried again as it "
        "reads then."
    ),
    "discarded": "It could not be delivered; the thread has the reason and a button to try again.",
    "cancelled": "It was dropped by hand. Please write it anew to send it.",
    "completed": "Nothing to send: it was sent already.",
    "uncertain": "It is not known yet whether it was sent; the thread will say so.",
}
"""What is said of a message that cannot be released, by its kind or, for a reply, its state."""
ON_ITS_WAY = "Nothing to send: it is on its way already."

Change = Callable[[AsyncConnection, str, str, str], Awaitable[str]]
"""Does something with the message at a place, for somebody; says what came of it."""


class ByHand:
    """Changes what becomes of one staff message; only the caller is told."""

    def __init__(
        self,
        store: Store,
        access: Access,
        drafts: Drafts,
        *,
        now: Callable[[], int],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._access = access
        self._drafts = drafts
        self._now = now
        self._wake = wake

    def register(self, app: AsyncApp) -> None:
        """Listen to the shortcuts of the manifest."""
        app.shortcut("keep_internal")(self.keep_internal)
        app.shortcut("send_to_guest")(self.send_to_guest)

    async def keep_internal(
        self, ack: AsyncAck, shortcut: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Keep a reply in its undo window from the guest."""
        await self._do(shortcut, ack, respond, self._keep)

    async def send_to_guest(
        self, ack: AsyncAck, shortcut: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Release a message that was held back by ``REPLY_POLICY=explicit`` or is a note."""
        await self._do(shortcut, ack, respond, self._send, sends=True)

    async def _do(
        self,
        shortcut: Mapping[str, Any],
        ack: AsyncAck,
        respond: AsyncRespond,
        change: Change,
        *,
        sends: bool = False,
    ) -> None:
        user = str(shortcut["user"]["id"])
        words = await in_time(self._access.refusal(user, sends=sends), ack)
        if words is not None:
            await ack()
        else:
            channel, ts = str(shortcut["channel"]["id"]), str(shortcut["message_ts"])
            words = await store_then_ack(
                self._store, lambda c: change(c, channel, ts, user), ack, respond
            )
            if words is None:
                return
            self._wake()
        await show(respond, said_post(words))

    async def _keep(self, connection: AsyncConnection, channel: str, ts: str, user: str) -> str:
        now = self._now()
        if not await outbox.keep_internal(connection, channel, ts, now=now):
            return TOO_LATE
        row = await outbox.by_ts(connection, channel, ts)
        if row is not None:
            await actors.note_act(connection, row, "kept_internal", user, now=now)
        return KEPT

    async def _send(self, connection: AsyncConnection, channel: str, ts: str, user: str) -> str:
        """Send what was not sent, where the rules for every reply have nothing against it."""
        if self._drafts.off is not None:
            return self._drafts.off
        row = await outbox.by_ts(connection, channel, ts)
        if row is None or row.conversation is None:
            return NO_REPLY
        if row.kind not in outbox.RELEASABLE:
            return UNSENT.get(row.state if row.kind == "reply" else row.kind, ON_ITS_WAY)
        about = await conversations.get(connection, row.conversation)
        words = await self._release(connection, row, about)
        if words in {SENT, ANEW}:
            await actors.note_act(connection, row, "sent_by_hand", user, now=self._now())
        return words

    async def _release(
        self, connection: AsyncConnection, row: OutboxRow, about: ConversationRow
    ) -> str:
        now = self._now()
        if row.content is None:
            closed = self._drafts.closed(about)
            anew = closed is None and await outbox.look_anew(connection, row, now=now)
            return ANEW if anew else closed or WORDLESS
        content = without_prefix(row.content, self._drafts.rules)
        barred = self._drafts.barred(about, content)
        if barred is not None:
            return barred
        sent = await outbox.release(connection, row, now=now, content=content)
        return SENT if sent else CHANGED
