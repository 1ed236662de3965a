"""Alerts that stand for a delivery until someone acts."""

from __future__ import annotations

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import records
from bridgebot.store.schema import alerts, conversations

KINDS = ("undelivered", "uncertain")


def subject_of(table: Table, row_id: int) -> str:
    """Name a delivery as the subject of its alert."""
    return f"{table.name}:{row_id}"


def delivery_of(table: Table, kind: str, subject: str) -> int | None:
    """Tell which delivery of a queue an alert stands for; ``None``: none of it."""
    name, _, number = subject.partition(":")
    is_about = kind in KINDS and name == table.name and number.isdigit()
    return int(number) if is_about else None


async def given_up(connection: AsyncConnection, table: Table) -> list[int]:
    """List what was not delivered of a queue and stands until someone acts."""
    query = select(alerts.c.subject).where(
        alerts.c.kind == "undelivered", alerts.c.closed_at.is_(None)
    )
    subjects = (await connection.execute(query)).scalars()
    found = (delivery_of(table, "undelivered", each) for each in subjects)
    return [row_id for row_id in found if row_id is not None]


async def close(
    connection: AsyncConnection, table: Table, row_id: int, *, line: str, now: int
) -> None:
    """Close what stands for a delivery, saying in its last line who did what."""
    query = (
        select(conversations.c.provider)
        .join(table, table.c.conversation == conversations.c.id)
        .where(table.c.id == row_id)
    )
    provider = (await connection.execute(query)).scalar()
    if provider is None:
        return
    for kind in KINDS:
        await records.close_alert(
            connection,
            kind=kind,
            provider=provider,
            subject=subject_of(table, row_id),
            now=now,
            line=line,
        )
