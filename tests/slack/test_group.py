"""The group that answers guests: who is in it, how long that is remembered, and what fails."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web

from bridgebot.errors import SlackError
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.group import KEPT_SECONDS, Group
from bridgebot.slack.people import Kind, Person
from tests.slack.stub import Stub, ok, page, refuse
from tests.slack.test_people import Clock

LISTED = "usergroups.users.list"


def _person(user: str = "U1", kind: Kind = Kind.MEMBER) -> Person:
    return Person(user_id=user, name="Robin", kind=kind)


@pytest.fixture
def clock() -> Clock:
    """Give a clock that stands still."""
    return Clock()


@pytest.fixture
def group(gateway: Gateway, clock: Clock) -> Group:
    """Give a group."""
    return Group(gateway, "S0DESK", now=clock)


async def test_without_a_group_everybody_is_let(stub: Stub, gateway: Gateway) -> None:
    """Slack is not even asked."""
    assert await Group(gateway, None).lets(_person())
    assert stub.calls == []


async def test_people_of_the_group_are_let_and_those_named_by_id(stub: Stub, group: Group) -> None:
    """A named person or app needs no group; another member does."""
    stub.on(LISTED, ok(users=["U1"]))

    assert await group.lets(_person("U1"))
    assert not await group.lets(_person("U2"))
    assert await group.lets(_person("U3", Kind.NAMED))
    assert stub.last(LISTED)["usergroup"] == "S0DESK"


async def test_the_group_is_remembered_for_a_minute_or_until_it_changes(
    stub: Stub, group: Group, clock: Clock
) -> None:
    """An event makes it asked for at once, the time makes it asked for in any case."""
    stub.on(LISTED, ok(users=["U1"]), ok(users=["U2"]), ok(users=["U3"]))
    assert await group.lets(_person("U1"))
    assert await group.lets(_person("U1"))

    await group.changed()
    assert not await group.lets(_person("U1"))
    clock.time = KEPT_SECONDS
    assert await group.lets(_person("U3"))
    assert stub.count(LISTED) == 3


async def test_an_answer_older_than_a_change_is_not_remembered(stub: Stub, group: Group) -> None:
    """The change may have come while the answer was on its way."""

    def late(request: web.Request, _arguments: Any) -> web.Response:
        del request
        asyncio.get_running_loop().call_soon(lambda: asyncio.ensure_future(group.changed()))
        return web.json_response({"ok": True, "users": ["U1"]})

    stub.on(LISTED, late, ok(users=[]))
    await group.lets(_person("U1"))

    assert not await group.lets(_person("U1"))


@pytest.mark.parametrize(
    ("reply", "permanent"),
    [
        (page(503), False),
        (refuse("internal_error"), False),
        (refuse("missing_scope"), False),
        (refuse("no_such_subteam"), True),
        (refuse("plan_upgrade_required"), True),
    ],
    ids=["away", "internal", "scope", "gone", "plan"],
)
async def test_what_cannot_be_told_lets_nobody(
    stub: Stub, group: Group, clock: Clock, reply: Any, permanent: bool
) -> None:
    """Not by an older answer either; what will never be told is named with the setting."""
    stub.on(LISTED, ok(users=["U1"]))
    await group.lets(_person())
    clock.time = KEPT_SECONDS
    stub.on(LISTED, reply)

    with pytest.raises(SlackError) as caught:
        await group.lets(_person())

    assert caught.value.permanent is permanent
    assert ("BRIDGEBOT_REPLY_GROUP" in str(caught.value)) is permanent
