"""Root cards: which of them show something else than the store says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Integer, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store.prepared import Prepared
from bridgebot.store.rows import ConversationRow, conversation_row
from bridgebot.store.schema import conversations as table


class Shown(NamedTuple):
    """A conversation's card as it stands in Slack: which version, and what it looks like."""

    conversation: int
    version: int
    digest: int


async def stale(connection: AsyncConnection, limit: int) -> Sequence[ConversationRow]:
    """List conversations whose card has to be drawn again."""
    rows = await _STALE.rows(connection, {"most": limit})
    return [conversation_row(row) for row in rows]


_STALE = Prepared(
    lambda _words: (
        select(table)
        .where(table.c.card_wanted != table.c.card_shown, table.c.thread_ts.is_not(None))
        .order_by(table.c.id)
        .limit(bindparam("most", type_=Integer))
    )
)


async def note_shown(connection: AsyncConnection, cards: Sequence[Shown]) -> None:
    """Remember which cards are in Slack."""
    await _SHOWN.run_all(connection, [each._asdict() for each in cards])


_SHOWN = Prepared(
    lambda _words: (
        update(table)
        .where(table.c.id == bindparam("conversation"))
        .values(card_shown=bindparam("version"), card_drawn=bindparam("digest"))
    )
)
