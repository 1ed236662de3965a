"""The parts of the demo: the bot's environment, the words, the waiting."""

from __future__ import annotations

import asyncio
import io
import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from bridgebot.sandbox import scenario, shift, world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.child import BotProcess, environment, settings
from bridgebot.sandbox.narrator import Narrator
from bridgebot.sandbox.server import serve
from bridgebot.sandbox.transcript import Transcript, shorten


def transcript() -> tuple[Transcript, io.StringIO]:
    """Make a transcript into memory."""
    out = io.StringIO()
    return Transcript(Console(file=out, width=80)), out


def test_environment_keeps_the_callers_settings_out() -> None:
    """Settings and proxies of the caller do not reach the bot in the demo."""
    caller = {
        "HOME": "/home/anna",
        "BRIDGEBOT_DATABASE_URL": "sqlite:///real.db",
        "SLACK_BOT_TOKEN": "xoxb-real",
        "HTTPS_PROXY": "http://proxy.example",
        "no_proxy": "*",
    }
    made = environment(caller, {"BRIDGEBOT_HTTP_BIND": ""})
    made.pop("PYTHONPATH", None)
    assert made == {"HOME": "/home/anna", "BRIDGEBOT_HTTP_BIND": ""}


def test_settings_point_at_the_sandbox() -> None:
    """Every address a bot needs is one of this port."""
    addresses = [value for value in settings(8765).values() if value.startswith("http")]
    assert len(addresses) == 4
    assert all(value.startswith("http://127.0.0.1:8765/") for value in addresses)


async def test_process_that_ends_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot that ends by itself leaves its status and the end of its log."""
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\necho started\necho \'{"event": "ready"}\'\nexit 3\n')
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    bot = BotProcess({}, tmp_path)
    await bot.start()
    assert await bot.ended() == 3
    assert (bot.alive, bot.status, bot.is_ready()) == (False, 3, True)
    assert bot.last_lines()[0] == "started"
    await bot.stop()


async def test_process_is_stopped_and_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A running bot can be asked to stop, or be killed, and started again."""
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    bot = BotProcess({}, tmp_path)
    await bot.start()
    await bot.kill()
    assert bot.status == -9
    await bot.start()
    assert bot.alive
    await bot.stop()
    assert bot.status == -15


async def test_process_killed_from_here_has_not_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot that was killed by a click is waited for until it is started and ends by itself."""
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\nexec sleep 60\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    bot = BotProcess({}, tmp_path)
    await bot.start()
    ended = asyncio.ensure_future(bot.ended())
    await bot.kill()
    fake.write_text("#!/bin/sh\nexit 3\n")
    await bot.start()
    assert await ended == 3


async def test_process_is_restarted_with_other_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bot that is restarted from here has not ended, and sees its new settings."""
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\n[ "$BRIDGEBOT_UNDO_SECONDS" = 7 ] && exit 3\nexec sleep 60\n')
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    bot = BotProcess({}, tmp_path)
    await bot.start()
    ended = asyncio.ensure_future(bot.ended())
    await bot.restart({"BRIDGEBOT_UNDO_SECONDS": "7"})
    assert await ended == 3


async def test_a_process_tells_what_it_listens_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it registered stands in its log; what nobody used of it is named."""
    line = json.dumps({"event": "hears", "action": ["wait_claim", "^find_show_[0-9]+$"]})
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\necho '{line}'\n")
    fake.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(fake))
    bot = BotProcess({}, tmp_path)
    await bot.start()
    await bot.ended()

    hears = bot.hears()
    assert hears == {"action": ["wait_claim", "^find_show_[0-9]+$"]}
    assert shift.unused(hears, [("action", "wait_claim"), ("view", "find_show_1")]) == [
        "action ^find_show_[0-9]+$"
    ]
    assert shift.unused(hears, [("action", "wait_claim"), ("action", "find_show_12")]) == []


async def test_until_returns_what_is_left() -> None:
    """Waiting ends when nobody complains, or with the complaints when time is up."""
    answers = iter([["a", "b"], ["b"], []])
    assert await scenario.until(lambda: next(answers), 5) == []
    assert await scenario.until(lambda: ["b"], 0) == ["b"]


async def test_scenario_without_a_bot_is_unfinished() -> None:
    """Where nobody bridges, every guest is without a thread and the books do not balance."""
    async with serve(0) as chain:
        scenario.guests_write(chain)
        assert len(scenario.threads_missing(chain)) == 15
        assert chain.ledger().lost == 16
        assert chain.queued() == 15
        assert any("queue" in words for words in scenario.unfinished(chain))


def _play(chain: Chain) -> None:
    """Open a thread by hand, answer in it, and let the guest get the answer."""
    emily = world.stay_of("Emily")
    channel = chain.workspace.channels[world.GUESTS.channel_id]
    payload = {"conversation_id": emily.conversation_id}
    root = {
        "user": world.BOT_USER,
        "bot_id": world.BOT,
        "text": "card",
        "metadata": {"event_type": "bridgebot_thread", "event_payload": payload},
    }
    chain.workspace.add_message(channel, root, thread_ts=None)
    ts = chain.says(world.ANNA, emily, f"Ask <@{world.GRETA.user_id}> &amp; me")
    chain.workspace.react(world.BOT_USER, channel.channel_id, ts, "white_check_mark")
    chain.booking.property_writes(emily.conversation_id, "Ask Greta Lund & me", api=True)
    chain.hotel_writes(emily, "Welcome", template="Welcome")


async def test_narrator_tells_both_sides() -> None:
    """Each thing that happens becomes one line in plain words."""
    made, out = transcript()
    async with serve(0) as chain:
        narrator = Narrator(chain.state, made)
        chain.guest_writes(world.stay_of("Emily"), "Hello?")
        _play(chain)
        narrator.tell()
        narrator.tell()
    told = [line[8:].split(maxsplit=1)[1] for line in out.getvalue().splitlines()]
    assert told == [
        "Emily Hartwell to Hotel Lindenhof: Hello?",
        "Emily Hartwell gets: Ask Greta Lund & me",
        "Hotel Lindenhof to Emily Hartwell, automatically: Welcome",
        "#guests: opens a thread for Emily Hartwell",
        "Anna Keller in #guests, Emily Hartwell's thread: Ask Greta Lund & me",
        "marks Anna Keller's message: delivered",
    ]


async def test_narrator_tells_edits_and_deletions() -> None:
    """A changed and a deleted message are told as such."""
    made, out = transcript()
    async with serve(0) as chain:
        narrator = Narrator(chain.state, made)
        _play(chain)
        emily = world.stay_of("Emily")
        ts = chain.says(world.ANNA, emily, "At nine")
        narrator.tell()
        chain.edits(world.ANNA, emily, ts, "At ten")
        narrator.tell()
        chain.deletes(emily, ts)
        narrator.tell()
    assert out.getvalue().splitlines()[-2].endswith("Anna Keller edits: At ten")
    assert out.getvalue().splitlines()[-1].endswith("Anna Keller deletes: At ten")


def test_transcript_is_plain_outside_a_terminal() -> None:
    """Lines and figures carry no colour codes, and long texts are cut to one line."""
    made, out = transcript()
    made.line("guest", "Emily", "Hello [red]there[/red]\nsecond line")
    made.figures({"lost": 0})
    made.complaints("Not equal:", ["one thing"])
    text = out.getvalue()
    assert "Hello [red]there[/red] second line" in text
    assert "\x1b" not in text
    assert "| lost |" in text
    assert "  - one thing" in text
    assert shorten("x" * 200).endswith("x…")
