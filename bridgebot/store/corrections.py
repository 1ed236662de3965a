"""Edits that came after a reply had gone out: offered as a correction, and sent once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import order, outbox, queues
from bridgebot.store.formed import WRITTEN_AT
from bridgebot.store.prepared import Prepared, Words
from bridgebot.store.queues import READY
from bridgebot.store.rows import OutboxRow
from bridgebot.store.schema import inbox, messages
from bridgebot.store.schema import outbox as table

OFFERED = "correction"


async def offer(connection: AsyncConnection, edited: Mapping[str, Any]) -> OutboxRow | None:
    """Keep the new text of a reply that has gone out; ``None`` where there is nothing new."""
    row = await outbox.gone_out(connection, str(edited["channel"]), str(edited["ts"]))
    # Slack repeats events; a text that was offered before is not offered again. What was erased is
    # not compared with, nor kept anew.
    if row is None or not row.event or row.event.get("text") == edited.get("text"):
        return None
    if row.event.get(outbox.GONE):
        # Deleted since: an edit that Slack repeats brings nothing back.
        return None
    return row if await _replace(connection, row, {**edited, OFFERED: True}) else None


async def take(connection: AsyncConnection, row_id: int, ts: str, *, now: int) -> bool:
    """Make a reply of its own of what was offered; return whether there was something.

    ``ts`` is the message whose button was pressed: the new reply's place, and where its mark goes.
    """
    rows = await outbox.read(connection, [row_id])
    if not rows or not rows[0].event.get(OFFERED):
        return False
    row = rows[0]
    event = {key: value for key, value in row.event.items() if key != OFFERED}
    if not await _replace(connection, row, event):
        return False
    # Pictures went with the first text; a correction is words alone.
    event.pop("files", None)
    place = {"channel": row.channel, "thread_ts": row.thread_ts, "user": row.user_id}
    fresh = {**event, **place, "ts": ts, "released": True}
    return await outbox.capture(connection, fresh, now=now, ours=True) is not None


async def reopen(
    connection: AsyncConnection, row: OutboxRow, *, owner: str, now: int, due_at: int
) -> bool:
    """Take what was offered as the text of a reply that did not go out; return whether it could.

    The button that offered it does nothing any more. One that was deleted since stays so.
    """
    found = await outbox.read(connection, [row.id])
    if not found or not found[0].event.get(OFFERED) or found[0].event.get(outbox.GONE):
        return False
    event = {key: value for key, value in found[0].event.items() if key != OFFERED}
    values = {"event": _as_json(event), "kind": None, "content": None, "due_at": due_at}
    return await queues.finish(
        connection, table, row.id, owner=owner, state="available", now=now, **values
    )


async def crossed(connection: AsyncConnection, row: OutboxRow, *, at: int) -> bool:
    """Tell whether the guest's newest message was not in the thread when a reply was written.

    What the guest wrote after the reply went ``at`` that time may well be the answer to it. While a
    post is under way, or its answer was lost, it may have been there: then nothing is claimed.
    """
    newest = await _NEWEST.first(connection, {"of": row.conversation, "at": at})
    if newest is None:
        return False
    first = next(iter(json.loads(newest["posted"])), None)
    if first is None:
        return newest["state"] in READY
    return float(first) > float(row.event.get(WRITTEN_AT) or row.ts)


def _newest(_words: Words) -> Select[Any]:
    """Ask for the guest's newest message of those written before a time."""
    at = bindparam("at", type_=BigInteger)
    return (
        select(inbox.c.posted, inbox.c.state)
        .select_from(messages.join(inbox, inbox.c.message == messages.c.id))
        .where(
            messages.c.conversation == bindparam("of"),
            messages.c.sender == "guest",
            ~order.after(at, at),
        )
        .order_by(messages.c.sent_at.desc(), messages.c.id.desc())
        .limit(1)
    )


_NEWEST = Prepared(_newest)


async def _replace(connection: AsyncConnection, row: OutboxRow, event: Mapping[str, Any]) -> bool:
    """Change the event that is kept, unless somebody else has just done so."""
    statement = (
        update(table)
        .where(table.c.id == row.id, table.c.event == _as_json(row.event))
        .values(event=_as_json(event))
    )
    return (await connection.execute(statement)).rowcount == 1


def _as_json(event: Mapping[str, Any]) -> str:
    return json.dumps(dict(event), ensure_ascii=False)
