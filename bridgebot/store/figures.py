"""What the metrics ask of the store; each query reads a partial index, not the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.schema import alerts, conversations, inbox, outbox, quarantine

QUEUES = {"inbox": inbox, "outbox": outbox}


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Counts, and times in milliseconds since 1970 (``None`` where there is nothing)."""

    depth: Mapping[tuple[str, str], int]
    oldest: Mapping[str, int | None]
    quarantined: int
    unanswered: int
    waiting_since: int | None
    alerts: Mapping[str, int]


async def read(connection: AsyncConnection) -> Figures:
    """Read all figures in one go."""
    depth: dict[tuple[str, str], int] = {}
    oldest: dict[str, int | None] = {}
    for name, table in QUEUES.items():
        oldest[name] = None
        query = (
            select(table.c.state, func.count(), func.min(table.c.created_at))
            .where(table.c.finished_at.is_(None))
            .group_by(table.c.state)
        )
        for state, count, first in await connection.execute(query):
            depth[name, state] = count
            oldest[name] = min(first, oldest[name] or first)
    waiting = select(func.count(), func.min(conversations.c.awaiting_since)).where(
        conversations.c.awaiting_since.is_not(None)
    )
    count, since = (await connection.execute(waiting)).one()
    aside = select(func.count()).where(quarantine.c.resolved_at.is_(None))
    standing = (
        select(alerts.c.kind, func.count())
        .where(alerts.c.closed_at.is_(None))
        .group_by(alerts.c.kind)
    )
    return Figures(
        depth=depth,
        oldest=oldest,
        quarantined=int((await connection.execute(aside)).scalar_one()),
        unanswered=count,
        waiting_since=since,
        alerts={row.kind: int(row[1]) for row in await connection.execute(standing)},
    )
