"""Looks whether what was written before this process began has been sent after all.

A database that was put back from a copy knows nothing of the replies that were sent since. What it
holds as waiting, or what is found in a thread without the bot's mark, may be with the guest. So it
is with a server that comes back: it may be a standby that was told of less than the one before it.
"""

from __future__ import annotations

from dataclasses import replace

import structlog
from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge import reconcile
from bridgebot.bridge.inbound import is_same_text
from bridgebot.errors import ProviderError
from bridgebot.model import Message, PropertyId
from bridgebot.providers.base import Provider
from bridgebot.rendering.to_guest import Names, to_guest
from bridgebot.store.formed import VERBATIM, WRITTEN_AT
from bridgebot.store.rows import ConversationRow, OutboxRow, from_ms, outbox_row, to_ms
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

    def doubt(self) -> None:
        """Compare everything that is written before now."""
        self._began = self._context.ms()

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
        written = _written(row)
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
        # Ended replies have no index by conversation: not on the loop's time.
        others = await self._context.store.read(lambda c: _others(c, conversation.id, row.id))
        nameless = await self._context.store.read(lambda c: _nameless(c, conversation.id, row))
        found = reconcile.sent_already(
            row.content or "",
            from_ms(written),
            others,
            transcript.messages,
            [
                (from_ms(_written(other)), from_ms(ended))
                for other, ended in nameless
                if self._is_alike(row, other)
            ],
        )
        if found is not None:
            log.info("sent_before", delivery=row.id, conversation=conversation.id)
            raise SentBeforeError(replace(row, started_at=to_ms(found.sent_at)), found)

    def _is_alike(self, row: OutboxRow, other: OutboxRow) -> bool:
        """Tell whether two replies of a conversation are the same to the guest.

        Of one that was found in its thread with its mark only that text is known.
        """
        if other.content:
            return is_same_text(row.content or "", other.content)
        if self._context.signing.how == "first_name" and row.user_id != other.user_id:
            return False
        words = _words(other)
        return bool(words or other.event.get("files")) and is_same_text(_words(row), words)


def _written(row: OutboxRow) -> int:
    """Tell when a reply was written, milliseconds since 1970."""
    return int(float(row.event.get(WRITTEN_AT) or row.ts) * 1000)


def _words(row: OutboxRow) -> str:
    """Render what stands in the thread, without the names of those whom it mentions."""
    return str(row.event.get(VERBATIM) or to_guest(row.event, Names()))


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


async def _nameless(
    connection: AsyncConnection, conversation: int, row: OutboxRow
) -> list[tuple[OutboxRow, int]]:
    """List the other replies that were sent as nobody knows which message, and when that was known.

    A person said so, or the bot's own mark after a restore.
    """
    in_thread = and_(outbox.c.channel == row.channel, outbox.c.thread_ts == row.thread_ts)
    query = (
        select(outbox)
        .where(
            or_(outbox.c.conversation == conversation, in_thread),
            outbox.c.id != row.id,
            outbox.c.state == "completed",
            outbox.c.message_id.is_(None),
            ~exists().where(messages.c.reply == outbox.c.id),
        )
        .order_by(outbox.c.ts)
    )
    found = (await connection.execute(query)).mappings()
    return [(outbox_row(each), each["finished_at"]) for each in found]
