"""Tells the steps of messages to whoever traces them."""

from __future__ import annotations

from collections.abc import Collection

from bridgebot.model import Batch, MessageId, ProviderName
from bridgebot.tracing import incoming
from bridgebot.workers.context import Context


def arrived(
    context: Context,
    provider: ProviderName,
    queued: Collection[tuple[MessageId, int]],
    *,
    began: int,
    fetched_from: int | None,
) -> None:
    """Begin the trace of each message that is stored now and waits for its thread.

    ``began`` is when storing began, ``fetched_from`` when the call that brought the messages did.
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


def confirmed(context: Context, provider: ProviderName, batch: Batch, *, began: int) -> None:
    """Tell of the confirm in each message's trace, also of one stored before a restart."""
    if not context.traces.on:
        return
    now = context.ms()
    for each in batch.messages:
        of = incoming(provider, each.message.message_id)
        context.traces.step("confirm", of, began=began, ended=now)
