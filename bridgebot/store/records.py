"""Small records: cursors, quarantined entries and alerts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    bindparam,
    case,
    delete,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Unreadable
from bridgebot.store.prepared import Prepared, Words, slots
from bridgebot.store.queues import alive
from bridgebot.store.schema import alerts, cursors, quarantine
from bridgebot.store.sql import insert_or_ignore

if TYPE_CHECKING:
    from bridgebot.store.sql import Insert


async def set_cursor(connection: AsyncConnection, name: str, value: Mapping[str, Any]) -> None:
    """Remember where something goes on."""
    await _KEEP.run(connection, {"name": name, "value": json.dumps(dict(value))})


def _keep(words: Words) -> Insert:
    first = words.insert(cursors).values(slots("name", "value"))
    return first.on_conflict_do_update(
        index_elements=["name"], set_={"value": first.excluded["value"]}
    )


_KEEP = Prepared(_keep)


async def move_cursor(
    connection: AsyncConnection, name: str, before: Mapping[str, Any], value: Mapping[str, Any]
) -> bool:
    """Move on from where something was, unless another node just has; return whether it moved."""
    text = json.dumps(dict(value))
    if not before:
        first = insert_or_ignore(connection, cursors, {"name": name, "value": text})
        return (await connection.execute(first)).rowcount == 1
    statement = (
        update(cursors)
        .where(cursors.c.name == name, cursors.c.value == json.dumps(dict(before)))
        .values(value=text)
    )
    return (await connection.execute(statement)).rowcount == 1


async def drop_cursor(connection: AsyncConnection, name: str) -> None:
    """Forget where something went on."""
    await connection.execute(delete(cursors).where(cursors.c.name == name))


async def get_cursor(connection: AsyncConnection, name: str) -> dict[str, Any]:
    """Tell where something goes on; empty when it never began."""
    row = await _CURSOR.first(connection, {"of": name})
    return {} if row is None else dict(json.loads(row["value"]))


_CURSOR = Prepared(lambda _words: select(cursors.c.value).where(cursors.c.name == bindparam("of")))


async def get_cursors(connection: AsyncConnection, start: str) -> dict[str, dict[str, Any]]:
    """Tell where everything goes on whose name begins so, by the rest of its name."""
    query = select(cursors.c.name, cursors.c.value).where(
        cursors.c.name.startswith(start, autoescape=True)
    )
    rows = (await connection.execute(query)).all()
    return {name[len(start) :]: dict(json.loads(value)) for name, value in rows}


async def put_aside(
    connection: AsyncConnection, provider: str, entry: Unreadable, *, now: int
) -> int | None:
    """Keep an unreadable entry whole; return its id, or ``None`` when it was there already."""
    digest = hashlib.sha256((entry.key or entry.raw).encode()).hexdigest()
    values = {
        "provider": provider,
        "digest": digest,
        "raw": entry.raw,
        "reason": entry.reason,
        "received_at": now,
    }
    statement = insert_or_ignore(connection, quarantine, values).returning(quarantine.c.id)
    found: int | None = (await connection.execute(statement)).scalar()
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertRow:
    """An alert, as it should stand and as it does stand in the alerts channel."""

    id: int
    kind: str
    provider: str
    subject: str
    conversation: int | None
    title: str
    lines: tuple[str, ...]
    state: str
    ts: str | None
    started_at: int | None
    settled_at: int | None
    since: int | None
    calls: tuple[Mapping[str, Any], ...]
    calls_shown: int
    wanted: int
    shown: int


async def raise_alert(
    connection: AsyncConnection,
    *,
    kind: str,
    provider: str,
    subject: str,
    title: str,
    now: int,
    lines: Sequence[str] = (),
    conversation: int | None = None,
    since: int | None = None,
) -> int:
    """Open an alert, or bring an open one up to date; one cause has one alert. Return its id."""
    text = json.dumps(list(lines), ensure_ascii=False)
    found = select(alerts).where(
        alerts.c.kind == kind,
        alerts.c.provider == provider,
        alerts.c.subject == subject,
        alerts.c.closed_at.is_(None),
    )
    row = (await connection.execute(found)).mappings().first()
    if row is None:
        values = {
            "kind": kind,
            "provider": provider,
            "subject": subject,
            "conversation": conversation,
            "title": title,
            "lines": text,
            "state": "open",
            "since": since,
            "created_at": now,
        }
        await connection.execute(insert_or_ignore(connection, alerts, values))
        return int((await connection.execute(found.with_only_columns(alerts.c.id))).scalar_one())
    if (row["title"], row["lines"]) != (title, text):
        await connection.execute(
            update(alerts)
            .where(alerts.c.id == row["id"])
            .values(title=title, lines=text, wanted=alerts.c.wanted + 1)
        )
    return int(row["id"])


async def close_alert(
    connection: AsyncConnection,
    *,
    kind: str,
    provider: str,
    subject: str,
    now: int,
    line: str | None = None,
) -> bool:
    """Close an alert that is over, with a last line; return whether one was open."""
    row = await _OPEN.first(connection, {"what": kind, "of": provider, "about": subject})
    if row is None:
        return False
    lines = [*json.loads(row["lines"]), *([line] if line else [])]
    await connection.execute(
        update(alerts)
        .where(alerts.c.id == row["id"])
        .values(
            state="closed",
            closed_at=now,
            lines=json.dumps(lines, ensure_ascii=False),
            wanted=alerts.c.wanted + 1,
        )
    )
    return True


async def is_open(connection: AsyncConnection, *, kind: str, provider: str, subject: str) -> bool:
    """Tell whether an alert stands open."""
    named = {"what": kind, "of": provider, "about": subject}
    return await _OPEN.first(connection, named) is not None


_OPEN = Prepared(
    lambda _words: select(alerts.c.id, alerts.c.lines).where(
        alerts.c.kind == bindparam("what"),
        alerts.c.provider == bindparam("of"),
        alerts.c.subject == bindparam("about"),
        alerts.c.closed_at.is_(None),
    )
)


async def close_others(
    connection: AsyncConnection, providers: Collection[str], *, now: int, line: str
) -> int:
    """Close what is said of the logins and outages of all but these providers; return how much."""
    query = select(alerts.c.kind, alerts.c.provider, alerts.c.subject).where(
        alerts.c.kind.in_(("credentials", "provider_down")),
        alerts.c.provider.not_in(providers),
        alerts.c.closed_at.is_(None),
    )
    rows = (await connection.execute(query)).all()
    for kind, provider, subject in rows:
        await close_alert(
            connection, kind=kind, provider=provider, subject=subject, now=now, line=line
        )
    return len(rows)


async def unshown_alerts(
    connection: AsyncConnection, limit: int, *, owner: str, leased_at: int | None = None
) -> Sequence[AlertRow]:
    """List alerts that stand differently in Slack than they should, oldest first.

    What another node draws just now is left to it.
    """
    if not await _UNSHOWN.rows(connection, {}):
        return ()
    query = select(alerts).where(_to_draw(owner, leased_at)).order_by(alerts.c.id).limit(limit)
    return [_alert_row(row) for row in (await connection.execute(query)).mappings()]


_UNSHOWN = Prepared(
    lambda _words: select(alerts.c.id).where(alerts.c.wanted != alerts.c.shown).limit(1)
)


async def take_alert(
    connection: AsyncConnection,
    row_id: int,
    *,
    owner: str,
    now: int,
    settle: int,
    leased_at: int | None = None,
) -> AlertRow | None:
    """Take an alert in hand to draw it; ``None`` where another node has it, or has drawn it.

    What a dead node held is taken over. It may have begun to post just before its end, so that the
    post counts as absent only after ``settle`` milliseconds.
    """
    table = alerts.c
    left = and_(table.owner != owner, table.started_at.is_not(None))
    statement = (
        update(alerts)
        .where(table.id == row_id, _to_draw(owner, leased_at))
        .values(owner=owner, settled_at=case((left, now + settle), else_=table.settled_at))
        .returning(alerts)
    )
    row = (await connection.execute(statement)).mappings().first()
    return None if row is None else _alert_row(row)


def _to_draw(owner: str, leased_at: int | None) -> ColumnElement[bool]:
    free = or_(alerts.c.owner.is_(None), alerts.c.owner == owner, not_(alive(alerts, leased_at)))
    return and_(alerts.c.wanted != alerts.c.shown, free)


async def get_alert(connection: AsyncConnection, row_id: int) -> AlertRow:
    """Read an alert by the store's id."""
    query = select(alerts).where(alerts.c.id == row_id)
    return _alert_row((await connection.execute(query)).mappings().one())


def _alert_row(row: RowMapping) -> AlertRow:
    plain = (
        "id kind provider subject conversation title state ts started_at settled_at since "
        "calls_shown wanted shown"
    )
    lines, calls = tuple(json.loads(row["lines"])), tuple(json.loads(row["calls"]))
    return AlertRow(lines=lines, calls=calls, **{name: row[name] for name in plain.split()})


async def note_alert(
    connection: AsyncConnection, row_id: int, owner: str, **values: object
) -> bool:
    """Remember how an alert stands in Slack; return whether ``owner`` still has it in hand."""
    statement = (
        update(alerts).where(alerts.c.id == row_id, alerts.c.owner == owner).values(**values)
    )
    return (await connection.execute(statement)).rowcount == 1


async def drop_alert(connection: AsyncConnection, row_id: int, owner: str) -> None:
    """Give an alert out of hand, for any node to draw it again."""
    mine = update(alerts).where(alerts.c.id == row_id, alerts.c.owner == owner)
    await connection.execute(mine.values(owner=None))
