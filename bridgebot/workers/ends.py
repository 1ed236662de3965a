"""What is written down when an attempt to send a reply ends; all in one transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import NO_ANSWER, Outcome, State
from bridgebot.bridge.enclosures import listed
from bridgebot.bridge.replies import Kind, without_files
from bridgebot.bridge.window import open_until
from bridgebot.model import Message, MessageId, SenderKind, Sent
from bridgebot.store import (
    actors,
    conversations,
    corrections,
    echoes,
    inbox,
    places,
    queues,
    records,
)
from bridgebot.store.rows import ConversationRow, OutboxRow
from bridgebot.store.schema import outbox as table
from bridgebot.workers.context import Context
from bridgebot.workers.notices import to_notice

CROSSED = (
    "Your reply was sent, but the guest had written once more before you could see it. "
    "Please look at the newest message: does your reply still fit?"
)
ACCOUNT_GONE = "account_gone"
DELIVERED, UNDELIVERED = "white_check_mark", "warning"


async def record_reply(
    connection: AsyncConnection,
    context: Context,
    row: OutboxRow,
    conversation: ConversationRow,
    outcome: Outcome,
    sent: Sent | None,
    reason: str = "",
    *,
    called: bool = False,
) -> bool:
    """Record how an attempt ended; return whether the row was still this node's.

    ``called`` tells that a call has just ended: the other side's time runs from now, and not from
    the claim, before which nothing had been sent.
    """
    await places.lock(connection, conversation.id)
    now = context.ms()
    due_at = now + int(outcome.delay * 1000)
    if outcome.state is State.RETRYABLE and await corrections.reopen(
        connection, row, owner=context.owner, now=now, due_at=due_at
    ):
        # It was edited on its way and surely did not arrive: the new words go out.
        await release_echo(connection, row.id, None, now)
        return True
    mark = {State.COMPLETED: DELIVERED, State.DISCARDED: UNDELIVERED}.get(outcome.state)
    values = {} if outcome.counted else {"attempts": row.attempts - 1}
    if called and outcome.state is State.UNCERTAIN:
        values["started_at"] = now
    mine = await queues.finish(
        connection,
        table,
        row.id,
        owner=context.owner,
        state=outcome.state.value,
        now=now,
        error=outcome.code,
        due_at=due_at,
        message_id=sent.message_id if sent else None,
        mark_wanted=mark,
        **values,
    )
    if not mine:
        return False
    if sent is not None:
        await _delivered(connection, context, row, conversation, sent.message_id)
    elif outcome.state is not State.UNCERTAIN:
        await release_echo(connection, row.id, None, now)
    if outcome.state is State.DISCARDED:
        await _undelivered(connection, context, row, conversation, outcome, reason)
    return True


async def hold_reply(
    connection: AsyncConnection,
    context: Context,
    row: OutboxRow,
    conversation: ConversationRow,
    *,
    wrong: Sequence[str],
    kept: Sequence[str],
    refused: bool,
) -> bool:
    """Hold a reply whose pictures cannot all go, or refuse one that has nothing else.

    Nothing of it was sent. ``kept`` are the files that go where its author agrees. One that was
    edited meanwhile is decided about anew instead, in its new words.
    """
    now = context.ms()
    await places.lock(connection, conversation.id)
    if await corrections.reopen(connection, row, owner=context.owner, now=now, due_at=now):
        await release_echo(connection, row.id, None, now)
        return True
    mine = await queues.finish(
        connection,
        table,
        row.id,
        owner=context.owner,
        state=State.CANCELLED.value,
        now=now,
        kind=(Kind.REFUSED if refused else Kind.HELD).value,
        pictures=json.dumps(list(kept)),
        error=(Kind.REFUSED if refused else Kind.HELD).value,
        attempts=row.attempts - 1,
        mark_wanted=UNDELIVERED if refused else None,
    )
    if not mine:
        return False
    await release_echo(connection, row.id, None, now)
    words, more = f"Not sent: {listed(wrong)}.", {}
    if not refused:
        words, more = without_files(listed(wrong), pictures=len(kept)), {"held": row.id}
    told = to_notice(words, row.user_id, **more)
    await inbox.add_notice(connection, conversation.id, told, now=now)
    return True


async def _delivered(
    connection: AsyncConnection,
    context: Context,
    row: OutboxRow,
    conversation: ConversationRow,
    message_id: MessageId,
) -> None:
    now = context.ms()
    message = Message(
        message_id=message_id,
        sender=SenderKind.PROPERTY,
        content=row.content or "",
        sent_at=datetime.fromtimestamp(now / 1000, UTC),
        kind="free_text",
    )
    await conversations.add_message(
        connection, conversation, message, origin="slack", raw="{}", now=now, reply=row.id
    )
    await release_echo(connection, row.id, message_id, now)
    # When it went out, not when we learned of it: a guest may have written in between.
    at = row.started_at or now
    by = f"slack:{row.user_id}"
    await conversations.note_answer(connection, conversation.id, at, by, known=at)
    if conversation.about.access == conversations.READ_ONLY:
        open_again = replace(conversation.about, access="read_write")
        await conversations.ensure(
            connection, open_again, channel=conversation.channel, now=now, again=True
        )
    await actors.note_replied(connection, row, now=now)
    if await corrections.crossed(connection, row, at=at):
        told = to_notice(CROSSED, row.user_id)
        await inbox.add_notice(connection, conversation.id, told, now=now)
    for kind in ("undelivered", "uncertain"):
        await records.close_alert(
            connection,
            kind=kind,
            provider=conversation.about.provider,
            subject=f"outbox:{row.id}",
            now=now,
            line="Delivered.",
        )


async def release_echo(
    connection: AsyncConnection, reply: int, message_id: MessageId | None, now: int
) -> None:
    """Show a message after all that was taken for this reply's echo and is not.

    The provider's answer names the reply's own id; a message with the same words and another id
    was written elsewhere.
    """
    for message, conversation in await echoes.release(connection, reply, message_id or ""):
        await inbox.add(connection, conversation, message, now=now)


async def _undelivered(
    connection: AsyncConnection,
    context: Context,
    row: OutboxRow,
    conversation: ConversationRow,
    outcome: Outcome,
    reason: str,
) -> None:
    """Tell the author under the message and raise an alert that stands until someone acts."""
    label, now = context.label(conversation.about.provider), context.ms()
    why = in_words(outcome.code or "", reason, conversation, label)
    if closed := _closed(context, conversation, outcome.code or ""):
        why = f"{why} {closed}"
    await inbox.add_notice(
        connection,
        conversation.id,
        to_notice(f"Not delivered: {why}", row.user_id, retry=row.id),
        now=now,
    )
    await records.raise_alert(
        connection,
        kind="undelivered",
        provider=conversation.about.provider,
        subject=f"outbox:{row.id}",
        conversation=conversation.id,
        title="A reply could not be delivered to the guest",
        lines=(why, "The text is kept in the thread."),
        now=now,
    )


def _closed(context: Context, conversation: ConversationRow, code: str) -> str:
    """Say the provider's rule where a refusal may well come from it."""
    provider = conversation.about.provider
    until = open_until(context.window(provider), conversation.last_guest_at)
    over = until is not None and until < context.ms()
    if conversation.about.access == "read_only":
        return context.window_rule(provider)
    if over and (code in {"refused", "forbidden"} or code.startswith("http_4")):
        return f"Probably the time for replies is over: {context.window_rule(provider)}"
    return ""


def in_words(code: str, reason: str, conversation: ConversationRow, label: str) -> str:
    """Say in plain words why a reply could not be delivered."""
    if conversation.about.access == "read_only":
        return "this conversation is closed for replies (read only)."
    known = {
        "forbidden": f"{label} says that this property is not connected to our account.",
        "http_404": f"{label} does not know this conversation any more.",
        "refused": f"{label} refused the message.",
        NO_ANSWER: f"{label} never answered, and does not have it, however often it was tried.",
        ACCOUNT_GONE: f"{reason}. Nothing is lost: put it back, start the bridge again, and press "
        "Try again; or answer there.",
        "no_replies": f"{label} can only be read here; please answer there.",
    }
    return known.get(code, reason or f"{label} answered {code}.")
