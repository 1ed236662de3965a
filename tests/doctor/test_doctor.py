"""The doctor against both stand-ins: what is well, and each thing that is not."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bridgebot.doctor.findings import Level, report, status
from bridgebot.doctor.machine import check_settings
from bridgebot.store.database import Store
from tests.doctor.conftest import Examine
from tests.e2e.test_metrics import free_port
from tests.e2e.world import ALERTS, BOT, GUESTS, PROPERTY, SCOPES, World

Break = Callable[[World], object]


async def test_a_bot_that_is_set_up_is_well(world: World, look: Examine) -> None:
    """Nothing is wrong, nothing is doubtful, and nothing is left behind in Slack."""
    world.more["BOOKING_PROPERTIES"] = json.dumps([PROPERTY])

    findings = await look()

    assert {each.level for each in findings} == {Level.OK, Level.NOTE}, report(findings)
    assert status(findings) == 0
    assert world.messages(ALERTS) == []
    assert not (world.directory / "bridgebot.db").exists()


def _grant(world: World, scopes: frozenset[str]) -> None:
    world.slack.workspace.apps[BOT.app_id] = replace(BOT, scopes=scopes)


def _set(**more: str) -> Break:
    return lambda world: world.more.update(more)


BROKEN: list[tuple[str, Break, Level, str, str]] = [
    ("a setting", _set(GUESTS_CHANNEL="guests"), Level.ERROR, "settings", "GUESTS_CHANNEL"),
    ("a slip", _set(UNDO_SECOND="1"), Level.WARNING, "settings", "BRIDGEBOT_UNDO_SECOND"),
    ("bot token", _set(SLACK_BOT_TOKEN="xoxb-no"), Level.ERROR, "bot token", "SLACK_BOT_TOKEN"),
    ("app token", _set(SLACK_APP_TOKEN="xapp-no"), Level.ERROR, "app token", "SLACK_APP_TOKEN"),
    (
        "missing scope",
        lambda world: _grant(world, SCOPES - {"reactions:write"}),
        Level.ERROR,
        "scopes",
        "missing: reactions:write",
    ),
    (
        "extra scope",
        lambda world: _grant(world, SCOPES | {"team:read"}),
        Level.WARNING,
        "scopes",
        "more than needed: team:read",
    ),
    (
        "unreadable metadata",
        lambda world: _grant(world, SCOPES - {"channels:history", "groups:history"}),
        Level.ERROR,
        "metadata",
        "missing_scope",
    ),
    (
        "not invited",
        lambda world: world.slack.workspace.channels[GUESTS].members.remove(BOT.user_id),
        Level.ERROR,
        "channel",
        "/invite @bridgebot",
    ),
    (
        "archived",
        lambda world: setattr(world.slack.workspace.channels[ALERTS], "archived", True),
        Level.ERROR,
        "channel",
        "is archived",
    ),
    (
        "shared",
        lambda world: setattr(world.slack.workspace.channels[GUESTS], "ext_shared", True),
        Level.WARNING,
        "channel",
        "another organisation",
    ),
    (
        "no channel of a rule",
        _set(ROUTES='[{"channel": "C0NOWHERE", "words": ["invoice"]}]'),
        Level.ERROR,
        "channel",
        "BRIDGEBOT_ROUTES (rule 1)",
    ),
    ("no group", _set(REPLY_GROUP="S0NOWHERE"), Level.ERROR, "reply group", "no_such_subteam"),
    ("no channel", _set(ALERTS_CHANNEL="C0NOWHERE"), Level.ERROR, "channel", "no such channel"),
    ("booking", _set(BOOKING_CLIENT_SECRET="no"), Level.ERROR, "booking", "BOOKING_CLIENT_SECRET"),
    (
        "queue off",
        lambda world: setattr(world.booking.booking.accounts["id"], "queue_enabled", False),
        Level.ERROR,
        "booking",
        "Endpoint access",
    ),
    ("property", _set(BOOKING_PROPERTIES='["1"]'), Level.ERROR, "booking", "property 1"),
    (
        "no directory",
        _set(DATABASE_URL="sqlite:////nowhere/at/all.db"),
        Level.ERROR,
        "database",
        "/nowhere/at",
    ),
    (
        "no server",
        _set(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none"),
        Level.ERROR,
        "database",
        "cannot be opened",
    ),
]


@pytest.mark.parametrize(
    ("harm", "level", "check", "words"),
    [case[1:] for case in BROKEN],
    ids=[case[0] for case in BROKEN],
)
async def test_what_is_wrong_is_found_and_named(
    world: World, look: Examine, harm: Break, level: Level, check: str, words: str
) -> None:
    """Each fault has its own line with its remedy, and decides the exit status."""
    harm(world)

    findings = await look()

    (found, *_) = [each for each in findings if (each.check, each.level) == (check, level)]
    assert words in f"{found.text} {found.remedy}"
    assert status(findings) == (level is Level.ERROR)


async def test_metadata_that_does_not_come_back_is_wrong(world: World, look: Examine) -> None:
    """A post whose metadata is lost is an error, and the probe is deleted all the same."""
    workspace = world.slack.workspace

    def forget(change: object) -> None:
        for message in workspace.channels[ALERTS].messages.values():
            message.pop("metadata", None)

    workspace.watch(forget)

    (found,) = [each for each in await look() if each.check == "metadata"]
    assert (found.level, world.messages(ALERTS)) == (Level.ERROR, [])


@pytest.mark.parametrize(
    ("seconds", "level"), [(0, Level.OK), (-60, Level.WARNING), (3600, Level.ERROR)]
)
async def test_the_clock_is_compared(
    world: World, look: Examine, seconds: float, level: Level
) -> None:
    """A clock an hour off is an error, one a minute off a warning."""
    (found,) = [each for each in await look(seconds) if each.check == "clock"]

    assert found.level is level


@pytest.mark.parametrize(
    ("version", "level"), [("9999", Level.ERROR), ("0000", Level.WARNING)], ids=["newer", "older"]
)
async def test_the_version_of_the_schema_is_judged(
    world: World, look: Examine, version: str, level: Level
) -> None:
    """A newer database is an error; an older one will be brought up."""
    store = await Store.open(f"sqlite:///{world.directory}/bridgebot.db")
    statement = f"UPDATE alembic_version SET version_num = '{version}'"  # noqa: S608 - two constants
    await store.write(lambda c: c.execute(text(statement)))
    await store.close()

    (found, *_) = [each for each in await look() if each.check == "database"]
    assert found.level is level
    assert found.remedy


async def test_files_that_others_can_read_are_named(world: World, look: Examine) -> None:
    """Neither the tokens nor the guests' messages are for everybody on the machine."""
    store = await Store.open(f"sqlite:///{world.directory}/bridgebot.db")
    await store.close()
    (world.directory / ".env").write_text("", encoding="utf-8")
    for name in (".env", "bridgebot.db"):
        (world.directory / name).chmod(0o644)

    remedies = " ".join(each.remedy for each in await look() if each.level is Level.WARNING)

    assert "chmod 600 .env" in remedies
    assert "chmod 600 bridgebot.db" in remedies


def test_an_address_that_is_not_https_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over a network tokens travel encrypted; to this machine they need not."""
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BRIDGEBOT_BOOKING_TOKEN_URL", "http://booking.example/token")

    (found,) = [each for each in check_settings()[1] if "https" in each.text]

    assert (found.level, found.check) == (Level.WARNING, "settings")
    assert "BRIDGEBOT_BOOKING_TOKEN_URL is not https" in found.text


def test_a_property_without_the_signature_it_should_have_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its replies would go out unsigned, and nobody would notice."""
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BRIDGEBOT_SIGNATURE", "property")
    monkeypatch.setenv("BRIDGEBOT_PROPERTIES", '{"1": {"signature": "The team"}, "2": {}}')

    (found,) = [each for each in check_settings()[1] if "SIGNATURE" in each.text]

    assert (found.level, found.text.rpartition(": ")[2]) == (Level.WARNING, "2")


def test_a_provider_that_takes_no_replies_needs_no_signature(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing goes out to Hostel Mate, signed or not, wherever its property is named."""
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)
    accounts = [
        {"provider": "hostelmate", "name": "hostel", "api_key": "hm_live_x"},
        {
            "provider": "booking",
            "name": "lake",
            "client_id": "lake",
            "client_secret": "s",
            "properties": ["3"],
        },
    ]
    monkeypatch.setenv("BRIDGEBOT_ACCOUNTS", json.dumps(accounts))
    monkeypatch.setenv("BRIDGEBOT_CHANNELS", '{"hostel": "C0123456789"}')
    monkeypatch.setenv("BRIDGEBOT_SIGNATURE", "property")
    monkeypatch.setenv("BRIDGEBOT_PROPERTIES", '{"1": {"signature": "The team"}}')

    (found,) = [each for each in check_settings()[1] if "SIGNATURE" in each.text]

    assert found.text.rpartition(": ")[2] == "3"


async def test_over_http_the_app_token_is_not_tried(world: World, look: Examine) -> None:
    """The address that Slack posts to is a person's to look at."""
    world.more |= {"SLACK_MODE": "http", "SLACK_SIGNING_SECRET": "s", "SLACK_APP_TOKEN": "xapp-no"}
    world.more["HTTP_BIND"] = "127.0.0.1:8080"

    findings = await look()

    assert {each.check for each in findings} & {"app token", "events address"} == {"events address"}
    assert status(findings) == 0, report(findings)


async def test_each_of_several_sources_is_tried(world: World, look: Examine) -> None:
    """A queue that is refused is named beside the source that works; the bridge could run."""
    world.more |= {
        "BOOKING_SOURCES": '["queue", "conversations"]',
        "BOOKING_PROPERTIES": json.dumps([PROPERTY]),
    }
    world.booking.booking.accounts["id"].queue_enabled = False

    findings = await look()

    found = [(each.level, each.text) for each in findings if each.check == "booking"]
    assert found[0][0] is Level.WARNING
    assert found[0][1].startswith("queue: ")
    assert "Endpoint access" in found[0][1]
    assert found[1:] == [
        (Level.OK, "conversations: login and access work"),
        (Level.OK, f"property {PROPERTY} can be read"),
    ]
    assert status(findings) == 0


async def test_where_every_source_is_refused_nothing_could_come(
    world: World, look: Examine
) -> None:
    """Then it is an error, with a line for each."""
    world.more |= {
        "BOOKING_SOURCES": '["queue", "conversations"]',
        "BOOKING_PROPERTIES": '["1"]',
    }
    world.booking.booking.accounts["id"].queue_enabled = False

    findings = await look()

    found = [each for each in findings if each.check == "booking"]
    assert [each.level for each in found] == [Level.ERROR, Level.ERROR]
    assert [each.text.partition(":")[0] for each in found] == ["queue", "conversations"]


async def test_each_account_has_its_lines(world: World, look: Examine, tmp_path: Path) -> None:
    """What is wrong with one is said of that one."""
    world.booking.booking.add_account("lake-id", "lake-secret", ["4410022"])
    file = tmp_path / "accounts.toml"
    account = '[[accounts]]\nprovider = "booking"\nname = "lake"\nclient_id = "lake-id"\n'
    file.write_text(f'{account}client_secret = "wrong"\nchannel = "C0NOWHERE"\n', "utf-8")
    world.more["CONFIG"] = str(file)

    findings = await look()

    levels = {each.check: each.level for each in findings if each.check.startswith("booking")}
    assert levels == {"booking": Level.OK, "booking:lake": Level.ERROR}
    (lake,) = [each for each in findings if each.check == "booking:lake"]
    assert "client_secret of the account lake" in lake.text
    assert any("channel of the account lake" in each.text for each in findings)


async def test_a_running_bridge_is_not_disturbed(world: World, look: Examine) -> None:
    """While a bridge receives, the doctor fetches nothing from its queue."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: not world.queued())
    exchanges = len(world.booking.booking.accounts["id"].exchanges)

    (found,) = [each for each in await look() if each.check == "booking"]

    assert "running bridge" in found.text
    assert len(world.booking.booking.accounts["id"].exchanges) == exchanges


async def test_the_address_for_notifications_is_tried(world: World, look: Examine) -> None:
    """Nothing runs, all is well, the secret was changed without a restart, a proxy answers."""
    bind = f"127.0.0.1:{free_port()}"
    world.more |= {
        "BOOKING_SOURCES": '["notifications"]',
        "BOOKING_NOTIFICATIONS_CLIENT_ID": "cns",
        "BOOKING_NOTIFICATIONS_SECRET": "0123456789abcdef0123456789abcdef",
        "HTTP_BIND": bind,
    }

    async def found() -> list[tuple[Level, str]]:
        return [(each.level, each.text) for each in await look() if each.check == "notifications"]

    assert [level for level, _ in await found()] == [Level.NOTE, Level.NOTE]
    await world.start()
    assert [level for level, _ in await found()] == [Level.OK, Level.NOTE]
    world.more["BOOKING_NOTIFICATIONS_SECRET"] = "f" * 32
    ((level, text), _) = await found()
    assert (level, "refuses the credentials" in text) == (Level.ERROR, True)
    world.more["BOOKING_NOTIFICATIONS_URL"] = f"http://127.0.0.1:{world.port}/slack"
    levels = [level for level, _ in await found()]
    assert levels == [Level.ERROR, Level.WARNING]


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize("secret", ["secret", "wrong"])
@pytest.mark.e2e
async def test_the_command_prints_and_ends_by_what_it_found(
    world: World, options: tuple[str, ...], secret: str
) -> None:
    """One line each, or JSON; 1 where something is wrong; never a token."""
    world.more["BOOKING_CLIENT_SECRET"] = secret
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridgebot", "doctor", *options),
        cwd=world.directory,
        env=world.environment() | {"PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    printed = out.decode()

    assert process.returncode == (secret == "wrong")
    assert "xoxb-" not in printed
    if options:
        body = json.loads(printed)
        assert body["ok"] is (secret == "secret")
        assert {"check", "level", "text", "remedy"} == set(body["checks"][0])
    else:
        assert all(line.split()[0] in set(Level) for line in printed.splitlines())
