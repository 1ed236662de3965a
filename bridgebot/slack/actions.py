"""Buttons in threads: retry and copy, "was it sent?", held replies, corrections."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.rendering.blocks import copied
from bridgebot.slack.access import Access
from bridgebot.slack.drafts import Drafts
from bridgebot.slack.telling import in_time, show, store_then_ack, tell
from bridgebot.store import actors, conversations, corrections, outbox, standing
from bridgebot.store.database import Store
from bridgebot.store.schema import outbox as table

log = structlog.get_logger()

CORRECT = "correction_send"


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """A press: the delivery it is about, the message of the button, and when."""

    row_id: int
    ts: str
    now: int


Decide = Callable[[AsyncConnection, Press], Awaitable[bool]]


async def _retry(connection: AsyncConnection, press: Press) -> bool:
    return await outbox.retry(connection, press.row_id, states=("discarded",), now=press.now)


async def _again(connection: AsyncConnection, press: Press) -> bool:
    return await outbox.retry(connection, press.row_id, states=("uncertain",), now=press.now)


async def _drop(connection: AsyncConnection, press: Press) -> bool:
    return await outbox.drop(connection, press.row_id, states=("uncertain",), now=press.now)


async def _sent(connection: AsyncConnection, press: Press) -> bool:
    done = await outbox.accept(connection, press.row_id, now=press.now)
    if done:
        (row,) = await outbox.read(connection, [press.row_id])
        if row.conversation is not None:
            by = f"slack:{row.user_id}"
            at = row.started_at or press.now
            await conversations.note_answer(connection, row.conversation, at, by, known=at)
            await actors.note_replied(connection, row, now=press.now)
    return done


async def _held_send(connection: AsyncConnection, press: Press) -> bool:
    return await outbox.send_held(connection, press.row_id, now=press.now)


async def _held_keep(connection: AsyncConnection, press: Press) -> bool:
    return await outbox.drop_held(connection, press.row_id)


async def _correct(connection: AsyncConnection, press: Press) -> bool:
    return await corrections.take(connection, press.row_id, press.ts, now=press.now)


BUTTONS: Mapping[str, tuple[Decide, str, str]] = {
    "delivery_retry": (_retry, "will be sent again", "retried"),
    "uncertain_again": (_again, "is sent again", "retried"),
    "uncertain_drop": (_drop, "is dropped and will not be sent", "dropped"),
    "uncertain_sent": (_sent, "counts as sent", "confirmed"),
    "held_send": (_held_send, "is sent now", "sent_by_hand"),
    CORRECT: (_correct, "is corrected: the new text goes to the guest", "corrected"),
    "held_keep": (_held_keep, "stays internal", "kept_internal"),
}
"""What each does, says, and is called in the audit trail."""


SENDING = frozenset({"delivery_retry", "uncertain_again", "held_send", CORRECT})


class Actions:
    """Handles presses: checks who pressed, decides by the store, says what came of it."""

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
        """Listen to the buttons."""
        for action_id in BUTTONS:
            app.action(action_id)(self.press)
        app.action("delivery_copy")(self.copy)

    async def press(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Carry a button out, once, whoever presses first."""
        user, ts = str(body["user"]["id"]), str(body["container"]["message_ts"])
        name, row_id = str(action["action_id"]), int(str(action["value"]))
        refusal = await in_time(self._refusal(user, name, row_id), ack)
        if refusal is not None:
            await ack()
            await tell(respond, f"{refusal} Nothing was decided.")
            return
        decide, words, act = BUTTONS[name]
        press = Press(row_id=row_id, ts=ts, now=self._now())

        async def unit(connection: AsyncConnection) -> bool:
            done = await decide(connection, press)
            if done:
                (row,) = await outbox.read(connection, [row_id])
                await actors.note_act(connection, row, act, user, now=press.now)
            # What becomes of the earlier text is not decided by correcting it.
            if done and name != CORRECT:
                line = f"<@{user}> decided: it {words}."
                await standing.close(connection, table, row_id, line=line, now=press.now)
            return done

        done = await store_then_ack(self._store, unit, ack, respond)
        if done is None:
            return
        log.info("pressed", action=name, delivery=row_id, done=done)
        self._wake()
        text = f"<@{user}> decided: the reply {words}." if done else "This was decided already."
        await respond(
            text, replace_original=done, response_type="in_channel" if done else "ephemeral"
        )

    async def _refusal(self, user: str, name: str, row_id: int) -> str | None:
        """Say why somebody may not press a button, or why it can send nothing."""
        sends = name in SENDING
        refusal = await self._access.refusal(user, sends=sends)
        if refusal is not None or not sends:
            return refusal
        if name != "held_send":
            return self._drafts.off
        return await self._store.read(lambda c: self._drafts.held_up(c, row_id))

    async def copy(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Show the text of an undelivered reply to one person, ready to be copied."""
        await ack()
        refusal = await self._access.refusal(str(body["user"]["id"]))
        if refusal is not None:
            await tell(respond, refusal)
            return
        row_id = int(str(action["value"]))
        (row,) = await self._store.read(lambda c: outbox.read(c, [row_id]))
        await show(respond, copied(row.content or ""))
