"""What the operator's commands do about privacy: prune, forget, export, show the audit trail."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.spans import parse_moment
from bridgebot.errors import BridgebotError
from bridgebot.settings import LocalSettings, load_local
from bridgebot.store import audit, cleaning, personal
from bridgebot.store.database import Store
from bridgebot.store.retention import Erased
from bridgebot.store.rows import ConversationRow, from_ms, to_ms
from bridgebot.workers.pruner import Pruner

FORMAT = 1
"""The number of the export's format; it is described in docs/privacy.md."""

WORDS = {
    "messages": "messages emptied",
    "fetched": "messages deleted that were only fetched to be looked at",
    "replies": "staff messages emptied",
    "notices": "notices of the bot emptied",
    "conversations": "conversations without a name now",
    "quarantined": "unreadable entries emptied",
}


@asynccontextmanager
async def _open(settings: LocalSettings) -> AsyncIterator[Store]:
    store = await Store.open(settings.database_url)
    try:
        yield store
    finally:
        await store.close()


async def prune(*, now: int) -> str:
    """Erase what is older than it may be, all of it now; return in words what was erased."""
    settings = load_local()
    if not settings.retention_days and not settings.audit_days:
        return "Nothing is erased: BRIDGEBOT_RETENTION_DAYS and BRIDGEBOT_AUDIT_DAYS are 0."
    total, trail = Erased(), 0
    async with _open(settings) as store:
        pruner = Pruner(
            store, days=settings.retention_days, audit_days=settings.audit_days, now=lambda: now
        )
        while True:
            erased, lines = await pruner.batch()
            total, trail = total + erased, trail + lines
            if not erased.counts() and not lines:
                break
        await cleaning.finish(store)
    said = _in_words(total) + ([f"{trail} lines of the audit trail deleted"] if trail else [])
    if not settings.retention_days:
        said.append("contents are kept: BRIDGEBOT_RETENTION_DAYS is 0")
    return "\n".join(said) or "Nothing is older than it may be."


async def forget(number: str, *, now: int) -> str:
    """Erase what is held about a reservation; raises ``BridgebotError`` where something is open."""

    async def unit(connection: AsyncConnection) -> tuple[Sequence[ConversationRow], Erased]:
        rows, aside = await _found(connection, number)
        left = await personal.hindrances(connection, rows, aside)
        if left:
            lines = "\n".join(f"- {each}" for each in left)
            raise BridgebotError(f"nothing was erased, since something is under way:\n{lines}")
        erased = await personal.erase(connection, rows, aside, now=now)
        await cleaning.want(connection)
        await _note(connection, "erased", number, rows, now)
        return rows, erased

    async with _open(load_local()) as store:
        rows, erased = await store.write(unit)
        await cleaning.finish(store)
    return "\n".join([*_in_words(erased), *_what_stays(rows)])


def _what_stays(rows: Sequence[ConversationRow]) -> list[str]:
    """Say where the person's words still stand that the bridge does not hold."""
    said = ["", "Not erased, because it is not the bridge's:"]
    said += [
        f"- Slack: the thread in channel {row.channel} whose first message has the ts "
        f"{row.thread_ts} ({_link(row.channel, row.thread_ts)}); delete it there if it must go"
        for row in rows
        if row.thread_ts is not None
    ]
    said += [
        f"- {row.about.provider}: conversation {row.about.conversation_id}; ask the provider"
        for row in rows
    ]
    return [*said, "- backups and copies of the database made before now; see docs/privacy.md"]


def _link(channel: str, ts: str) -> str:
    """Write the address that Slack opens in whichever workspace one is signed in to."""
    return f"https://slack.com/archives/{channel}/p{ts.replace('.', '')}"


async def export(number: str, path: Path | None, *, now: int) -> str:
    """Write what is held about a reservation as JSON, to a file of one's own or as the result."""

    async def unit(connection: AsyncConnection) -> dict[str, Any]:
        rows, aside = await _found(connection, number)
        held: dict[str, Any] = {
            "format": FORMAT,
            "reservation": number,
            "exported_at": from_ms(now).isoformat(),
            "conversations": [
                {
                    "conversation": await personal.conversation(connection, row.id),
                    **await personal.parts_of(connection, row.id),
                }
                for row in rows
            ],
            "unreadable": await personal.entries(connection, aside),
        }
        await _note(connection, "exported", number, rows, now)
        return held

    async with _open(load_local()) as store:
        text = json.dumps(await store.write(unit), indent=2, ensure_ascii=False)
    if path is None:
        return text
    _write_private(path, text + "\n")
    return f"Written to {path}, readable by you alone."


def _write_private(path: Path, text: str) -> None:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise BridgebotError(f"{path} cannot be written: {error.strerror}") from None


async def _found(
    connection: AsyncConnection, number: str
) -> tuple[Sequence[ConversationRow], Sequence[int]]:
    rows = await personal.of_reservation(connection, number)
    aside = await personal.put_aside(connection, number, rows)
    if not rows and not aside:
        raise BridgebotError(f"nothing is held about reservation {number}")
    return rows, aside


async def _note(
    connection: AsyncConnection,
    act: str,
    number: str,
    rows: Sequence[ConversationRow],
    now: int,
) -> None:
    ids: list[int | None] = [row.id for row in rows]
    for row_id in ids or [None]:
        await audit.note(
            connection,
            at=now,
            actor=audit.operator(),
            act=act,
            conversation=row_id,
            subject=f"reservation:{number}",
        )


async def trail(since: str | None, number: str | None, *, as_json: bool) -> AsyncIterator[str]:
    """Walk the audit trail line by line; raises ``BridgebotError`` for a time that is none."""
    try:
        start = 0 if since is None else to_ms(parse_moment(since))
    except ValueError as error:
        raise BridgebotError(f"--since: {error}") from None
    async with _open(load_local()) as store, store.engine.connect() as connection:
        async for entry in audit.entries(connection, since=start, reference=number):
            yield _json_line(entry) if as_json else _line(entry)


def _json_line(entry: audit.Entry) -> str:
    return json.dumps({**asdict(entry), "at": from_ms(entry.at).isoformat()})


def _line(entry: audit.Entry) -> str:
    at = from_ms(entry.at).strftime("%Y-%m-%d %H:%M:%S")
    place = f"{entry.provider}/{entry.conversation_id}" if entry.provider else ""
    about = [f"reservation {entry.reference}"] if entry.reference else []
    numbers = [f"{name} {_value(name, value)}" for name, value in entry.detail.items()]
    more = " ".join(filter(None, [place, *about, entry.subject, ", ".join(numbers)]))
    return f"{at}Z  {entry.actor}  {entry.act}  {more}".rstrip()


def _value(name: str, value: object) -> str:
    if name == "until" and isinstance(value, int):
        return f"{from_ms(value):%Y-%m-%d %H:%M}Z"
    return str(value)


def _in_words(erased: Erased) -> list[str]:
    return [f"{count} {WORDS[name]}" for name, count in erased.counts().items()]
