"""Hands "no reply needed" on to providers that have such a tag."""

from __future__ import annotations

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.errors import ProviderError
from bridgebot.store import audit, watch
from bridgebot.store.rows import ConversationRow
from bridgebot.workers.context import Context

log = structlog.get_logger()

PAUSE = 2.0
LATER_MS = 60_000


class Settler:
    """Sets and removes tags; both may be repeated, so what fails now is done later."""

    name = "settler"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._not_before: dict[int, int] = {}

    async def step(self) -> float:
        """Set the tags that are not as they should be; see ``Worker.step``."""
        for row, wanted in await self._context.store.read(watch.untagged):
            if self._not_before.get(row.id, 0) <= self._context.ms():
                await self._tag(row, needless=wanted)
        return PAUSE

    async def _tag(self, row: ConversationRow, *, needless: bool) -> None:
        about, provider = row.about, self._context.providers.get(row.about.provider)
        done = False
        if provider is not None and provider.tags is not None and about.property_id is not None:
            try:
                await provider.tags.no_reply_needed(
                    about.property_id, about.conversation_id, needless=needless
                )
            except ProviderError as error:
                log.info("not_tagged", conversation=row.id, code=error.code)
                if not error.permanent:
                    self._not_before[row.id] = self._context.ms() + LATER_MS
                    return
            else:
                done = True
        self._not_before.pop(row.id, None)
        await self._context.store.write(
            lambda c: self._tagged(c, row, needless=needless, done=done)
        )

    async def _tagged(
        self, connection: AsyncConnection, row: ConversationRow, *, needless: bool, done: bool
    ) -> None:
        """Remember that the provider has the tag, where there is one to have."""
        await watch.tagged(connection, row.id, wanted=needless)
        if done:
            await audit.note(
                connection,
                at=self._context.ms(),
                actor=audit.BRIDGE,
                act="tagged" if needless else "untagged",
                conversation=row.id,
            )
