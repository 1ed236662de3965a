"""Finds which property a conversation belongs to, where the provider did not say so."""

from __future__ import annotations

from bridgebot.errors import ProviderError
from bridgebot.model import PropertyId, Transcript
from bridgebot.providers.base import Provider
from bridgebot.store import conversations
from bridgebot.store.rows import ConversationRow
from bridgebot.workers.context import Context


async def property_of(
    context: Context, provider: Provider, conversation: ConversationRow
) -> PropertyId:
    """Return a conversation's property; ask the configured ones where it came without.

    Raises ``ProviderError`` where none of them knows it.
    """
    about = conversation.about
    if about.property_id is not None:
        return about.property_id
    for property_id in provider.properties if provider.history else ():
        assert provider.history is not None  # noqa: S101 - the line above
        try:
            found = await provider.history.by_id(property_id, about.conversation_id)
        except ProviderError as error:
            if error.permanent:
                continue
            raise
        await learn(context, conversation, found)
        return property_id
    raise ProviderError(
        "the provider did not say which property this conversation belongs to; "
        "name the property ids in BRIDGEBOT_BOOKING_PROPERTIES, or as the account's properties",
        code="property_unknown",
        permanent=True,
    )


async def learn(
    context: Context, conversation: ConversationRow, found: Transcript
) -> ConversationRow:
    """Write down what the provider says of a conversation now; what was erased stays so."""
    return await context.store.write(
        lambda c: conversations.ensure(
            c, found.conversation, channel=conversation.channel, now=context.ms(), again=True
        )
    )
