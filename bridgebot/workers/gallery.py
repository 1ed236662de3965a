"""Shows guests' pictures in their threads: fetched, looked at, uploaded, and then shared once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import Outcome, State, after_failure
from bridgebot.errors import CallError, PictureError, ProviderError, SlackError
from bridgebot.metrics import DELIVERIES, PICTURES
from bridgebot.model import Picture
from bridgebot.rendering import pictures
from bridgebot.rendering.words import late_picture, picture_title
from bridgebot.slack.faults import ROOTLESS
from bridgebot.slack.files import Files
from bridgebot.slack.gateway import Gateway
from bridgebot.store import conversations, inbox
from bridgebot.store.rows import ConversationRow, InboxRow, from_ms
from bridgebot.workers import trail
from bridgebot.workers.context import Context
from bridgebot.workers.showing import (
    PATIENT_ATTEMPTS,
    called,
    not_at_all,
    not_yet,
    record_post,
)
from bridgebot.workers.whereabouts import property_of

log = structlog.get_logger()

AT_ONCE = 4
"""Pictures that are in memory at the same time: one may be as large as the provider takes."""

Opening = Callable[[InboxRow], Awaitable[str]]


class Gallery:
    """Delivers the pictures of the inbox; ``open_thread`` makes a thread where there is none.

    Only the sharing is seen by anybody. It is written down before, so that a lost answer is looked
    up in the thread by the file's id.
    """

    def __init__(
        self, context: Context, gateway: Gateway, files: Files, open_thread: Opening
    ) -> None:
        self._context = context
        self._gateway = gateway
        self._files = files
        self._open_thread = open_thread
        self._hands = asyncio.Semaphore(AT_ONCE)

    async def deliver(self, row: InboxRow, about: Mapping[str, Any]) -> None:
        """Show a picture, or say why it is not shown."""
        shown = list(row.posted)
        try:
            if not shown:
                shown.append(await self._show(row, about))
        except PictureError as error:
            await self._refuse(row, about, error)
        except CallError as error:
            await self._failed(row, about, error)
        else:
            PICTURES.labels("to_slack", "shown").inc()
            await self._record(row, Outcome(state=State.COMPLETED), posted=shown)

    async def _show(self, row: InboxRow, about: Mapping[str, Any]) -> str:
        thread_ts = row.conversation.thread_ts or await self._open_thread(row)
        title = picture_title(about, row.conversation.about.guest_name)
        try:
            file = await self._bring(row, str(about["picture"]), title)
        except CallError as error:
            # Nobody sees what was not shared: it can simply be brought again.
            error.certain = True
            raise
        await self._context.store.write(lambda c: inbox.note_file(c, row.id, file))
        comment = late_picture(from_ms(about["sent_at"])) if row.aside else None
        await self._gateway.share(
            file, title, row.conversation.channel, thread_ts=thread_ts, comment=comment
        )
        return file

    async def _bring(self, row: InboxRow, attachment: str, title: str) -> str:
        async with self._hands:
            picture = await self._fetch(row.conversation, attachment)
            seen = pictures.inspect(picture.data)
            name = pictures.safe_name(picture.name, seen.kind)
            return await self._files.put(name, picture.data, alt_text=title)

    async def _fetch(self, conversation: ConversationRow, attachment: str) -> Picture:
        provider = self._context.providers.get(conversation.about.provider)
        if provider is None or provider.attachments is None:
            raise PictureError("cannot be fetched from here", code="no_attachments")
        place = await property_of(self._context, provider, conversation)
        return await provider.attachments.fetch(
            place, conversation.about.conversation_id, attachment
        )

    async def _failed(self, row: InboxRow, about: Mapping[str, Any], error: CallError) -> None:
        if error.permanent and isinstance(error, ProviderError):
            label = self._context.label(row.conversation.about.provider)
            why = PictureError(f"is not given by {label} ({error.code})", code="not_given")
            await self._refuse(row, about, why)
            return
        if error.code in ROOTLESS:
            gone = row.conversation
            await self._context.store.write(
                lambda c: conversations.unbind_thread(c, gone.id, gone.thread_ts)
            )
        outcome = after_failure(error, attempts=row.attempts, chance=self._context.chance())
        if outcome.state is State.DISCARDED:
            await self._give_up(row, about, outcome)
            return
        at_slack = isinstance(error, SlackError)
        patient = at_slack and not error.auth and row.attempts < PATIENT_ATTEMPTS
        steps_aside = outcome.state is State.RETRYABLE and not patient
        told = None
        if steps_aside and not row.aside:
            side = "Slack" if at_slack else self._context.label(row.conversation.about.provider)
            told = not_yet(about, side, error.code)
        await self._record(row, outcome, aside=steps_aside, told=told)

    async def _refuse(self, row: InboxRow, about: Mapping[str, Any], error: PictureError) -> None:
        """Say in the thread what is wrong with a picture; its message stands above."""
        PICTURES.labels("to_slack", error.code).inc()
        label = self._context.label(row.conversation.about.provider)
        told = f"{called(about)} is not shown: it {error}. Look at it in {label} itself."
        outcome = Outcome(state=State.COMPLETED, code=error.code)
        await self._record(row, outcome, told=told)

    async def _give_up(self, row: InboxRow, about: Mapping[str, Any], outcome: Outcome) -> None:
        PICTURES.labels("to_slack", "given_up").inc()
        label = self._context.label(row.conversation.about.provider)
        await self._record(row, outcome, told=not_at_all(about, label))

    async def _record(
        self,
        row: InboxRow,
        outcome: Outcome,
        *,
        posted: Sequence[str] | None = None,
        aside: bool = False,
        told: str | None = None,
    ) -> None:
        there = row.posted if posted is None else posted

        async def unit(connection: AsyncConnection) -> None:
            await record_post(
                connection,
                self._context,
                row,
                outcome,
                there,
                called=True,
                told=told,
                aside=aside,
            )

        await self._context.store.write(unit)
        DELIVERIES.labels("inbox", outcome.state.value).inc()
        trail.tried(self._context, "picture", row, outcome)
        log.info(
            "picture_handled",
            delivery=row.id,
            conversation=row.conversation.id,
            state=outcome.state.value,
            code=outcome.code,
            attempt=row.attempts,
        )
        for signal in (self._context.signals.inbox, self._context.signals.reconcile):
            signal.set()
