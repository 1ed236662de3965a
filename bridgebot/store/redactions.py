"""Messages that a provider redacts after they were shown: their words go here and in Slack.

What a provider leaves of such a text is not documented, nor why it was redacted; so nothing of it
is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Integer, and_, bindparam, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import REDACTED, Message
from bridgebot.store import inbox as queue
from bridgebot.store.prepared import Prepared
from bridgebot.store.rows import InboxRow
from bridgebot.store.schema import alerts, conversations, inbox, messages

# Written out, as the partial index has it: SQLite does not see that a comparison is the same.
STALE = text("inbox.stale").self_group()


async def redact(connection: AsyncConnection, provider: str, told: Iterable[Message]) -> int:
    """Erase what a provider says it has redacted; return how many messages were still there."""
    return sum([await _redact(connection, provider, each) for each in told if each.is_redacted])


async def _redact(connection: AsyncConnection, provider: str, message: Message) -> bool:
    """Erase a message's words, if they are here; return whether they were.

    What staff wrote in Slack is theirs, and stays there.
    """
    query = select(messages.c.id, messages.c.conversation, messages.c.attributes).where(
        messages.c.provider == provider,
        messages.c.message_id == message.message_id,
        messages.c.origin != "slack",
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None or json.loads(row.attributes).get(REDACTED) == "true":
        return False
    attributes = {**json.loads(row.attributes), REDACTED: "true"}
    await connection.execute(
        update(messages)
        .where(messages.c.id == row.id)
        .values(content="", raw="{}", attributes=json.dumps(attributes, ensure_ascii=False))
    )
    unseen = and_(inbox.c.state == "available", inbox.c.posted == "[]")
    await connection.execute(
        update(inbox).where(inbox.c.message == row.id, ~unseen).values(stale=True)
    )
    mine = select(conversations.c.alert).where(conversations.c.id == row.conversation)
    await connection.execute(
        update(alerts)
        .where(or_(alerts.c.conversation == row.conversation, alerts.c.id.in_(mine)))
        .values(wanted=alerts.c.wanted + 1)
    )
    return True


async def stale(connection: AsyncConnection, limit: int) -> Sequence[InboxRow]:
    """List what stands in Slack with words that were redacted, oldest first."""
    ids = [row["id"] for row in await _STALE.rows(connection, {"most": limit})]
    return await queue.read(connection, ids) if ids else ()


_STALE = Prepared(
    lambda _words: (
        select(inbox.c.id)
        .where(STALE, inbox.c.finished_at.is_not(None))
        .order_by(inbox.c.id)
        .limit(bindparam("most", type_=Integer))
    )
)


async def note_fresh(connection: AsyncConnection, row_id: int) -> None:
    """Remember that nothing of a redacted text stands in Slack any more."""
    await connection.execute(update(inbox).where(inbox.c.id == row_id).values(stale=False))
