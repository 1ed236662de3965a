"""Tells the steps of messages to whoever traces them."""

from __future__ import annotations

from collections.abc import Collection

from bridgebot.bridge.delivery import Outcome, State
from bridgebot.model import Batch, MessageId, ProviderName
from bridgebot.store import lookups
from bridgebot.store.rows import InboxRow
from bridgebot.tracing import Subject, incoming
from bridgebot.workers.context import Context


def arrived(
    context: Context,
    provider: ProviderName,
    queued: Collection[tuple[MessageId, int]],
    *,
    began: int,
    fetched_from: int | None = None,
) -> None:
    """Begin the trace of each message that is stored now and waits for its thread.

    ``began`` is when storing began, ``fetched_from`` when the call that brought the messages did,
    where it was one call.
    """
    if not context.traces.on:
        return
    start, now = began if fetched_from is None else fetched_from, context.ms()
    for message_id, conversation in queued:
        of = incoming(provider, message_id)
        context.traces.step(
            "receive",
            of,
            first=True,
            began=start,
            ended=began,
            provider=provider,
            conversation=conversation,
        )
        context.traces.step("store", of, began=began, ended=now, conversation=conversation)


async def confirmed(context: Context, provider: ProviderName, batch: Batch, *, began: int) -> None:
    """Tell of the confirm in each message's trace, also of one stored before a restart.

    The copies of our own replies have no trace: a reply's ends with its answer.
    """
    if not context.traces.on:
        return
    now, ids = context.ms(), {each.message.message_id for each in batch.messages}
    ours = await context.store.read(lambda c: lookups.echoes(c, provider, ids))
    for message_id in ids - ours:
        context.traces.step("confirm", incoming(provider, message_id), began=began, ended=now)


def subject_of(row: InboxRow) -> Subject | None:
    """Name the trace of a delivery into a thread; a picture's is its message's."""
    picture = row.picture or {}
    message_id = row.message.message_id if row.message is not None else picture.get("of")
    return incoming(row.conversation.about.provider, message_id) if message_id else None


def tried(context: Context, name: str, row: InboxRow, outcome: Outcome) -> None:
    """Tell of a try to bring a message, or one of its pictures, into its thread."""
    of, now = subject_of(row) if context.traces.on else None, context.ms()
    if of is None:
        return
    context.traces.step(
        name,
        of,
        began=now if row.started_at is None else row.started_at,
        ended=now,
        failed=outcome.state is not State.COMPLETED,
        conversation=row.conversation.id,
        delivery=row.id,
        attempt=row.attempts,
        state=outcome.state.value,
        code=outcome.code,
    )
