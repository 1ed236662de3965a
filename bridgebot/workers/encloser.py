"""Brings the pictures of a staff message to the provider, before the message that names them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from bridgebot.bridge.enclosures import MOST_FETCHED, Enclosure, enclosures_of, sort_out
from bridgebot.errors import PictureError, ProviderError
from bridgebot.metrics import PICTURES
from bridgebot.model import Picture, PictureLimits, PropertyId
from bridgebot.providers.base import Attachments, Provider
from bridgebot.rendering import pictures
from bridgebot.slack.files import Files
from bridgebot.store.rows import ConversationRow, OutboxRow
from bridgebot.workers.context import Context

log = structlog.get_logger()

AT_ONCE = 2
"""Pictures in hand at the same time: a large photograph takes 200 MB while it is scaled."""


class NotEnclosedError(Exception):
    """Some pictures cannot go; ``wrong`` says why, ``kept`` are the files that can."""

    def __init__(self, wrong: Iterable[str], kept: Iterable[str]) -> None:
        super().__init__("pictures cannot be passed on")
        self.wrong = tuple(wrong)
        self.kept = tuple(kept)


class Encloser:
    """Fetches pictures from Slack, looks at them, and uploads them.

    An upload that no message names reaches nobody, so each attempt to send a reply begins anew; how
    long the provider keeps an unused one is not documented.
    """

    def __init__(self, context: Context, files: Files) -> None:
        self._context = context
        self._files = files
        self._room = asyncio.Semaphore(AT_ONCE)

    async def enclose(
        self,
        provider: Provider,
        property_id: PropertyId,
        conversation: ConversationRow,
        row: OutboxRow,
    ) -> list[str]:
        """Upload a reply's pictures and return their ids, in order.

        Raises ``NotEnclosedError`` where some cannot go, once all were looked at; ``SlackError``
        and ``ProviderError`` where it is worth another attempt.
        """
        if not row.pictures:
            return []
        about, attachments = conversation.about, provider.attachments
        there = enclosures_of(row.event, row.pictures)
        found = sort_out(
            there,
            attachments.limits if attachments is not None else None,
            label=provider.label,
            conversation_type=about.conversation_type,
        )
        wrong = list(found.wrong)
        wrong += ["a picture was deleted"] * (len(row.pictures) - len(there))
        made: dict[str, str] = {}
        for each in found.good:
            assert attachments is not None  # noqa: S101 - else none would be good
            try:
                picture = await self._picture(each, attachments.limits)
                made[each.file] = await self._upload(
                    attachments, property_id, conversation, picture
                )
            except PictureError as error:
                PICTURES.labels("to_guest", error.code).inc()
                wrong.append(f"{each.name} {error}")
        log.info("enclosed", delivery=row.id, pictures=len(made), refused=len(wrong))
        if wrong:
            raise NotEnclosedError(wrong, made)
        return list(made.values())

    async def _picture(self, each: Enclosure, limits: PictureLimits) -> Picture:
        async with self._room:
            data = await self._files.get(each.about, most=MOST_FETCHED)
            raw = Picture(name=str(each.about.get("name") or ""), kind=each.kind, data=data)
            picture = await asyncio.to_thread(pictures.to_guest, raw, limits.largest)
        if picture.kind not in limits.kinds:
            raise PictureError("is of a kind that is not taken", code="type")
        return picture

    async def _upload(
        self,
        attachments: Attachments,
        property_id: PropertyId,
        conversation: ConversationRow,
        picture: Picture,
    ) -> str:
        about = conversation.about
        try:
            return await attachments.upload(property_id, about.conversation_id, picture)
        except ProviderError as error:
            if not error.permanent or error.code == "forbidden":
                raise
            label = self._context.label(about.provider)
            raise PictureError(
                f"is not taken by {label} ({error.code})", code="not_taken"
            ) from None
