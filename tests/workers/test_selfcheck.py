"""What is put wrong while the bridge runs is said once, stands in /readyz, and ends when mended."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from bridgebot.sandbox.slack.membership import regroups
from bridgebot.sandbox.slack.state import Channel
from bridgebot.session import open_session
from bridgebot.slack.gateway import Gateway, make_client
from bridgebot.slack.group import Group
from bridgebot.slack.pacing import Pacer
from bridgebot.slack.timekeeper import utc_now
from bridgebot.store.database import Store
from bridgebot.store.rows import to_ms
from bridgebot.store.schema import alerts, inbox
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.selfcheck import AT_ONCE, SelfCheck
from tests.e2e.world import ALERTS, BOT, GUESTS, SCOPES, World, serve
from tests.store.build import conversation, queued


@dataclass(slots=True)
class Look:
    """A self-check on a world, whose clock can be moved."""

    world: World
    store: Store
    gateway: Gateway
    routing: Routing
    off: float = 0.0
    group: str | None = None
    lost: list[tuple[str, int]] = field(default_factory=list)

    def _later(self) -> float:
        """Tell a time by which nothing is remembered."""
        self.off += 0.001
        return self.off * 1e6

    async def _lose(self, channel: str, since: int) -> None:
        self.lost.append((channel, since))

    def make(self) -> SelfCheck:
        """Make a self-check, as a start of the process does."""
        context = Context(
            store=self.store,
            owner="host:1:x",
            now=utc_now,
            chance=lambda: 0.0,
            routing=self.routing,
            providers={},
        )
        return SelfCheck(
            context,
            self.gateway,
            Group(self.gateway, self.group, now=self._later),
            disk=self.world.directory,
            on_lost=self._lose,
            wall=lambda: utc_now() + timedelta(seconds=self.off),
        )

    async def alerts(self) -> list[tuple[str, str, str]]:
        """List kind, title and state of all alerts."""
        query = select(alerts.c.kind, alerts.c.title, alerts.c.state).order_by(alerts.c.id)
        rows = await self.store.read(lambda c: c.execute(query))
        return [(row.kind, row.title, row.state) for row in rows]


@pytest.fixture
async def look(tmp_path: Path) -> AsyncIterator[Look]:
    """Give a world, a store, and the bot's access to both."""
    store = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    async with serve(tmp_path) as world, open_session() as session:
        url = f"http://127.0.0.1:{world.port}/slack/api/"
        client = make_client(BOT.bot_token, url, session)
        gateway = Gateway(client, Pacer(posts_per_second=0))
        yield Look(world, store, gateway, Routing(guests=GUESTS, alerts=ALERTS))
    await store.close()


def _app(look: Look, **change: object) -> None:
    apps = look.world.slack.workspace.apps
    apps[BOT.app_id] = replace(apps[BOT.app_id], **change)  # type: ignore[arg-type]


def _archive(look: Look, *, yes: bool) -> None:
    look.world.slack.workspace.channels[GUESTS].archived = yes


def _invite(look: Look, *, yes: bool) -> None:
    members = look.world.slack.workspace.channels[GUESTS].members
    (members.add if yes else members.discard)(BOT.user_id)


Change = Callable[[Look], object]
CASES: dict[str, tuple[Change, Change, str, str]] = {
    "archived": (
        lambda look: _archive(look, yes=True),
        lambda look: _archive(look, yes=False),
        "slack_refused",
        "#guests is archived",
    ),
    "removed": (
        lambda look: _invite(look, yes=False),
        lambda look: _invite(look, yes=True),
        "slack_refused",
        "#guests is without the bot",
    ),
    "revoked": (
        lambda look: _app(look, bot_token="xoxb-new"),
        lambda look: _app(look, bot_token=BOT.bot_token),
        "credentials",
        "does not know this token",
    ),
    "scope": (
        lambda look: _app(look, scopes=SCOPES - {"reactions:write"}),
        lambda look: _app(look, scopes=SCOPES),
        "slack_refused",
        "lacks permissions: reactions:write",
    ),
    "clock": (
        lambda look: setattr(look, "off", 3600.0),
        lambda look: setattr(look, "off", 0.0),
        "machine",
        "clock is 3",
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
async def test_what_is_put_wrong_is_said_once_and_ends_when_mended(look: Look, case: str) -> None:
    """One line and one alert at the beginning, one of each at the end, a reason in between."""
    harm, mend, kind, words = CASES[case]
    check = look.make()
    with capture_logs() as logs:
        await check.step()
        assert (check.problems, await look.alerts()) == ((), [])
        harm(look)
        for _ in range(3):
            await check.step()
        (problem,) = check.problems
        ((found, title, state),) = await look.alerts()
        assert words in problem
        assert (found, words in title, state) == (kind, True, "open")
        mend(look)
        for _ in range(2):
            await check.step()

    assert check.problems == ()
    assert [each[2] for each in await look.alerts()] == ["closed"]
    events = [line["event"] for line in logs if line["log_level"] != "debug"]
    assert events == ["attention", "attention_over"]


async def test_who_compares_threads_is_told_when_a_channel_was_lost(look: Look) -> None:
    """What staff write there meanwhile has no events: it is read from when all was well."""
    check = look.make()
    before = to_ms(utc_now())
    await check.step()
    _invite(look, yes=False)
    for _ in range(3):
        await check.step()

    ((channel, since),) = look.lost
    assert channel == GUESTS
    assert before <= since <= to_ms(utc_now())


async def test_a_channel_that_settings_no_longer_name_is_said_where_a_guest_writes(
    look: Look,
) -> None:
    """Its threads go on there: if the bot cannot, somebody must know."""
    old = "C1"
    row = await conversation(look.store)
    number = await queued(look.store, row, "m1")
    check = look.make()
    await check.step()
    assert len(check.problems) == 0
    stuck = {"state": "retryable", "error": "not_in_channel"}
    await look.store.write(
        lambda c: c.execute(update(inbox).where(inbox.c.id == number).values(**stuck))
    )
    await check.step()
    assert old in " ".join(check.problems)
    assert [each[0] for each in await look.alerts()] == ["slack_refused"]

    members = {BOT.user_id, "U0ANNA"}
    look.world.slack.workspace.add_channel(Channel(old, "old", members=members))
    await check.step()
    assert len(check.problems) == 0


async def test_a_disk_that_fills_up_is_said(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than 500 MB beside the database are an alert."""
    usage = shutil.disk_usage(look.world.directory)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=499_000_000))
    check = look.make()

    await check.step()

    assert "nearly full (499 MB are free)" in check.problems[0]
    assert [each[0] for each in await look.alerts()] == ["machine"]


async def test_an_alert_of_an_earlier_run_is_closed(look: Look) -> None:
    """What was mended while the bridge was down does not stand for ever."""
    _invite(look, yes=False)
    await look.make().step()
    _invite(look, yes=True)

    await look.make().step()

    assert [each[2] for each in await look.alerts()] == ["closed"]


async def test_an_absent_slack_says_nothing_about_the_app(look: Look) -> None:
    """That Slack cannot be reached is the socket's to say, and ends nothing that was wrong."""
    _invite(look, yes=False)
    check = look.make()
    await check.step()
    look.world.slack.faults.add("*", "503", times=100)

    await check.step()

    assert len(check.problems) == 1


async def test_many_channels_are_looked_at_in_turn(look: Look) -> None:
    """A chain's thousands are not all asked at once, and none is left out."""
    known = {f"C0MORE{number}" for number in range(3 * AT_ONCE)}
    look.routing = Routing(guests=GUESTS, alerts=ALERTS, by_property={each: each for each in known})
    check = look.make()

    await check.step()
    assert 0 < len(check.problems) <= AT_ONCE
    for _ in range(4):
        await check.step()
    assert len(check.problems) == len(known)


async def test_a_group_that_is_switched_off_is_said_and_heals(look: Look) -> None:
    """Nobody can answer then: that must not go unnoticed."""
    look.group = "S0DESK"
    regroups(look.world.slack.workspace, "S0DESK", ["U0ANNA"])
    check = look.make()
    await check.step()
    regroups(look.world.slack.workspace, "S0DESK", ["U0ANNA"], off=True)
    await check.step()
    assert "S0DESK" in check.problems[0]

    regroups(look.world.slack.workspace, "S0DESK", ["U0ANNA"])
    await check.step()

    assert check.problems == ()
    assert [each[2] for each in await look.alerts()] == ["closed"]
