"""What properties are called, where a provider has told it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Received, SenderKind
from bridgebot.store import records

_CURSOR = "named:"


async def learn(connection: AsyncConnection, messages: Iterable[Received]) -> None:
    """Remember how properties are called that wrote a message.

    Booking.com's search names the sender, and says that this is the property's name ("Searching
    messages", `sender.metadata.name`); the queue names guests alone.
    """
    found = {
        (each.conversation.provider, each.conversation.property_id): each.message.sender_name
        for each in messages
        if each.message.sender is SenderKind.PROPERTY
    }
    for (provider, property_id), name in found.items():
        if name and property_id and await name_of(connection, provider, property_id) != name:
            await records.set_cursor(connection, _key(provider, property_id), {"name": name})


async def name_of(connection: AsyncConnection, provider: str, property_id: str | None) -> str:
    """Tell what a property is called; empty where nobody has told."""
    found = await records.get_cursor(connection, _key(provider, property_id or ""))
    return str(found.get("name", ""))


def _key(provider: str, property_id: str) -> str:
    return f"{_CURSOR}{provider}:{property_id}"
