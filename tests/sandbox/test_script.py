"""Scenarios are short files that anybody can write; what is wrong in one is said in words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from bridgebot.sandbox import world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.director import Director
from bridgebot.sandbox.script import DIRECTORY, FIRST, Script, WrongScriptError, names, read
from bridgebot.sandbox.server import serve
from tests.sandbox.test_troubles import FakeBot

EMILY = world.stay_of("Emily")
_HEAD = 'title = "Mine"\nbegins = "23:50"\nspeed = 60\n'


def write(directory: Path, text: str) -> str:
    """Write a scenario; give its path."""
    path = directory / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def step(**said: str) -> str:
    """Write a step."""
    return "\n[[step]]\n" + "\n".join(f'{key} = "{value}"' for key, value in said.items()) + "\n"


@pytest.mark.parametrize("name", names())
def test_shipped_scenarios_can_be_played(name: str) -> None:
    """Each has a title, a sentence about it, and steps that are over within ten minutes."""
    script = read(name)
    assert script.title
    assert script.about
    assert 0 < script.steps[-1].after / script.speed < 600
    assert len((DIRECTORY / f"{name}.toml").read_text().splitlines()) < 100


def test_first_scenario_is_the_calm_one() -> None:
    """The list begins with what a demo plays by itself; those of the docs are there."""
    assert names()[0] == FIRST
    assert set(names()) == {"calm-day", "busy-check-in", "night", "notified", "outage"}


def test_file_of_ones_own(tmp_path: Path) -> None:
    """Times past midnight belong to the next day; steps come in the order of their times."""
    text = (
        _HEAD
        + step(at="00:10", staff="Anna", to="Emily", writes="Good night")
        + step(at="23:55", guest="Emily", writes="Hello?")
    )
    script = read(write(tmp_path, text))
    assert [(one.deed, one.after) for one in script.steps] == [("guest", 300), ("staff", 1200)]
    assert script.steps[1].person == world.ANNA
    assert [script.clock(seconds) for seconds in (0, 15)] == ["23:50", "00:05"]


def test_speed_makes_the_bridges_minutes_shorter(tmp_path: Path) -> None:
    """Settings in minutes pass at the scenario's speed, which the command line can change."""
    text = _HEAD + '[settings]\nalert_after_minutes = 15\nescalate_to = "here"\n'
    path = write(tmp_path, text + step(at="23:55", guest="Emily", writes="Hello?"))
    assert read(path).settings == {
        "BRIDGEBOT_ALERT_AFTER_MINUTES": "0.25",
        "BRIDGEBOT_ESCALATE_TO": "here",
    }
    assert read(path, 1).settings["BRIDGEBOT_ALERT_AFTER_MINUTES"] == "15.0"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", "cannot be read"),
        (_HEAD, "no \\[\\[step\\]\\]"),
        ('begins = "noon"\n' + step(at="9:00", guest="Emily", writes="x"), "begins .* time of day"),
        (_HEAD + step(at="late", guest="Emily", writes="x"), "step 1: at must be a time"),
        (_HEAD + step(at="9:00", guest="Nobody", writes="x"), "step 1: no guest 'Nobody'"),
        (_HEAD + step(at="9:00", staff="Zoe", to="Emily", writes="x"), "no person 'Zoe'"),
        (_HEAD + step(at="9:00", staff="Anna", writes="x"), "missing or unknown: to"),
        (_HEAD + step(at="9:00", guest="Emily", wrote="x"), "unknown: writes, wrote"),
        (_HEAD + step(guest="Emily", writes="x"), "missing or unknown: at"),
        (_HEAD + step(at="9:00"), "needs one of guest"),
        (_HEAD + step(at="9:00", trouble="rain"), "known troubles are slack-down"),
        (_HEAD + step(at="9:00", bridge="paint"), "kill or start"),
        ("speed = -1\n", "above 0"),
        ('begins = "9:00"\nsettings = 3\n' + step(at="9:00", bridge="kill"), "must be a table"),
    ],
)
def test_mistakes_are_said_in_words(tmp_path: Path, text: str, words: str) -> None:
    """A mistake is told with its place and what would be right."""
    with pytest.raises(WrongScriptError, match=words):
        read(write(tmp_path, text))


def test_unknown_scenario_names_the_known_ones() -> None:
    """A name that is neither a scenario nor a file is answered with the choice."""
    with pytest.raises(WrongScriptError, match="calm-day, busy-check-in, night, notified, outage"):
        read("christmas")


async def _play(chain: Chain, script: Script) -> None:
    await Director(chain, time.monotonic).play(script)


async def test_everything_in_a_scenario_happens(tmp_path: Path) -> None:
    """Guests, the extranet, staff, troubles and the bridge all act, in their order."""
    chain = Chain()
    bot = FakeBot()
    chain.bot = bot
    channel = chain.workspace.channels[world.GUESTS.channel_id]
    payload = {"conversation_id": EMILY.conversation_id}
    metadata = {"event_type": "bridgebot_thread", "event_payload": payload}
    root = {"user": world.BOT_USER, "bot_id": world.BOT, "text": "card", "metadata": metadata}
    chain.workspace.add_message(channel, root, thread_ts=None)
    text = (
        _HEAD
        + step(at="23:51", guest="Emily", writes="Hello?")
        + step(at="23:52", extranet="Emily", writes="Welcome")
        + step(at="23:53", trouble="booking-down")
        + step(at="23:54", trouble="slow")
        + step(at="23:55", trouble_ends="slow")
        + step(at="23:56", bridge="kill")
        + step(at="23:57", staff="Anna", to="Emily", writes="At nine")
    )
    await _play(chain, read(write(tmp_path, text), speed=1e9))
    await chain.slack_api.sockets.close()
    said = chain.booking.conversations[EMILY.conversation_id].messages
    assert [(one.sender, one.content) for one in said] == [
        ("guest", "Hello?"),
        ("property", "Welcome"),
    ]
    assert [each.kind for each in chain.booking_api.faults.planned] == ["503"]
    assert not bot.alive
    assert [one["text"] for one in channel.messages.values()] == ["card", "At nine"]
    assert chain.state()["scene"]["title"] == "Mine"


async def test_another_scenario_takes_over(tmp_path: Path) -> None:
    """A change breaks off what is played, ends its faults, and gives the bridge new settings."""
    chain = Chain()
    given: list[Mapping[str, str]] = []

    async def restart(settings: Mapping[str, str]) -> None:
        given.append(settings)

    director = Director(chain, time.monotonic, restart)
    director.begin(read("outage"))
    chain.troubles.begin("slack-down")
    await director.change(read("night"))
    assert [settings["BRIDGEBOT_ALERT_AFTER_MINUTES"] for settings in given] == ["0.25"]
    assert chain.troubles.table()["slack-down"]["left"] == 0  # type: ignore[index]
    await asyncio.sleep(0)
    assert chain.scene()["name"] == "night"
    await director.change(read("night"))
    assert len(given) == 1
    await director.end()


async def test_the_night_begins_with_nobody_waiting() -> None:
    """Who wrote before it has an answer, at either provider; who was answered gets no second."""
    chain = Chain()
    for stay in (*world.STAYS[:2], world.LODGERS[0]):
        chain.guest_writes(stay, "Hello?")
    chain.hotel_writes(world.STAYS[0], "Hello!")
    director = Director(chain, time.monotonic)
    director.begin(read("night"))
    await asyncio.sleep(0)
    await director.end()

    told = [
        [message.sender for message in chain.booking.conversations[one.conversation_id].messages]
        for one in world.STAYS[:3]
    ]
    assert told == [["guest", "property"], ["guest", "property"], []]
    (*_, last) = chain.hostelmate.threads[world.LODGERS[0].conversation_id].oldest_first
    assert last.direction == "OUTBOUND"


async def test_the_bridge_takes_the_answers_in_before_it_starts_anew() -> None:
    """Else it would begin the night with alerts about guests who were answered."""
    chain = Chain()
    chain.bot = FakeBot()
    left: list[int] = []

    async def restart(_: Mapping[str, str]) -> None:
        left.append(chain.queued())

    director = Director(chain, time.monotonic, restart)
    director.begin(read("calm-day"))
    chain.guest_writes(EMILY, "Hello?")
    change = asyncio.create_task(director.change(read("night")))
    talk = chain.booking.conversations[EMILY.conversation_id]
    for _ in range(20):
        await asyncio.sleep(0)
    assert (talk.messages[-1].sender, left) == ("property", [])
    for account in chain.booking.accounts.values():
        account.queue.clear()
    await change
    await director.end()
    assert left == [0]


async def test_scenario_is_played_over_http() -> None:
    """The page plays shipped scenarios by name, and nothing else."""
    played: list[tuple[str, float]] = []

    async def play(script: Script) -> None:
        played.append((script.name, script.speed))

    async with serve(0) as chain, aiohttp.ClientSession() as http:

        async def post(**body: object) -> int:
            async with http.post(f"{chain.address}sandbox/scenario", json=body) as answer:
                return answer.status

        assert await post(name="night") == 400
        chain.play = play
        assert await post(name="night") == 200
        assert await post(name="night", speed=300) == 200
        assert await post(name="night", speed="fast") == 400
        assert await post(name="night", speed=-1) == 400
        assert await post(name="/etc/passwd") == 400
    assert played == [("night", 60.0), ("night", 300.0)]
