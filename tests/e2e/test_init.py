"""``bridgebot init``: what is answered wrongly, kept all the same, or broken off."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from dotenv import dotenv_values
from typer.testing import CliRunner

from bridgebot.cli import app
from bridgebot.errors import SettingsError
from bridgebot.init import write_env
from tests.e2e.world import ALERTS, BOT, GUESTS, PROPERTY, World

pytestmark = pytest.mark.e2e

ASKED = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "GUESTS_CHANNEL",
    "ALERTS_CHANNEL",
    "BOOKING_CLIENT_ID",
    "BOOKING_CLIENT_SECRET",
    "BOOKING_PROPERTIES",
)
ANSWERS = (BOT.bot_token, BOT.app_token, GUESTS, ALERTS, "id", "secret", PROPERTY)


def _environment(world: World) -> dict[str, str]:
    """Make the environment of somebody who has set nothing but where the sandbox is."""
    full = world.environment()
    return {
        key: value for key, value in full.items() if key.removeprefix("BRIDGEBOT_") not in ASKED
    }


async def _run(world: World, monkeypatch: pytest.MonkeyPatch, *answers: str) -> tuple[int, str]:
    """Run the command with answers piped in."""
    for name in list(os.environ):
        if name.startswith("BRIDGEBOT_"):
            monkeypatch.delenv(name)
    for name, value in _environment(world).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(world.directory)
    typed = "".join(f"{answer}\n" for answer in answers)
    result = await asyncio.to_thread(CliRunner().invoke, app, ["init"], input=typed)
    return result.exit_code, result.output


@pytest.mark.parametrize(
    ("place", "wrong", "words"),
    [
        (0, "xapp-1", "expected a token that begins with xoxb-"),
        (0, "xoxb-no", "does not know this token"),
        (1, "xapp-no", "does not know this token"),
        (2, "guests", "expected a channel id"),
        (3, "C0NOWHERE", "no such channel"),
        (5, "no", "refused the machine account"),
        (6, "1", "property 1"),
    ],
)
async def test_a_wrong_answer_is_named_and_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch, place: int, wrong: str, words: str
) -> None:
    """What does not work is said at once, and the next try counts."""
    # A malformed answer is never kept; one that is refused may be, which is asked.
    tried = [wrong] if "expected" in words else [wrong, "n"]

    status, shown = await _run(world, monkeypatch, *ANSWERS[:place], *tried, *ANSWERS[place:])

    assert (status, words in shown) == (0, True), shown
    assert dotenv_values(world.directory / ".env") == {
        f"BRIDGEBOT_{name}": value
        for name, value in zip(ASKED, (*ANSWERS[:-1], f'["{PROPERTY}"]'), strict=True)
    }


async def test_what_cannot_work_yet_may_be_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A channel that somebody else will make the bot a member of is no dead end."""
    world.slack.workspace.channels[GUESTS].members.remove(BOT.user_id)

    status, _ = await _run(world, monkeypatch, *ANSWERS[:3], "y", *ANSWERS[3:6], "")

    assert status == 0
    kept = dotenv_values(world.directory / ".env")
    assert kept["BRIDGEBOT_GUESTS_CHANNEL"] == GUESTS
    assert "BRIDGEBOT_BOOKING_PROPERTIES" not in kept


async def test_who_stops_halfway_has_changed_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is written at the end, whole."""
    status, _ = await _run(world, monkeypatch, *ANSWERS[:4])

    assert status == 1
    assert not (world.directory / ".env").exists()


async def test_another_settings_fault_is_said_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong setting of the environment ends in its name, not in a traceback."""
    world.more["UNDO_SECONDS"] = "soon"

    with pytest.raises(SettingsError, match="BRIDGEBOT_UNDO_SECONDS"):
        raise (await _failure(world, monkeypatch)) or AssertionError


async def _failure(world: World, monkeypatch: pytest.MonkeyPatch) -> BaseException | None:
    monkeypatch.chdir(world.directory)
    for name, value in _environment(world).items():
        monkeypatch.setenv(name, value)
    typed = "".join(f"{answer}\n" for answer in ANSWERS)
    return (await asyncio.to_thread(CliRunner().invoke, app, ["init"], input=typed)).exception


@pytest.mark.parametrize("value", ["plain", "a#b", "it's", 'say "hi"', "back\\slash", "a b", "$5"])
def test_any_value_comes_back_from_the_file(tmp_path: Path, value: str) -> None:
    """Whatever stands in a secret, it is read as it was typed; other lines stay."""
    path = tmp_path / ".env"
    path.write_text("OTHER=1\nBRIDGEBOT_BOOKING_CLIENT_SECRET=old\n", encoding="utf-8")
    path.chmod(0o644)

    write_env({"BOOKING_CLIENT_SECRET": value}, path)

    assert dotenv_values(path) == {"OTHER": "1", "BRIDGEBOT_BOOKING_CLIENT_SECRET": value}
    assert path.stat().st_mode & 0o777 == 0o600
