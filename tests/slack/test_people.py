"""People: what kind they are, and what is remembered."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bridgebot.errors import SlackError
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.people import KEPT_SECONDS, Kind, People
from tests.slack.stub import Stub, ok, refuse

KINDS: list[tuple[str, dict[str, Any], Kind]] = [
    ("plain", {}, Kind.MEMBER),
    ("guest", {"is_restricted": True}, Kind.GUEST),
    ("single", {"is_restricted": True, "is_ultra_restricted": True}, Kind.GUEST),
    ("stranger", {"is_stranger": True}, Kind.EXTERNAL),
    ("other team", {"team_id": "T9", "is_stranger": False}, Kind.EXTERNAL),
    ("gone", {"deleted": True}, Kind.GONE),
    ("bot", {"is_bot": True}, Kind.BOT),
    ("workflow", {"is_workflow_bot": True}, Kind.BOT),
    ("connector", {"is_connector_bot": True}, Kind.BOT),
    ("slackbot", {"id": "USLACKBOT", "is_bot": False}, Kind.BOT),
    ("org", {"team_id": "T9", "enterprise_user": {"enterprise_id": "E1"}}, Kind.MEMBER),
    ("other org", {"team_id": "T9", "enterprise_user": {"enterprise_id": "E9"}}, Kind.EXTERNAL),
    ("our team", {"team_id": "T9", "enterprise_user": {"teams": ["T1"]}}, Kind.MEMBER),
    ("no team", {"team_id": None}, Kind.EXTERNAL),
]


class Clock:
    """A clock that stands until it is moved."""

    time = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.time


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


@pytest.fixture
def people(gateway: Gateway, clock: Clock) -> People:
    """Give people of team T1 in organisation E1."""
    return People(gateway, "T1", enterprise_id="E1", now=clock)


def _user(**fields: Any) -> dict[str, Any]:
    profile = {"display_name": "Robin", "real_name": "Robin Reed", "first_name": "Robin"}
    return {"id": "U1", "team_id": "T1", "name": "rr", "profile": profile, **fields}


@pytest.mark.parametrize(
    ("fields", "kind"), [case[1:] for case in KINDS], ids=[case[0] for case in KINDS]
)
async def test_people_are_told_apart(
    stub: Stub, people: People, fields: dict[str, Any], kind: Kind
) -> None:
    """Only people of the own workspace or organisation without restrictions are members."""
    stub.on("users.info", ok(user=_user(**fields)))
    person = await people.person("U1")
    assert (person.kind, person.may_act) == (kind, kind is Kind.MEMBER)


async def test_somebody_slack_does_not_know_is_unknown(stub: Stub, people: People) -> None:
    """An id without a person behind it is no failure."""
    stub.on("users.info", refuse("user_not_found"))
    assert (await people.person("U1")).kind is Kind.UNKNOWN


@pytest.mark.parametrize("code", ["internal_error", "missing_scope"])
async def test_a_failed_look_up_is_raised(stub: Stub, people: People, code: str) -> None:
    """Where Slack cannot be asked nobody is taken for anything, and nothing is remembered."""
    stub.on("users.info", refuse(code))
    with pytest.raises(SlackError):
        await people.person("U1")
    stub.on("users.info", ok(user=_user()))
    assert (await people.person("U1")).may_act


async def test_people_are_remembered_for_some_minutes(
    stub: Stub, people: People, clock: Clock
) -> None:
    """Slack is asked once, again after the time, and again when told to forget."""
    stub.on("users.info", ok(user=_user()))
    await people.person("U1")
    await people.person("U1")
    assert stub.count("users.info") == 1
    clock.time = KEPT_SECONDS
    await people.person("U1")
    people.forget("U1")
    await people.person("U1")
    assert stub.count("users.info") == 3


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ({"display_name": "Robin", "real_name": "Robin Reed"}, "Robin"),
        ({"display_name": "", "real_name": "Robin Reed"}, "Robin Reed"),
        ({}, "rr"),
    ],
    ids=["display", "real", "handle"],
)
async def test_names_are_those_people_show(
    stub: Stub, people: People, profile: dict[str, str], name: str
) -> None:
    """The display name goes before the real one."""
    stub.on("users.info", ok(user=_user(profile=profile)))
    assert (await people.names(["U1"])).users == {"U1": name}


async def test_membership_is_asked_page_by_page_and_remembered(stub: Stub, people: People) -> None:
    """All pages count, and a channel's members are asked once."""
    first = ok(members=["U1"], response_metadata={"next_cursor": "next"})
    stub.on("conversations.members", first, ok(members=["U2"]))
    assert await people.is_in("U2", ["C1"])
    assert not await people.is_in("U3", ["C1"])
    assert stub.count("conversations.members") == 2


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"is_restricted": True}, Kind.NAMED),
        ({"id": "U2", "is_restricted": True}, Kind.GUEST),
        ({"team_id": "T9"}, Kind.NAMED),
        ({"id": "U2", "is_bot": True, "profile": {"bot_id": "B7"}}, Kind.NAMED),
        ({"id": "U2", "is_bot": True, "profile": {"api_app_id": "A7"}}, Kind.NAMED),
        ({"id": "U2", "is_bot": True}, Kind.BOT),
        ({"deleted": True}, Kind.GONE),
    ],
)
async def test_who_is_named_may_act(
    stub: Stub, gateway: Gateway, fields: dict[str, Any], kind: Kind
) -> None:
    """The owner's list lets in guests, outsiders and apps, and nobody who has left."""
    named = People(gateway, "T1", named=("U1", "B7", "A7"))
    stub.on("users.info", ok(user=_user(**fields)))

    person = await named.person("U1")

    assert (person.kind, person.may_act) == (kind, kind is Kind.NAMED)


async def test_several_who_ask_at_once_ask_slack_once(people: People, stub: Stub) -> None:
    """Replies are decided about side by side, and most are of the same few colleagues."""
    stub.on("users.info", ok(user=_user()))

    found = await asyncio.gather(*(people.person("U1") for _ in range(5)))

    assert {each.name for each in found} == {"Robin"}
    assert stub.count("users.info") == 1
