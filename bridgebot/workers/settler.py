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
"""How long a conversation rests that could not be tagged."""

ACCOUNT_LATER_MS = 15_000
"""How long its account does: less, for the failure may have been that conversation's alone."""


class Settler:
    """Sets and removes tags; both may be repeated, so what fails now is done later."""

    name = "settler"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._resting: dict[int, int] = {}
        self._waiting: dict[str, int] = {}

    async def step(self) -> float:
        """Set the tags that are not as they should be; see ``Worker.step``."""
        now = self._context.ms()
        self._resting = {each: until for each, until in self._resting.items() if until > now}
        self._waiting = {each: until for each, until in self._waiting.items() if until > now}
        rows = await self._context.store.read(
            lambda c: watch.untagged(c, waiting=tuple(self._waiting), resting=tuple(self._resting))
        )
        for row, wanted in rows:
            if row.about.provider not in self._waiting:
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
                    now = self._context.ms()
                    self._resting[row.id] = now + LATER_MS
                    self._waiting[about.provider] = now + ACCOUNT_LATER_MS
                    return
            else:
                done = True
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
