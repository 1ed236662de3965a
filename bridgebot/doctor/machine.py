"""Checks of this machine: settings, the files they stand in, the database, the disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncEngine

from bridgebot.doctor.findings import Finding, good, warning, wrong
from bridgebot.errors import SettingsError, StoreError
from bridgebot.settings import PREFIX, Settings, load_settings, unknown_names
from bridgebot.store.engine import FAULTS, open_engine, sqlite_file
from bridgebot.store.migrate import HEAD, revision
from bridgebot.store.writer import in_words

SCARCE_BYTES = 500_000_000
READ_ONLY = frozenset({"hostelmate"})
"""Providers to which no reply goes out: their properties need no signature."""

OTHERS = 0o077
"""The rights of the owner's group and of everybody else."""


def check_settings() -> tuple[Settings | None, list[Finding]]:
    """Read the settings; what is wrong with them is found line by line."""
    try:
        settings = load_settings()
    except SettingsError as error:
        lines = [line.removeprefix("- ") for line in str(error).splitlines()[1:]]
        return None, [wrong("settings", line) for line in lines or [str(error)]]
    doubts = [*_slips(), *_readable_on_the_way(settings), *_unsigned(settings)]
    return settings, doubts or [good("settings", "complete and well-formed")]


def _slips() -> list[Finding]:
    slips = unknown_names()
    if not slips:
        return []
    words = f"not known: {', '.join(slips)}"
    return [warning("settings", words, "look for a slip in these names")]


def _readable_on_the_way(settings: Settings) -> list[Finding]:
    """Name addresses that tokens and messages travel to in the clear, over a network."""
    named = [(f"{PREFIX}{name.upper()}", value) for name, value in settings]
    named += [
        (account.called(name), value) for account in settings.accounts for name, value in account
    ]
    return [
        warning("settings", f"{name} is not https", "tokens can be read on the way")
        for name, value in named
        if str(value).startswith("http://") and not _is_here(str(value))
    ]


def _unsigned(settings: Settings) -> list[Finding]:
    """Name the properties that have no line of their own where each reply should end with it."""
    named = {*settings.booking_properties, *settings.channels, *settings.properties}
    silent: set[str] = set()
    for account in settings.every_account():
        mine = silent if account.provider in READ_ONLY else named
        mine |= account.own_properties()
    bare = sorted(
        each
        for each in named - silent
        if not getattr(settings.properties.get(each), "signature", None)
    )
    if settings.signature != "property" or not bare:
        return []
    words = f"{PREFIX}SIGNATURE is property, and these have none: {', '.join(bare)}"
    return [warning("settings", words, "their replies go out unsigned; set signature for each")]


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in {"127.0.0.1", "localhost", "::1"}


def check_env_file(path: Path = Path(".env")) -> list[Finding]:
    """Look whether others on this machine can read the file with the tokens."""
    if not path.is_file():
        return []
    if path.stat().st_mode & OTHERS:
        return [warning(".env", "others on this machine can read it", "chmod 600 .env")]
    return [good(".env", "readable by its owner alone")]


async def check_database(address: str) -> list[Finding]:
    """Look whether the database can be opened and written, and at its schema's version."""
    try:
        engine = open_engine(address)
    except StoreError as error:
        remedy = "make the directory, or name another place in BRIDGEBOT_DATABASE_URL"
        return [wrong("database", str(error), remedy)]
    try:
        found = await _check_schema(engine, address)
    finally:
        await engine.dispose()
    return [*found, *_check_file(address)]


async def _check_schema(engine: AsyncEngine, address: str) -> list[Finding]:
    path = sqlite_file(address)
    if path is not None and not path.exists():
        # Looking would make an empty file.
        return [_fresh(path.parent)]
    try:
        async with engine.connect() as connection:
            found = await revision(connection)
    except FAULTS as error:
        words = in_words(error)
        remedy = "check BRIDGEBOT_DATABASE_URL and that the database is there and may be used"
        return [wrong("database", f"cannot be opened: {words}", remedy)]
    if path is not None and not os.access(path, os.W_OK):
        return [wrong("database", f"{path} cannot be written", f"chown it: {path}")]
    return [_judge_schema(found)]


def _fresh(directory: Path) -> Finding:
    if not os.access(directory, os.W_OK):
        remedy = "let the bridge's user write there, or name another place"
        return wrong("database", f"{directory.resolve()} cannot be written", remedy)
    return good("database", "not there yet; the first start makes it")


def _judge_schema(found: str | None) -> Finding:
    if found == HEAD:
        return good("database", f"at schema {HEAD}, as this version needs")
    if found is None:
        return good("database", "empty; the first start fills it")
    if found < HEAD:
        return warning(
            "database",
            f"at schema {found}, this version needs {HEAD}",
            "the next start brings it up, after a copy; or now: bridgebot db upgrade",
        )
    return wrong(
        "database",
        f"at schema {found}, written by a newer bridgebot",
        "install that version, or restore a backup",
    )


def _check_file(address: str) -> Sequence[Finding]:
    path = sqlite_file(address)
    if path is None:
        return ()
    free = shutil.disk_usage(path.resolve().parent).free
    found = []
    if free < SCARCE_BYTES:
        words = f"{free // 1_000_000} MB are free beside the database"
        found.append(warning("disk", words, "make room: a full disk stops the bridge"))
    if path.exists() and path.stat().st_mode & OTHERS:
        words = "others on this machine can read guests' messages in it"
        found.append(warning("database", words, f"chmod 600 {path}"))
    return found
