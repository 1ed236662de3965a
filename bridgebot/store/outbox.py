"""The outbox: what staff wrote in threads, kept before Slack is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import hot
from bridgebot.store.prepared import Row, Values
from bridgebot.store.queues import READY, Claims
from bridgebot.store.rows import ConversationRow, OutboxRow, conversation_row, outbox_row
from bridgebot.store.schema import outbox

Outright = Callable[[Mapping[str, Any], ConversationRow], Mapping[str, Any] | None]
"""Decides about a message in a conversation at once, or not at all."""

DELETED = "deleted"
OUT = ("executing", "uncertain")
"""States of a reply that may have reached the guest."""
RELEASABLE = ("note", "silent", "held")
"""Kinds of message that did not go to the guest, and still may."""
NOTHING = "{}"
"""The event of a message that was erased."""
GONE = "bridgebot_deleted"
"""A key put beside Slack's own in the event of a reply that was deleted while it was under way."""


def later(_event: Mapping[str, Any], _conversation: ConversationRow) -> None:
    """Decide nothing yet."""


async def capture(
    connection: AsyncConnection,
    event: Mapping[str, Any],
    *,
    now: int,
    ours: bool,
    decide: Outright = later,
) -> Row | None:
    """Keep a staff message; return what is known of it where it is new: id, conversation and kind.

    One in a thread that is no conversation's is kept only when ``ours`` says that the bot wrote
    the thread's root: the root's own answer may still be on its way to us. ``decide`` gives the
    values of a decision, where one can be made at once.
    """
    channel, thread_ts = str(event["channel"]), str(event["thread_ts"])
    found = await hot.IN_THREAD.first(connection, {"place": channel, "ts": thread_ts})
    if found is None and not ours:
        return None
    decided = None if found is None else decide(event, conversation_row(found))
    values = {
        "conversation": None if found is None else found["id"],
        "channel": channel,
        "ts": str(event["ts"]),
        "thread_ts": thread_ts,
        "user_id": str(event["user"]),
        "event": json.dumps(dict(event), ensure_ascii=False),
        "kind": None,
        "content": None,
        "pictures": "[]",
        "state": "available",
        "due_at": now,
        "created_at": now,
    }
    return await hot.CAPTURE.first(connection, {**values, **(decided or {})})


async def edit(
    connection: AsyncConnection, channel: str, ts: str, event: Mapping[str, Any], *, now: int
) -> bool:
    """Put an edited text in place of one that has not gone out; return whether it was in time.

    A note stays one, whatever it says now; its old words can no longer be released. What was erased
    stays empty, and what was deleted stays so: Slack repeats events, and may mix their order.
    """
    kept = json.dumps(dict(event), ensure_ascii=False)
    held = and_(outbox.c.event != NOTHING, ~outbox.c.event.contains(f'"{GONE}": true'))
    note = and_(_at(channel, ts), outbox.c.kind == "note", held)
    await connection.execute(update(outbox).where(note).values(event=kept, content=None))
    silent = and_(_at(channel, ts), outbox.c.kind == "silent", outbox.c.conversation.is_not(None))
    statement = (
        update(outbox)
        .where(or_(_waiting(channel, ts), _held(channel, ts), _refused(channel, ts), silent), held)
        .values(event=kept, **_undecided(now))
    )
    return (await connection.execute(statement)).rowcount == 1


def _undecided(now: int) -> dict[str, object]:
    """List the values of a message that is decided about anew."""
    return {
        "kind": None,
        "content": None,
        "due_at": now,
        "state": "available",
        "finished_at": None,
        "mark_wanted": None,
    }


async def cancel(connection: AsyncConnection, channel: str, ts: str, *, now: int) -> bool:
    """Take back a deleted message that has not gone out; return whether it was in time."""
    statement = (
        update(outbox)
        .where(
            or_(
                _waiting(channel, ts),
                _held(channel, ts),
                _refused(channel, ts),
                # What could still be released by hand.
                and_(_at(channel, ts), outbox.c.kind.in_(("note", "silent"))),
            )
        )
        .values(state="cancelled", kind="refused", finished_at=now, error=DELETED, mark_wanted=None)
    )
    return (await connection.execute(statement)).rowcount == 1


async def note_deleted(connection: AsyncConnection, row: OutboxRow) -> None:
    """Remember of a reply whose outcome is unknown that it must not be sent again."""
    event = json.dumps({**row.event, GONE: True}, ensure_ascii=False)
    await connection.execute(update(outbox).where(outbox.c.id == row.id).values(event=event))


async def gone_out(connection: AsyncConnection, channel: str, ts: str) -> OutboxRow | None:
    """Find a reply that has gone out, or may have."""
    query = select(outbox).where(
        outbox.c.channel == channel,
        outbox.c.ts == ts,
        outbox.c.kind == "reply",
        outbox.c.state.in_(("completed", "executing", "uncertain")),
    )
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else outbox_row(row)


async def by_ts(connection: AsyncConnection, channel: str, ts: str) -> OutboxRow | None:
    """Find a staff message by its place in Slack."""
    query = select(outbox).where(outbox.c.channel == channel, outbox.c.ts == ts)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else outbox_row(row)


async def waiting_threads(connection: AsyncConnection) -> set[tuple[str, str]]:
    """Name the channel and thread of everything that waits to be sent, or whose end is unknown."""
    query = select(outbox.c.channel, outbox.c.thread_ts).where(
        outbox.c.finished_at.is_(None), outbox.c.state.in_((*READY, *OUT))
    )
    return {(row.channel, row.thread_ts) for row in (await connection.execute(query)).all()}


async def retry(
    connection: AsyncConnection, row_id: int, *, states: Sequence[str], now: int
) -> bool:
    """Let a reply be sent again, if it stands in one of these states; return whether it did."""
    return await _decide_by_hand(
        connection,
        row_id,
        states,
        state="available",
        finished_at=None,
        attempts=0,
        due_at=now,
        mark_wanted=None,
    )


async def drop(
    connection: AsyncConnection, row_id: int, *, states: Sequence[str], now: int
) -> bool:
    """Give a reply up, if it stands in one of these states; return whether it did.

    Its mark says that it stays in Slack, also to a database that is put back from a copy.
    """
    return await _decide_by_hand(
        connection,
        row_id,
        states,
        state="cancelled",
        finished_at=now,
        error="dropped",
        mark_wanted="lock",
    )


async def keep_internal(connection: AsyncConnection, channel: str, ts: str, *, now: int) -> bool:
    """Make a note of a message that has not gone out; return whether it was in time."""
    statement = (
        update(outbox)
        .where(or_(_waiting(channel, ts), _held(channel, ts)))
        .values(state="cancelled", kind="note", finished_at=now, error="kept", mark_wanted="lock")
    )
    return (await connection.execute(statement)).rowcount == 1


async def release(connection: AsyncConnection, row: OutboxRow, *, now: int, content: str) -> bool:
    """Send a note, or a message that was held back, after all; return whether it was still one.

    ``content`` is what the guest gets of it.
    """
    known = and_(outbox.c.content.is_not(None), outbox.c.content == row.content)
    same = and_(outbox.c.id == row.id, outbox.c.kind.in_(RELEASABLE), known)
    return await _release(connection, same, now, {"content": content})


async def look_anew(connection: AsyncConnection, row: OutboxRow, *, now: int) -> bool:
    """Have an edited note decided about as what the guest shall get; return whether it was one."""
    known, meant = (
        json.dumps({**row.event, **more}, ensure_ascii=False)
        for more in ({}, {"released": True, "by_hand": True})
    )
    statement = (
        update(outbox)
        .where(outbox.c.id == row.id, outbox.c.kind == "note", outbox.c.state == "cancelled")
        .where(outbox.c.content.is_(None), outbox.c.event == known, outbox.c.event != NOTHING)
        .values(event=meant, **_undecided(now))
    )
    return (await connection.execute(statement)).rowcount == 1


async def send_held(
    connection: AsyncConnection, row_id: int, *, now: int, content: str | None = None
) -> bool:
    """Send a reply that was held for a question, in other words if given; return whether it was."""
    held = and_(outbox.c.id == row_id, outbox.c.kind == "held")
    return await _release(connection, held, now, {} if content is None else {"content": content})


async def _release(
    connection: AsyncConnection,
    which: ColumnElement[bool],
    now: int,
    more: Mapping[str, object] = MappingProxyType({}),
) -> bool:
    statement = (
        update(outbox)
        .where(which, outbox.c.state == "cancelled")
        .values(
            state="available",
            kind="reply",
            finished_at=None,
            due_at=now,
            mark_wanted=None,
            error=None,
            **more,
        )
    )
    return (await connection.execute(statement)).rowcount == 1


async def drop_held(connection: AsyncConnection, row_id: int) -> bool:
    """Keep a reply internal that was held for a question; return whether it was."""
    statement = (
        update(outbox)
        .where(outbox.c.id == row_id, outbox.c.kind == "held", outbox.c.state == "cancelled")
        .values(kind="note", mark_wanted="lock")
    )
    return (await connection.execute(statement)).rowcount == 1


async def accept(connection: AsyncConnection, row_id: int, *, now: int) -> bool:
    """Take a person's word that an uncertain reply was sent."""
    return await _decide_by_hand(
        connection,
        row_id,
        ("uncertain",),
        state="completed",
        finished_at=now,
        mark_wanted="white_check_mark",
    )


async def _decide_by_hand(
    connection: AsyncConnection, row_id: int, states: Sequence[str], **values: object
) -> bool:
    statement = (
        update(outbox)
        .where(outbox.c.id == row_id, outbox.c.kind == "reply", outbox.c.state.in_(states))
        .values(owner=None, **values)
    )
    return (await connection.execute(statement)).rowcount == 1


def _waiting(channel: str, ts: str) -> ColumnElement[bool]:
    """Build the condition for a message that has surely not been sent."""
    return and_(
        outbox.c.channel == channel,
        outbox.c.ts == ts,
        outbox.c.finished_at.is_(None),
        outbox.c.state.in_(READY),
    )


def _at(channel: str, ts: str) -> ColumnElement[bool]:
    return and_(outbox.c.channel == channel, outbox.c.ts == ts)


def _refused(channel: str, ts: str) -> ColumnElement[bool]:
    """Build the condition for what was meant for the guest and was not sent for good."""
    given_up = and_(outbox.c.kind == "reply", outbox.c.state == "discarded")
    refused = and_(outbox.c.kind == "refused", func.coalesce(outbox.c.error, "") != DELETED)
    return and_(_at(channel, ts), or_(given_up, refused))


def _held(channel: str, ts: str) -> ColumnElement[bool]:
    """Build the condition for a message that waits for its author's answer to a question."""
    return and_(outbox.c.channel == channel, outbox.c.ts == ts, outbox.c.kind == "held")


async def undecided(connection: AsyncConnection, *, now: int, limit: int) -> Sequence[OutboxRow]:
    """List staff messages about which nothing is decided yet, oldest first."""
    rows = await hot.UNDECIDED.rows(connection, {"now": now, "most": limit})
    return [outbox_row(row) for row in rows]


async def settle(
    connection: AsyncConnection, row: OutboxRow, *, event: Mapping[str, Any], **values: object
) -> bool:
    """Write down a decision, unless the text was edited or deleted in the meantime."""
    which = {"row_id": row.id, "as_read": json.dumps(dict(event), ensure_ascii=False)}
    return await hot.settling(tuple(values)).run(connection, {**values, **which}) == 1


async def claim(
    connection: AsyncConnection,
    *,
    owner: str,
    now: int,
    limit: int,
    held: Collection[str] = (),
    leased_at: int | None = None,
    of: Callable[[str], bool] = lambda _account: True,
) -> Sequence[OutboxRow]:
    """Take the next reply of each conversation, in the order they were written.

    A message still undecided holds back those written after it; a reply that is out (or whose
    outcome is unknown) does too, even when an older one turns up late. Nothing is taken from the
    threads in ``held``, and nothing at all while another node reads what it missed; ``of`` tells
    which accounts' replies may go out.
    """

    def free(row: Row) -> bool:
        return row["thread_ts"] not in held and of(row["provider"])

    claims = hot.replies(by_database=leased_at is None)
    values = {"now": now, "most": limit, "me": owner, "leased_at": leased_at}
    heads = await _free_heads(connection, claims, values, free)
    rows = await claims.take(connection, heads, values, owner=owner, now=now, free=free)
    return tuple(outbox_row(row) for row in rows)


async def _free_heads(
    connection: AsyncConnection, claims: Claims, values: Values, is_free: Callable[[Row], bool]
) -> Sequence[Row]:
    """Find the heads that are in no held thread.

    The threads that are held may be thousands, the replies that wait are few: so these are looked
    up among those, further down the list where the first are held.
    """
    most = values["most"]
    while True:
        heads = await claims.heads(connection, {**values, "most": most})
        free = [row for row in heads if is_free(row)]
        if len(free) >= values["most"] or len(heads) < most:
            return free[: values["most"]]
        most *= 8


async def read(connection: AsyncConnection, ids: Sequence[int]) -> Sequence[OutboxRow]:
    """Read staff messages by the store's ids, in that order."""
    rows = await hot.STAFF.rows(connection, {"ids": ids})
    found = {row["id"]: outbox_row(row) for row in rows}
    return [found[row_id] for row_id in ids if row_id in found]


async def pending(connection: AsyncConnection, conversation: int) -> Sequence[OutboxRow]:
    """List a conversation's replies whose answer is not known: out, or uncertain."""
    query = (
        select(outbox)
        .where(
            outbox.c.conversation == conversation,
            outbox.c.finished_at.is_(None),
            outbox.c.kind == "reply",
            outbox.c.state.in_(("executing", "uncertain")),
        )
        .order_by(outbox.c.ts)
    )
    return [outbox_row(row) for row in (await connection.execute(query)).mappings()]
