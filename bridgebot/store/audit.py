"""Who did what and when, written in the transaction of the act; never words of guests or staff."""

from __future__ import annotations

import getpass
import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.prepared import Prepared, slots
from bridgebot.store.schema import audit, conversations

BRIDGE = "bridge"
"""The actor where nobody acted but the program itself."""

ACTS: Mapping[str, str] = MappingProxyType(
    {
        "replied": "a reply of theirs was delivered to the guest",
        "claimed": "took a guest who waits in charge",
        "released": "gave that up, or took it from somebody",
        "snoozed": "silenced the alert until `until`",
        "settled": "said that no reply is needed",
        "reopened": "let the guest wait after all",
        "tagged": "the tag 'no reply needed' was set at the provider",
        "untagged": "that tag was removed",
        "sent_by_hand": "sent a note, or a reply that was held back, to the guest",
        "kept_internal": "kept a reply from the guest",
        "reworded": "changed a reply that was held back, and sent it",
        "corrected": "sent a changed text after a reply",
        "retried": "let a delivery go out again",
        "dropped": "gave a delivery up",
        "confirmed": "said that an uncertain reply was sent",
        "exported": "took out what is held about a person",
        "erased": "erased what is held about a person",
        "pruned": "erased what was older than `RETENTION_DAYS`",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of the trail; ``at`` is in milliseconds since 1970."""

    id: int
    at: int
    actor: str
    act: str
    provider: str | None
    conversation_id: str | None
    reference: str | None
    subject: str
    detail: Mapping[str, object]


def person(user: str) -> str:
    """Name somebody in Slack as an actor."""
    return f"slack:{user}"


def operator() -> str:
    """Name whoever runs a command on this machine as an actor."""
    try:
        return f"operator:{getpass.getuser()}"
    except (KeyError, OSError):
        # A container's user may have no name.
        return f"operator:{os.getuid()}"


async def note(
    connection: AsyncConnection,
    *,
    at: int,
    actor: str,
    act: str,
    conversation: int | None = None,
    subject: str = "",
    detail: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Write a line in the transaction of the act; ``detail`` takes numbers only."""
    if act not in ACTS:
        raise ValueError(f"not an act: {act}")
    line = {
        "at": at,
        "actor": actor,
        "act": act,
        "conversation": conversation,
        "subject": subject,
        "detail": json.dumps(dict(detail)),
    }
    await _NOTE.run(connection, line)


_NOTE = Prepared(
    lambda _words: insert(audit).values(
        slots("at", "actor", "act", "conversation", "subject", "detail")
    )
)


async def entries(
    connection: AsyncConnection, *, since: int = 0, reference: str | None = None
) -> AsyncIterator[Entry]:
    """Walk the trail, oldest first, row by row; about one reservation, or about all."""
    query = (
        select(
            audit,
            conversations.c.provider,
            conversations.c.conversation_id,
            conversations.c.reference,
        )
        .outerjoin(conversations, conversations.c.id == audit.c.conversation)
        .where(audit.c.at >= since)
        .order_by(audit.c.at, audit.c.id)
    )
    if reference is not None:
        # The number itself is gone from a conversation that was erased; these lines keep it.
        named = audit.c.subject == f"reservation:{reference}"
        erased = select(audit.c.conversation).where(named)
        query = query.where(
            or_(named, conversations.c.reference == reference, conversations.c.id.in_(erased))
        )
    async with connection.stream(query) as rows:
        async for row in rows.mappings():
            plain = "id at actor act provider conversation_id reference subject"
            yield Entry(
                detail=json.loads(row["detail"]), **{name: row[name] for name in plain.split()}
            )


async def prune(connection: AsyncConnection, *, before: int, limit: int) -> int:
    """Delete the oldest lines; return how many."""
    oldest = select(audit.c.id).where(audit.c.at < before).order_by(audit.c.at).limit(limit)
    return (await connection.execute(delete(audit).where(audit.c.id.in_(oldest)))).rowcount
