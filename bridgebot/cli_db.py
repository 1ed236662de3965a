"""The commands about what is kept: the database, what is held about people, the report."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

db = typer.Typer(help="Look after the database and what it holds.", no_args_is_help=True)

Reservation = Annotated[str, typer.Option(help="The reservation number.")]


def _now() -> int:
    return int(time.time() * 1000)


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to the schema of this version."""
    from bridgebot.operations import upgrade  # noqa: PLC0415

    print(asyncio.run(upgrade()))


@db.command("check")
def db_check() -> None:
    """Tell whether the database can be used by this version."""
    from bridgebot.operations import check  # noqa: PLC0415

    print(asyncio.run(check()))


@db.command("copy")
def db_copy(
    to: Annotated[str, typer.Option(help="postgresql://…, a database that is empty.")],
) -> None:
    """Copy the SQLite database of BRIDGEBOT_DATABASE_URL to PostgreSQL; stop the bridge first."""
    from bridgebot.operations import copy  # noqa: PLC0415

    print(asyncio.run(copy(to, print)))


@db.command("prune")
def db_prune() -> None:
    """Erase now what is older than RETENTION_DAYS and AUDIT_DAYS allow."""
    from bridgebot.privacy import prune  # noqa: PLC0415

    print(asyncio.run(prune(now=_now())))


@db.command("forget")
def db_forget(
    reservation: Reservation,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,  # noqa: FBT002
) -> None:
    """Erase what is held about a person, at their request; it cannot be taken back."""
    from bridgebot.privacy import forget  # noqa: PLC0415

    if not yes:
        typer.confirm(f"Erase all that is held about reservation {reservation}?", abort=True)
    print(asyncio.run(forget(reservation, now=_now())))


@db.command("export")
def db_export(
    reservation: Reservation,
    output: Annotated[Path | None, typer.Option(help="A new file; else it is printed.")] = None,
) -> None:
    """Write all that is held about a person as JSON, at their request."""
    from bridgebot.privacy import export  # noqa: PLC0415

    print(asyncio.run(export(reservation, output, now=_now())))


@db.command("audit")
def db_audit(
    since: Annotated[str | None, typer.Option(help="A date or time, as 2026-01-31.")] = None,
    reservation: Annotated[str | None, typer.Option(help="About this one alone.")] = None,
    as_json: Annotated[  # noqa: FBT002
        bool, typer.Option("--json", help="One JSON object a line.")
    ] = False,
) -> None:
    """Show who did what and when, oldest first."""
    from bridgebot.privacy import trail  # noqa: PLC0415

    async def show() -> None:
        async for line in trail(since, reservation, as_json=as_json):
            print(line)

    asyncio.run(show())


def report(
    since: Annotated[
        str | None, typer.Option(help="From when, as 2026-01-31; seven days ago if left out.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Until when; now if left out.")] = None,
    property_id: Annotated[
        str | None, typer.Option("--property", help="Of this property alone.")
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="For spreadsheets.")] = False,  # noqa: FBT002
    chart: Annotated[
        Path | None, typer.Option("--chart", "--png", help="Draw it into this file, too.")
    ] = None,
) -> None:
    """Tell how many guests wrote, how soon they were answered, and by whom."""
    from bridgebot.reporting import report as make  # noqa: PLC0415

    now = datetime.now(UTC)
    print(asyncio.run(make(since, until, property_id, as_csv=as_csv, chart=chart, now=now)), end="")
