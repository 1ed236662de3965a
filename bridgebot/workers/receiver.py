"""Takes in the notifications that the endpoint has kept.

The endpoint only keeps them, on whatever node they arrive; one node takes them in, through the same
intake as every other source.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.elapsed import elapsed
from bridgebot.errors import ProviderError
from bridgebot.model import Batch, Conversation, Message, Received, SenderKind
from bridgebot.providers.base import Provider
from bridgebot.store import conversations, notifications, records
from bridgebot.store.notifications import Kept
from bridgebot.workers.context import Context
from bridgebot.workers.intake import Stored, announce, store_batch
from bridgebot.workers.lease import STANDBY_SECONDS, Lease

log = structlog.get_logger()

AT_ONCE = 100
PAUSE = 1.0
"""Another node may have kept something, and wakes nobody here."""
REMEMBERED_MS = 14 * 86_400_000
FORGET_EVERY_MS = 3_600_000
PATIENCE_MS = 120_000
"""How long a message waits for the provider to tell whose it is."""
MISSED = "notifications"
"""The subject of the alert that notifications do not arrive."""


class Receiver:
    """Takes in one account's notifications."""

    def __init__(
        self,
        context: Context,
        provider: Provider,
        push: Callable[[str], Batch],
        *,
        monotonic: Callable[[], float] = elapsed,
    ) -> None:
        self.name = f"receiver:{provider.name}"
        self.heard_at: datetime | None = None
        self.caught_up = False
        self.poll_seconds = PAUSE
        self._context = context
        self._provider = provider
        self._push = push
        self._lease = Lease(context, provider.name, kind="push", monotonic=monotonic)
        self._forget_at = 0

    @property
    def standby(self) -> bool:
        """Whether another node takes in what is kept."""
        return self._lease.standby

    def heard(self) -> datetime | None:
        """Tell when this process was last ready to be notified."""
        return self.heard_at

    async def step(self) -> float:
        """Take in what is kept; see ``Worker.step``."""
        if not await self._lease.hold():
            return STANDBY_SECONDS
        name = self._provider.name
        rows = await self._context.store.read(lambda c: notifications.waiting(c, name, AT_ONCE))
        self.heard_at = self._context.now()
        taken = await self._take(rows) if rows else 0
        self.caught_up = self.caught_up or taken < AT_ONCE
        await self._forget()
        return 0.0 if taken == AT_ONCE else PAUSE

    async def _take(self, rows: Sequence[Kept]) -> int:
        """Take in all that is clear; return how much it was."""
        batches = {row.id: await self._clear(row) for row in rows}
        done = {row_id: batch for row_id, batch in batches.items() if batch is not None}
        if not done:
            return 0
        # They come in any order; among those that wait here the time decides.
        messages = [each for batch in done.values() for each in batch.messages]
        messages.sort(key=lambda each: each.message.sent_at)
        odd = [each for batch in done.values() for each in batch.unreadable]
        whole = Batch(messages=tuple(messages), unreadable=tuple(odd))
        stored = await self._context.store.write(lambda c: self._store(c, whole, list(done)))
        announce(self._context, self._provider.name, stored)
        return len(done)

    async def _store(self, connection: AsyncConnection, batch: Batch, ids: list[int]) -> Stored:
        context, name = self._context, self._provider.name
        stored = await store_batch(connection, context, name, batch)
        await notifications.settle(connection, ids, now=context.ms())
        if batch.messages:
            await records.close_alert(
                connection,
                kind="provider_down",
                provider=name,
                subject=MISSED,
                now=context.ms(),
                line="They arrive again.",
            )
        return stored

    async def _clear(self, row: Kept) -> Batch | None:
        """Read a notification, and make sure whose words they are; ``None`` where it must wait."""
        batch = self._push(row.body)
        messages = []
        for each in batch.messages:
            if each.message.sender is SenderKind.UNKNOWN:
                try:
                    each = await self._identified(each)  # noqa: PLW2901 - the same, known better
                except ProviderError as error:
                    log.info("sender_not_known", provider=self._provider.name, code=error.code)
                    if self._context.ms() - row.received_at < PATIENCE_MS and not error.permanent:
                        return None
            messages.append(each)
        return replace(batch, messages=tuple(messages))

    async def _identified(self, received: Received) -> Received:
        """Find out who wrote, where the notification has a word for it that is not documented."""
        name, about = self._provider.name, received.conversation
        row = await self._context.store.read(
            lambda c: conversations.find(c, name, about.conversation_id)
        )
        kind = _by_participant(received.message, row.about if row else None)
        property_id = about.property_id or (row.about.property_id if row else None)
        if kind is not SenderKind.UNKNOWN or property_id is None:
            return _as_from(received, kind)
        if self._provider.history is None:
            return received
        transcript = await self._provider.history.by_id(property_id, about.conversation_id)
        for each in transcript.messages:
            if each.message_id == received.message.message_id:
                return _as_from(received, each.sender)
        return _as_from(received, _by_participant(received.message, transcript.conversation))

    async def _forget(self) -> None:
        """Forget, now and then, what was taken in long ago."""
        now = self._context.ms()
        if now < self._forget_at:
            return
        self._forget_at = now + FORGET_EVERY_MS
        await self._context.store.write(
            lambda c: notifications.forget(c, before=now - REMEMBERED_MS)
        )


def _by_participant(message: Message, about: Conversation | None) -> SenderKind:
    """Tell who wrote by the participants of a conversation that is known."""
    if about is None or message.participant_id is None:
        return SenderKind.UNKNOWN
    if message.participant_id == about.guest_participant_id:
        return SenderKind.GUEST
    if message.participant_id == about.property_participant_id:
        return SenderKind.PROPERTY
    return SenderKind.UNKNOWN


def _as_from(received: Received, kind: SenderKind) -> Received:
    """Say who wrote a message; a guest's name and ids become the conversation's."""
    message, about = received.message, received.conversation
    if kind is SenderKind.GUEST:
        about = replace(
            about,
            guest_name=about.guest_name or message.sender_name,
            guest_participant_id=message.participant_id,
        )
    elif kind is SenderKind.PROPERTY:
        about = replace(about, property_participant_id=message.participant_id)
    return replace(received, conversation=about, message=replace(message, sender=kind))


def missed_alert(label: str, found: int) -> tuple[str, tuple[str, ...]]:
    """Say that messages came another way which notifications should have brought."""
    count = "A message was" if found == 1 else f"{found} messages were"
    remedy = (
        "bridgebot doctor tries the address; the provider portal → Administration → Notification "
        "Service Settings shows whether the subscription is on hold."
    )
    lines = (f"{count} found by searching, of which no notification had come.", remedy)
    return f"{label}'s notifications do not arrive", lines
