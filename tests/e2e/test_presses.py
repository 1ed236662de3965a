"""A decision by button is stored before Slack is told that it was taken."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest

from bridgebot.slack.telling import NOT_STORED
from tests.e2e.test_uncertain import FIRST, _asked, _opened, _press
from tests.e2e.world import ALERTS, ANNA, World

pytestmark = pytest.mark.e2e


@contextlib.contextmanager
def _locked(world: World) -> Iterator[None]:
    """Let somebody else hold the database."""
    path = world.directory / "bridgebot.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def _told(world: World) -> list[str]:
    return [each["text"] for each in world.slack.workspace.ephemerals]


def _acknowledged(world: World) -> bool:
    """Tell whether a press was acknowledged."""
    return any(
        each["what"] == "ack" and "interactive" in str(each) for each in world.slack.workspace.wire
    )


async def test_a_press_that_cannot_be_stored_is_told_and_can_be_repeated(world: World) -> None:
    """The database is locked: who pressed is told privately, and the next press counts."""
    await _opened(world)
    first, asked = await _asked(world)
    with _locked(world):
        _press(world, asked, "uncertain_again")
        await world.until(lambda: NOT_STORED in _told(world), 40)
    assert world.got("c1") == []

    _press(world, asked, "uncertain_again")

    await world.until(lambda: world.marks(first) == ["white_check_mark"], 40)
    assert world.got("c1") == [FIRST]


async def test_a_press_is_not_acknowledged_before_it_is_stored(world: World) -> None:
    """The process dies in between: Slack says that nobody answered, and the question stands."""
    await _opened(world)
    first, asked = await _asked(world)
    with _locked(world):
        _press(world, asked, "uncertain_sent")
        await world.until(lambda: b"worker_hindered" in world.log.read_bytes(), 40)
        assert not _acknowledged(world)
        await world.kill()
    await world.start()

    _press(world, asked, "uncertain_sent")

    await world.until(lambda: world.marks(first) == ["white_check_mark"])
    assert _acknowledged(world)
    assert world.got("c1") == []


async def test_a_guest_marked_as_settled_while_the_database_is_locked(world: World) -> None:
    """The buttons below an alert say it as well."""
    world.more["ALERT_AFTER_MINUTES"] = "0.01"
    await _opened(world)

    def alert() -> str | None:
        found = [each["ts"] for each in world.messages(ALERTS) if "wait_settle" in str(each)]
        return found[0] if found else None

    await world.until(alert)
    with _locked(world):
        world.slack.interactions.press_button(ANNA, ALERTS, str(alert()), "wait_settle")
        await world.until(lambda: NOT_STORED in _told(world), 40)
