"""Who may use commands, shortcuts and buttons: by kind, by channel, and by the group."""

from __future__ import annotations

from typing import Any

import pytest

from bridgebot.slack.access import Access
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.group import Group
from bridgebot.slack.people import People
from tests.slack.stub import Stub, ok, refuse

INSIDE = "Only full members who are in a guests' channel can use this."


def _access(gateway: Gateway, group: str | None = None) -> Access:
    people = People(gateway, "T1", named=("U9",))
    return Access(people, frozenset({"C1"}), Group(gateway, group))


def _is(stub: Stub, **fields: Any) -> None:
    """Let somebody be so; the guests' channel has U1 and U9 in it."""
    stub.on("users.info", ok(user={"id": "U1", "team_id": "T1", "profile": {}, **fields}))
    stub.on("conversations.members", ok(members=["U1", "U9"]))


@pytest.mark.parametrize(
    ("user", "fields", "refused"),
    [
        ("U1", {}, False),
        ("U2", {"id": "U2"}, True),
        ("U1", {"is_restricted": True}, True),
        ("U1", {"team_id": "T2"}, True),
        ("U1", {"is_bot": True}, True),
        ("U1", {"deleted": True}, True),
        ("U9", {"id": "U9", "team_id": "T2"}, False),
        ("U9", {"id": "U9", "deleted": True}, True),
    ],
    ids=["member", "elsewhere", "guest", "outside", "bot", "gone", "named", "named-gone"],
)
async def test_who_may_use_things(
    stub: Stub, gateway: Gateway, user: str, fields: dict[str, Any], refused: bool
) -> None:
    """Full members and those named by id, in a guests' channel."""
    _is(stub, **fields)

    assert await _access(gateway).refusal(user) == (INSIDE if refused else None)


async def test_what_sends_is_for_the_group(stub: Stub, gateway: Gateway) -> None:
    """All else is for all members; whom the owner named by id needs no group."""
    _is(stub)
    stub.on("usergroups.users.list", ok(users=["U5"]))
    access = _access(gateway, "S0DESK")

    assert await access.refusal("U1") is None
    assert "group" in str(await access.refusal("U1", sends=True))
    _is(stub, id="U9")
    assert await access.refusal("U9", sends=True) is None


@pytest.mark.parametrize("code", ["internal_error", "no_such_subteam"])
async def test_a_group_that_cannot_be_read_lets_nobody_send(
    stub: Stub, gateway: Gateway, code: str
) -> None:
    """Whoever pressed is told, and may try again; what does not send goes on."""
    _is(stub)
    stub.on("usergroups.users.list", refuse(code))
    access = _access(gateway, "S0DESK")

    assert await access.refusal("U1", sends=True) is not None
    assert await access.refusal("U1") is None
