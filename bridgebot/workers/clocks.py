"""What a message that came in does to the clocks of its conversation."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.inbound import TEMPLATE, is_answer, is_closing_word
from bridgebot.model import Message, SenderKind
from bridgebot.store import conversations
from bridgebot.store.rows import ConversationRow, to_ms


async def turn(
    connection: AsyncConnection, row: ConversationRow, message: Message, waits_from: int
) -> None:
    """Let a guest wait, or end the wait; who wrote before ``waits_from`` starts no clock."""
    sent_at = to_ms(message.sent_at)
    if message.sender is SenderKind.GUEST:
        waits, closing = sent_at >= waits_from, is_closing_word(message)
        await conversations.note_guest(connection, row.id, sent_at, waits=waits, closing=closing)
    elif is_answer(message):
        await conversations.note_answer(connection, row.id, sent_at, "elsewhere")


async def note_past(connection: AsyncConnection, row: ConversationRow, message: Message) -> None:
    """Remember when words from before we came were answered, for the figures: no clock turns."""
    sent_at = to_ms(message.sent_at)
    if message.sender is SenderKind.GUEST:
        await conversations.note_past_guest(connection, row, sent_at, template=TEMPLATE)
    elif is_answer(message):
        await conversations.note_past_answer(connection, row.id, sent_at)
