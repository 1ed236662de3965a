"""Lines of the audit trail about staff messages."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import audit
from bridgebot.store.rows import OutboxRow


async def note_act(
    connection: AsyncConnection, row: OutboxRow, act: str, user: str, *, now: int
) -> None:
    """Write down what somebody did with a staff message."""
    await audit.note(
        connection,
        at=now,
        actor=audit.person(user),
        act=act,
        conversation=row.conversation,
        subject=f"outbox:{row.id}",
    )


async def note_replied(connection: AsyncConnection, row: OutboxRow, *, now: int) -> None:
    """Write down that a reply reached the guest."""
    await note_act(connection, row, "replied", row.user_id, now=now)
