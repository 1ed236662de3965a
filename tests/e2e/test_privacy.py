"""Retention, a person's request, the audit trail and the report, with the shipped process."""

from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest

from bridgebot.store import records
from bridgebot.store.database import Store
from tests.e2e.world import ALERTS, ANNA, GUESTS, World

pytestmark = pytest.mark.e2e

WEEK_MS = 7 * 86_400_000
WORDS = "Quittenmarmelade"


async def _cli(world: World, *arguments: str) -> tuple[int, str]:
    status, out, errors = await world.command(*arguments)
    return status, out + errors


def _database(world: World) -> Path:
    return world.directory / "bridgebot.db"


def _left(world: World, query: str) -> list[Any]:
    with closing(connect(_database(world))) as database:
        return database.execute(query).fetchall()


async def _answered(world: World, name: str = "c1") -> str:
    """Let a guest write words of their own, and Anna answer them; return the message's id."""
    message = world.guest(name, f"Is there {WORDS}?")
    await world.start()
    await world.until(lambda: world.shown(message))
    reply = world.staff(name, f"Yes, {WORDS} at eight")
    await world.until(lambda: world.marks(reply) == ["white_check_mark"])
    return message


async def test_the_running_bridge_erases_what_is_old_and_shows_nothing_twice(world: World) -> None:
    """Answered words go, the file included; who waits is kept, and what comes again is known."""
    message = await _answered(world)
    waits = world.guest("c2", f"And {WORDS} for me?")
    await world.until(lambda: world.shown(waits))
    await world.stop()
    assert WORDS.encode() in _database(world).read_bytes()

    world.more["RETENTION_DAYS"] = "0.000001"
    await world.start()
    await world.until(
        lambda: _left(world, "SELECT count(*) FROM messages WHERE content <> ''") == [(1,)]
    )
    world.booking.booking.queue_again(message)
    await world.until(lambda: world.queued() == 0)
    assert _left(world, "SELECT guest_name FROM conversations ORDER BY conversation_id") == [
        (None,),
        ("Ada Example",),
    ]
    later = world.guest("c1", "One more question")
    await world.until(lambda: world.shown(later))

    assert (world.shown(message), world.shown(waits)) == (1, 1)
    assert len(world.got("c1")) == 1
    reply = world.staff("c2", "Of course")
    await world.until(lambda: world.marks(reply) == ["white_check_mark"])
    assert (await world.stop()) == 0
    # The bridge may have been at it still: what counts is what is left.
    assert (await _cli(world, "db", "prune"))[0] == 0
    left = "SELECT count(*) FROM messages WHERE content LIKE '%marmelade%'"
    assert _left(world, left) == [(0,)]
    for file in (_database(world), _database(world).with_name("bridgebot.db-wal")):
        assert not file.exists() or WORDS.encode() not in file.read_bytes()


async def test_a_person_is_told_what_is_held_and_is_forgotten(world: World) -> None:
    """Export, then forget: refused while the guest waits, and afterwards nothing is held."""
    reservation = ("--reservation", "9c1")
    message = world.guest("c1", f"Is there {WORDS}?")
    await world.start()
    await world.until(lambda: world.shown(message))
    status, out = await _cli(world, "db", "forget", "--yes", *reservation)
    assert (status, "waits for an answer" in out) == (1, True)
    note = world.staff("c1", f"// no {WORDS} left")
    reply = world.staff("c1", f"Yes, {WORDS} at eight")
    await world.until(lambda: world.marks(note) == ["lock"])
    await world.until(lambda: world.marks(reply) == ["white_check_mark"])

    status, out = await _cli(world, "db", "export", *reservation)
    held = json.loads(out)
    assert (status, held["format"]) == (0, 1)
    (one,) = held["conversations"]
    assert one["conversation"]["guest_name"] == "Ada Example"
    assert [WORDS in each["content"] for each in one["messages"]] == [True, True]
    assert [each["kind"] for each in one["staff"]] == ["note", "reply"]

    root = world.root("c1")
    assert root is not None
    status, out = await _cli(world, "db", "forget", "--yes", *reservation)
    assert (status, root["ts"] in out) == (0, True)
    await _nothing_is_held(world, *reservation)
    await world.stop()
    await _edit_while_away(world, note)
    assert WORDS.encode() not in _database(world).read_bytes()


async def _nothing_is_held(world: World, *reservation: str) -> None:
    status, out = await _cli(world, "db", "export", *reservation)
    assert (status, "nothing is held" in out) == (1, True)
    status, out = await _cli(world, "db", "audit", *reservation)
    acts = [line.split()[3] for line in out.splitlines()]
    assert (status, acts) == (0, ["replied", "exported", "erased"])


async def _edit_while_away(world: World, note: str) -> None:
    """Change an erased note in Slack: what is still there is not taken for news."""
    world.slack.workspace.person_edits(ANNA, GUESTS, note, f"// {WORDS} again")
    compared = world.log.read_bytes().count(b"threads_compared")
    await world.start()
    await world.until(lambda: world.log.read_bytes().count(b"threads_compared") > compared)
    await world.stop()


async def test_an_export_to_a_file_is_its_owners_alone(world: World, tmp_path: Path) -> None:
    """It holds what a person wrote; a file that is there already is left alone."""
    await _answered(world)
    path = tmp_path / "person.json"
    ask = ("db", "export", "--reservation", "9c1", "--output", str(path))

    first, again = await _cli(world, *ask), await _cli(world, *ask)

    assert (first[0], path.stat().st_mode & 0o777) == (0, 0o600)
    assert (again[0], "cannot be written" in again[1]) == (1, True)


async def test_who_did_what_is_written_down_without_words(world: World) -> None:
    """A reply, a claim, a snooze, a release, no reply needed: who and when, never what was said."""
    world.more["ALERT_AFTER_MINUTES"] = "0.005"
    await _answered(world)
    world.guest("c2", f"{WORDS}!")

    def alert() -> dict[str, Any]:
        """Find the alert about the guest who waits."""
        for each in world.messages(ALERTS):
            told = (each.get("metadata") or {}).get("event_payload", {})
            if (told.get("conversation_id"), told.get("state")) == ("c2", "open"):
                return each
        return {}

    def noted() -> list[tuple[str, str]]:
        return _left(world, "SELECT actor, act FROM audit ORDER BY id")

    async def press(action: str, act: str) -> None:
        await world.until(lambda: action in str(alert()))
        world.slack.interactions.press_button(ANNA, ALERTS, alert()["ts"], action)
        await world.until(lambda: (f"slack:{ANNA}", act) in noted())

    await press("wait_claim", "claimed")
    await press("wait_snooze_30", "snoozed")
    await press("wait_release", "released")
    await press("wait_settle", "settled")
    await world.until(lambda: ("bridge", "tagged") in noted())

    status, out = await _cli(world, "db", "audit", "--json", "--since", "2026-01-01")
    entries = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert (entries[0]["actor"], entries[0]["act"]) == (f"slack:{ANNA}", "replied")
    assert WORDS not in out
    assert "Ada" not in out


def _charts(world: World) -> list[dict[str, Any]]:
    return [message for message in world.messages(ALERTS) if message.get("files")]


async def test_the_weekly_report_is_posted_once_with_its_chart(world: World) -> None:
    """After a week it comes with the figures, its chart below it; a crash repeats nothing."""
    pytest.importorskip("matplotlib")
    world.more["REPORT_AT"] = "Mon 00:00"
    await _answered(world)
    await world.until(lambda: _left(world, "SELECT 1 FROM cursors WHERE name = 'report'"))
    await world.stop()
    assert world.messages(ALERTS) == []

    store = await Store.open(f"sqlite:///{_database(world)}")
    at = int(time.time() * 1000) - 2 * WEEK_MS
    await store.write(lambda c: records.set_cursor(c, "report", {"at": at}))
    await store.close()
    await world.start()
    await world.until(lambda: _charts(world))
    await world.kill()
    await world.start()
    late = world.guest("c1", "Still there?")
    await world.until(lambda: world.shown(late))

    reports = [each for each in world.messages(ALERTS) if "Report, " in each["text"]]
    assert len(reports) == 1
    (chart,) = _charts(world)
    assert chart["thread_ts"] == reports[0]["ts"]
    (file,) = chart["files"]
    data = world.slack.workspace.files[file["id"]].data
    assert data is not None
    assert data.startswith(b"\x89PNG")


async def test_a_chart_whose_answer_was_lost_is_looked_for(world: World) -> None:
    """The upload is not repeated when it had happened."""
    pytest.importorskip("matplotlib")
    world.more["REPORT_AT"] = "Mon 00:00"
    await _answered(world)
    await world.until(lambda: _left(world, "SELECT 1 FROM cursors WHERE name = 'report'"))
    await world.stop()
    store = await Store.open(f"sqlite:///{_database(world)}")
    await store.write(lambda c: records.set_cursor(c, "report", {"at": 1}))
    await store.close()
    world.slack.faults.add("files.completeUploadExternal", "drop_after")

    await world.start()
    await world.until(lambda: b'"no_chart"' in world.log.read_bytes())
    cursor = "SELECT value FROM cursors WHERE name = 'report'"
    await world.until(lambda: "chart" not in json.loads(_left(world, cursor)[0][0]))

    assert len(_charts(world)) == 1


async def test_the_report_is_a_table_a_spreadsheet_and_a_picture(
    world: World, tmp_path: Path
) -> None:
    """``bridgebot report`` needs the database alone, beside a running bot."""
    pytest.importorskip("matplotlib")
    await _answered(world)
    path = tmp_path / "report.png"

    table = await _cli(world, "report", "--chart", str(path))
    sheet = await _cli(world, "report", "--csv", "--property", "4410021")
    wrong = await _cli(world, "report", "--since", "yesterday")

    assert (table[0], "4410021" in table[1], ANNA in table[1]) == (0, True, True)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert (sheet[0], sheet[1].splitlines()[1].startswith("total,,1,1,0,")) == (0, True)
    assert (wrong[0], "2026-01-31" in wrong[1]) == (1, True)
