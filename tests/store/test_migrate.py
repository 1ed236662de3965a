"""Migrations: the schema they build, and databases this program must refuse."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from bridgebot.errors import StoreError
from bridgebot.store import migrate, records
from bridgebot.store.database import Store
from bridgebot.store.engine import open_engine
from bridgebot.store.schema import metadata

FULL_TEXT = ("message_words", "guest_words")
"""What full-text search needs besides the tables; its own tests show that it is there."""


def _differences(connection: Connection) -> list[object]:
    def is_ours(name: str | None, _kind: str, _parents: object) -> bool:
        return not str(name).startswith(FULL_TEXT)

    context = MigrationContext.configure(connection, opts={"include_name": is_ours})
    return list(compare_metadata(context, metadata))


async def test_the_migrations_build_the_schema_of_the_code(store: Store) -> None:
    """A database built by all migrations is the one that the tables describe."""
    async with store.engine.connect() as connection:
        assert await connection.run_sync(_differences) == []


def test_head_names_the_newest_migration() -> None:
    """The revision stated in the code is the newest script's."""
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))

    assert scripts.get_current_head() == migrate.HEAD


async def test_a_second_start_changes_nothing(address: str) -> None:
    """Opening an up-to-date database applies nothing."""
    await (await Store.open(address)).close()
    engine = open_engine(address)

    assert await migrate.upgrade(engine) == migrate.HEAD
    await engine.dispose()


async def test_two_nodes_may_start_at_once(address: str) -> None:
    """Both find an empty database; one fills it, the other waits and goes on."""
    stores = await asyncio.gather(*(Store.open(address) for _ in range(2)))

    for store in stores:
        await store.close()


async def test_a_newer_database_is_refused_in_words(address: str) -> None:
    """A database of a newer version is refused and not touched."""
    store = await Store.open(address)
    await store.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await store.close()

    with pytest.raises(StoreError, match="newer version"):
        await Store.open(address)


async def test_a_file_that_is_no_database_is_refused_in_words(tmp_path: Path) -> None:
    """A file that is not a database ends in one sentence."""
    path = tmp_path / "bridgebot.db"
    path.write_bytes(b"not a database at all" * 100)

    with pytest.raises(StoreError, match="cannot be opened"):
        await Store.open(f"sqlite:///{path}")


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    """A directory that does not exist is named in the error."""
    with pytest.raises(StoreError, match="nowhere"):
        await Store.open(f"sqlite:///{tmp_path}/nowhere/bridgebot.db")


@pytest.mark.parametrize("url", ["mysql://x", "nonsense"])
async def test_another_kind_of_database_is_refused(url: str) -> None:
    """Only SQLite and PostgreSQL are known."""
    with pytest.raises(StoreError, match="BRIDGEBOT_DATABASE_URL"):
        await Store.open(url)


NEXT = """
from alembic import op
revision, down_revision = "8888", "{head}"
def upgrade():
    op.execute("{statement}")
"""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a place for a database, and a program whose schema is about to have one more step."""
    scripts = tmp_path / "scripts"
    shutil.copytree(migrate.SCRIPTS, scripts)
    monkeypatch.setattr(migrate, "SCRIPTS", scripts)
    return tmp_path / "bridgebot.db"


def _new_version(monkeypatch: pytest.MonkeyPatch, statement: str) -> str:
    before = migrate.HEAD
    script = NEXT.format(head=before, statement=statement)
    (migrate.SCRIPTS / "versions" / "8888_next.py").write_text(script, "utf-8")
    monkeypatch.setattr(migrate, "HEAD", "8888")
    return before


async def test_a_database_is_copied_before_a_migration(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy is whole, at the schema before, and its owner's alone."""
    store = await Store.open(f"sqlite:///{old}")
    await store.write(lambda c: c.execute(text("INSERT INTO cursors VALUES ('a', '1')")))
    await store.close()
    assert list(old.parent.glob("bridgebot.db.*")) == []
    before = _new_version(monkeypatch, "DELETE FROM cursors")

    await (await Store.open(f"sqlite:///{old}")).close()

    (copy,) = old.parent.glob(f"bridgebot.db.{before}-*")
    assert copy.stat().st_mode & 0o777 == 0o600
    with contextlib.closing(sqlite3.connect(copy)) as kept:
        assert kept.execute("SELECT value FROM cursors").fetchall() == [("1",)]
        assert kept.execute("SELECT version_num FROM alembic_version").fetchall() == [(before,)]
    with contextlib.closing(sqlite3.connect(old)) as now:
        assert now.execute("SELECT value FROM cursors").fetchall() == []


async def test_a_migration_that_fails_changes_nothing(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database stays at the schema it had, and the old program opens it again."""
    await (await Store.open(f"sqlite:///{old}")).close()
    before = _new_version(monkeypatch, "DELETE FROM a_table_that_is_not_there")

    with pytest.raises(StoreError, match="cannot be opened"):
        await Store.open(f"sqlite:///{old}")

    monkeypatch.setattr(migrate, "HEAD", before)
    await (await Store.open(f"sqlite:///{old}")).close()


async def test_a_newer_database_is_not_copied(old: Path) -> None:
    """What is refused is left alone."""
    store = await Store.open(f"sqlite:///{old}")
    await store.write(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    await store.close()

    with pytest.raises(StoreError, match="newer version"):
        await Store.open(f"sqlite:///{old}")
    assert list(old.parent.glob("bridgebot.db.*")) == []


async def test_the_database_is_its_owners_alone(tmp_path: Path) -> None:
    """The file and its side files hold guests' messages."""
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")

    modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}  # noqa: ASYNC240 - a test
    await store.close()

    assert modes == {0o600}


async def test_a_directory_that_cannot_be_written_is_named() -> None:
    """A database that cannot be made is said in words."""
    with pytest.raises(StoreError, match="cannot be made"):
        await Store.open("sqlite:////proc/bridgebot.db")


async def test_a_backup_of_a_running_database_can_be_restored(tmp_path: Path) -> None:
    """The documented command copies what is committed, the write-ahead log included."""
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")
    (command,) = re.findall(r"VACUUM INTO '[^']+'", page)
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    await store.write(lambda c: records.set_cursor(c, "a", {"at": 1}))
    copy = tmp_path / "copy.db"

    with contextlib.closing(sqlite3.connect(tmp_path / "bridgebot.db")) as beside:
        beside.execute(re.sub(r"'.+'", f"'{copy}'", command))
    await store.close()

    restored = await Store.open(f"sqlite:///{copy}")
    cursor = await restored.read(lambda c: records.get_cursor(c, "a"))
    await restored.close()
    assert cursor == {"at": 1}
