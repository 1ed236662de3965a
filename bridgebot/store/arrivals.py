"""Guests' messages taken in together: as many statements for a hundred as for one.

What is written is what ``conversations`` and ``inbox`` write one by one, in the same order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from sqlalchemy import BigInteger, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Conversation, Message
from bridgebot.store import conversations as one
from bridgebot.store import hot
from bridgebot.store.prepared import Prepared, slots
from bridgebot.store.rows import ConversationRow, conversation_row, to_ms
from bridgebot.store.schema import conversations, inbox

Key = tuple[str, str]
"""Provider and conversation id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A guest's message as it is to be stored; ``due_at`` is null for one that is shown at once."""

    about: Conversation
    channel: str
    message: Message
    raw: str
    waits: bool
    closing: bool
    due_at: int | None

    @property
    def key(self) -> Key:
        """Name its conversation."""
        return self.about.provider, self.about.conversation_id


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """A message that is stored now, or was there before: then ``row`` is null."""

    arrival: Arrival
    conversation: int
    row: int | None


async def find_all(
    connection: AsyncConnection, keys: Collection[Key]
) -> dict[Key, ConversationRow]:
    """Find the conversations that are stored."""
    found: dict[Key, ConversationRow] = {}
    for provider in sorted({key[0] for key in keys}):
        ids = [key[1] for key in keys if key[0] == provider]
        for row in await _FIND.rows(connection, {"of": provider, "names": ids}):
            found[provider, row["conversation_id"]] = conversation_row(row)
    return found


_FIND = Prepared(
    lambda words: select(conversations).where(
        conversations.c.provider == bindparam("of"),
        words.among(conversations.c.conversation_id, "names"),
    )
)


async def add_all(
    connection: AsyncConnection,
    known: Mapping[Key, ConversationRow],
    arrivals: Sequence[Arrival],
    *,
    now: int,
) -> list[Added]:
    """Store guests' messages in order, and the conversations that are not ``known``."""
    found = {**known, **await _begin_all(connection, known, arrivals, now)}
    values = [
        one.message_values(
            found[each.key],
            each.message,
            origin="guest",
            raw=each.raw,
            now=now,
            closing=each.closing,
        )
        for each in arrivals
    ]
    rows = await hot.ADD_MESSAGE.rows_of_all(connection, values)
    ids = {(row["provider"], row["message_id"]): row["id"] for row in rows}
    return [
        Added(
            arrival=each,
            conversation=found[each.key].id,
            row=ids.get((each.about.provider, each.message.message_id)),
        )
        for each in arrivals
    ]


async def _begin_all(
    connection: AsyncConnection,
    known: Mapping[Key, ConversationRow],
    arrivals: Sequence[Arrival],
    now: int,
) -> dict[Key, ConversationRow]:
    """Make the conversations that are not there yet, as their first message tells of them."""
    first: dict[Key, Arrival] = {}
    for each in arrivals:
        if each.key not in known:
            first.setdefault(each.key, each)
    if not first:
        return {}
    values = [one.new_values(each.about, each.channel, now) for each in first.values()]
    await _BEGIN.run_all(connection, values)
    return await find_all(connection, first)


_BEGIN = Prepared(
    lambda words: words.insert(conversations).values(slots(*one.NEW)).on_conflict_do_nothing()
)


async def queue_all(
    connection: AsyncConnection, wanted: Sequence[Mapping[str, Any]], *, now: int
) -> None:
    """Queue stored messages for their threads: ``conversation``, ``message``, ``due_at``."""
    values = [
        {
            "conversation": each["conversation"],
            "message": each["message"],
            "state": "available",
            "due_at": now if each["due_at"] is None else each["due_at"],
            "created_at": now,
        }
        for each in wanted
    ]
    if values:
        await _QUEUE.run_all(connection, values)


_QUEUE = Prepared(
    lambda _words: insert(inbox).values(
        slots("conversation", "message", "state", "due_at", "created_at")
    )
)


async def note_all(connection: AsyncConnection, added: Sequence[Added]) -> None:
    """Take guests' messages into their conversations' clocks; see ``conversations.note_guest``."""
    for (waits, closing), group in groupby(
        added, lambda each: (each.arrival.waits, each.arrival.closing)
    ):
        times = [
            {"row_id": each.conversation, "at": to_ms(each.arrival.message.sent_at)}
            for each in group
        ]
        await _clock(waits=waits, closing=closing).run_all(connection, times)
    await _note_late(connection, added)


@cache
def _clock(*, waits: bool, closing: bool) -> Prepared:
    values = one.clock_values(bindparam("at", type_=BigInteger), waits=waits, closing=closing)
    which = conversations.c.id == bindparam("row_id")
    return Prepared(lambda _words: update(conversations).where(which).values(values))


async def _note_late(connection: AsyncConnection, added: Sequence[Added]) -> None:
    """Look for messages that come to us after their answer, or after they needed none."""
    rows = await _ENDS.rows(connection, {"ids": {each.conversation for each in added}})
    ends = {row["id"]: (row["last_answer_at"], row["no_reply_at"]) for row in rows}
    for each in added:
        answered, excused = ends[each.conversation]
        sent_at = to_ms(each.arrival.message.sent_at)
        await one.note_late(connection, each.conversation, sent_at, answered, excused)


_ENDS = Prepared(
    lambda words: select(
        conversations.c.id, conversations.c.last_answer_at, conversations.c.no_reply_at
    ).where(words.among(conversations.c.id, "ids"))
)
