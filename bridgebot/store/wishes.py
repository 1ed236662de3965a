"""A backfill that somebody asked for in Slack: kept, so that it outlives the process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import leases, records

_NAME = "backfill:wanted"
_WORK = "backfill"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What to fetch, as it was typed, and whom to tell; ``asked_at`` is in milliseconds.

    ``told`` says in words what came of the accounts that are done, by their names.
    """

    text: str
    user: str
    channel: str
    asked_at: int
    told: Mapping[str, str] = field(default_factory=dict)


async def wish(connection: AsyncConnection, wanted: Wish) -> bool:
    """Ask for a backfill; one at a time. Return whether it was taken."""
    if await wanted_now(connection) is not None:
        return False
    await records.set_cursor(connection, _NAME, asdict(wanted))
    return True


async def wanted_now(connection: AsyncConnection) -> Wish | None:
    """Read the backfill that is asked for or under way."""
    kept = await records.get_cursor(connection, _NAME)
    return Wish(**kept) if kept else None


async def take(connection: AsyncConnection, *, owner: str, now: int | None = None) -> Wish | None:
    """Take what is wanted in hand, or go on with it; ``None`` where another node has it."""
    wanted = await wanted_now(connection)
    if wanted is None or not await leases.take(connection, _WORK, owner=owner, now=now):
        return None
    return wanted


async def note(connection: AsyncConnection, wanted: Wish, account: str, words: str) -> Wish:
    """Remember that an account is done with; return the wish as it stands now."""
    told = replace(wanted, told={**wanted.told, account: words})
    await records.set_cursor(connection, _NAME, asdict(told))
    return told


async def done(connection: AsyncConnection) -> None:
    """Forget what was wanted."""
    await records.set_cursor(connection, _NAME, {})
