"""Looks whether what was written before this process began has been sent after all.

A database that was put back from a copy knows nothing of the replies that were sent since. What it
holds as waiting, or what is found in a thread without the bot's mark, may be with the guest.
"""

from __future__ import annotations

from dataclasses import replace

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge import reconcile
from bridgebot.errors import ProviderError
from bridgebot.model import Message, PropertyId
from bridgebot.providers.base import Provider
from bridgebot.store.formed import WRITTEN_AT
from bridgebot.store.rows import ConversationRow, OutboxRow, from_ms, to_ms
from bridgebot.store.schema import messages, outbox
from bridgebot.workers.context import Context

log = structlog.get_logger()


class SentBeforeError(Exception):
    """A reply is with the guest already, as ``message``; ``row`` says that it was sent then."""

    def __init__(self, row: OutboxRow, message: Message) -> None:
        super().__init__("sent before")
        self.row = row
        self.message = message


class Leftovers:
    """Compares replies from before this process with the provider's history."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._began = context.ms()

    async def compare(
        self,
        provider: Provider,
        property_id: PropertyId,
        conversation: ConversationRow,
        row: OutboxRow,
    ) -> None:
        """Raise ``SentBeforeError`` where a reply is in the history.

        Raises ``ProviderError`` where that cannot be told now. Where it will never be, the reply
        goes out: mostly nobody has sent it.
        """
        written = int(float(row.event.get(WRITTEN_AT) or row.ts) * 1000)
        if written >= self._began or provider.history is None:
            return
        about = conversation.about
        try:
            transcript = await provider.history.by_id(property_id, about.conversation_id)
        except ProviderError as error:
            if error.permanent and not error.auth:
                return
            # Nothing was sent by looking.
            error.certain = True
            raise
        others = await self._context.store.peek(lambda c: _others(c, conversation.id, row.id))
        found = reconcile.sent_already(
            row.content or "", from_ms(written), others, transcript.messages
        )
        if found is not None:
            log.info("sent_before", delivery=row.id, conversation=conversation.id)
            raise SentBeforeError(replace(row, started_at=to_ms(found.sent_at)), found)


async def _others(connection: AsyncConnection, conversation: int, reply: int) -> set[str]:
    """List the messages of a conversation that are other replies of ours.

    One that came in as written elsewhere may be this very reply: nobody knew it then. Where it was
    another one that was sent before, only that reply's own row names it.
    """
    copies = select(messages.c.message_id).where(
        messages.c.conversation == conversation, messages.c.reply != reply
    )
    named = select(outbox.c.message_id).where(
        outbox.c.conversation == conversation,
        outbox.c.id != reply,
        outbox.c.message_id.is_not(None),
    )
    return set((await connection.execute(copies.union(named))).scalars())
