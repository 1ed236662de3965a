"""Faults by click: they begin, are counted down, and end."""

from __future__ import annotations

import aiohttp
import pytest

from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.console.catalogue import TROUBLES
from bridgebot.sandbox.console.pushes import wear
from bridgebot.sandbox.script import read
from bridgebot.sandbox.server import serve


def left(chain: Chain) -> dict[str, object]:
    """Tell which troubles go on, and how much of each is to come."""
    rows: dict[str, dict[str, object]] = chain.troubles.table()  # type: ignore[assignment]
    return {name: row["left"] for name, row in rows.items() if row["left"]}


@pytest.mark.parametrize("name", TROUBLES)
async def test_every_trouble_begins_and_ends(name: str) -> None:
    """Each sets something, says what to expect, and leaves nothing behind when it ends."""
    chain = Chain()
    wear(chain, {"BRIDGEBOT_BOOKING_SOURCES": '["queue", "notifications"]'})
    chain.troubles.begin(name)
    assert TROUBLES[name].expect
    assert bool(left(chain)) == bool(TROUBLES[name].strikes)
    chain.troubles.end(name)
    assert left(chain) == {}
    assert not chain.booking_api.faults.planned
    assert not chain.slack_api.faults.planned
    assert not chain.notifier.faults.planned
    assert not chain.slack_api.sockets.refusing


def test_only_what_can_strike_is_offered() -> None:
    """A bridge that is not notified loses no notification; one without the queue, no queue."""
    chain = Chain()
    about_one = {name for name, one in TROUBLES.items() if one.source}
    assert about_one - chain.troubles.table().keys() == {"notification-lost", "notification-twice"}
    wear(chain, read("notified").settings)
    assert about_one - chain.troubles.table().keys() == {"reset"}
    chain.troubles.begin("errors")
    assert not any(each.endpoint == "messages.latest" for each in chain.booking_api.faults.planned)
    assert left(chain)["errors"] == 3


async def test_strikes_are_counted_down() -> None:
    """What has struck is no longer to come; a second click starts it anew."""
    chain = Chain()
    chain.troubles.begin("lost-answer")
    assert left(chain) == {"lost-answer": 2}
    chain.slack_api.faults.strike("chat.postMessage")
    assert left(chain) == {"lost-answer": 1}
    chain.troubles.begin("lost-answer")
    assert left(chain) == {"lost-answer": 2}


async def test_ending_one_leaves_the_others() -> None:
    """A trouble that ends takes its own faults away alone."""
    chain = Chain()
    chain.troubles.begin("slack-down")
    chain.troubles.begin("booking-down")
    chain.troubles.end("slack-down")
    assert left(chain) == {"booking-down": 1}
    chain.troubles.end_all()
    assert left(chain) == {}


class FakeBot:
    """A process that is only said to run."""

    alive = True

    async def start(self) -> None:
        """Run."""
        self.alive = True

    async def kill(self) -> None:
        """End."""
        self.alive = False


async def test_bot_is_killed_and_started_over_http() -> None:
    """The page's switch acts on the process that the demo runs, and only there."""
    async with serve(0) as chain, aiohttp.ClientSession() as http:

        async def act(what: str) -> int:
            address = f"{chain.address}sandbox/bot"
            async with http.post(address, json={"act": what}) as answer:
                return answer.status

        assert await act("kill") == 400
        chain.bot = FakeBot()
        assert await act("kill") == 200
        assert chain.state()["app"]["running"] is False
        assert await act("start") == 200
        assert chain.state()["app"]["running"] is True
        assert await act("dance") == 400


async def test_troubles_are_set_over_http() -> None:
    """A click begins, a second one ends; a name nobody knows is refused in words."""
    async with serve(0) as chain, aiohttp.ClientSession() as http:

        async def post(name: str, **body: bool) -> int:
            async with http.post(f"{chain.address}sandbox/troubles/{name}", json=body) as answer:
                return answer.status

        assert await post("slack-down") == 200
        assert left(chain) == {"slack-down": 1}
        assert await post("slack-down", end=True) == 200
        assert left(chain) == {}
        assert await post("slow") == 200
        assert await post("all") == 200
        assert left(chain) == {}
        assert await post("earthquake") == 400
