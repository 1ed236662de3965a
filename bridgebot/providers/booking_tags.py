"""Tags at Booking.com: "no reply needed" on a conversation, "read" on messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridgebot.model import ConversationId, MessageId, PropertyId
from bridgebot.providers.booking_api import BookingApi


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingTags:
    """Sets and removes tags; a conversation's own tag is read with its history."""

    api: BookingApi

    async def no_reply_needed(
        self, property_id: PropertyId, conversation_id: ConversationId, *, needless: bool
    ) -> None:
        """Say that a conversation needs no reply, or take it back; see ``Tags``."""
        method = "PUT" if needless else "DELETE"
        await self.api.tag("tags.no_reply", method, property_id, conversation_id, "no_reply_needed")

    async def mark_read(
        self,
        property_id: PropertyId,
        conversation_id: ConversationId,
        message_ids: Sequence[MessageId],
        *,
        reader: str,
    ) -> None:
        """Mark messages as read by a participant; see ``Tags``."""
        # The path says ``message_read`` where answers and conversations say ``read``.
        body = {"message_ids": list(message_ids), "participant_id": reader}
        await self.api.tag("tags.read", "PUT", property_id, conversation_id, "message_read", body)
