"""What is done with a SQLite database as a file: it is made private, and copied before a change."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
from datetime import datetime
from pathlib import Path

import structlog

from bridgebot.errors import StoreError

log = structlog.get_logger()


def make_private(path: Path) -> None:
    """Make the file, readable by its owner alone, where it is not there yet.

    SQLite gives its side files the rights of the database.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(f"the database {path} cannot be made: {error.strerror}") from None


async def copy_before_change(path: Path, revision: str, now: datetime) -> Path:
    """Copy a database beside itself, as it stood at a revision; raises ``StoreError``."""
    copy = path.with_name(f"{path.name}.{revision}-{now:%Y%m%dT%H%M%SZ}")
    try:
        make_private(copy)
        await asyncio.to_thread(_copy, path, copy)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"the database could not be copied to {copy} before the upgrade: {error}; "
            "make room, then start again"
        ) from None
    log.info("database_copied", copy=str(copy))
    return copy


def _copy(path: Path, copy: Path) -> None:
    """Copy a consistent state, with what is still in the write-ahead log."""
    with (
        contextlib.closing(sqlite3.connect(path)) as source,
        contextlib.closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
