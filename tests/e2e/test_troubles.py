"""Each fault that the page offers comes right by itself, as the page says it will."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from bridgebot.sandbox import scenario, world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.child import BotProcess, outfit
from bridgebot.sandbox.console.catalogue import NOTIFICATIONS, QUEUE, TROUBLES
from bridgebot.sandbox.console.pushes import wear
from bridgebot.sandbox.script import read
from bridgebot.sandbox.server import serve

pytestmark = pytest.mark.e2e

_SECONDS: Final = 40.0
_EMILY: Final = world.stay_of("Emily")
_JONAS: Final = world.stay_of("Jonas")
ASKED: Final = [name for name, one in TROUBLES.items() if one.source != NOTIFICATIONS]
PUSHED: Final = [
    name
    for name, one in TROUBLES.items()
    if one.source == NOTIFICATIONS or (one.standing and not one.source)
]


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    """Run the bot of the demo between the stand-ins, with a thread for two guests."""
    async with running(tmp_path, {}) as made:
        yield made


@pytest.fixture
async def notified(tmp_path: Path) -> AsyncIterator[Chain]:
    """Run it as the scenario does that has it notified."""
    async with running(tmp_path, read("notified").settings) as made:
        yield made


@asynccontextmanager
async def running(directory: Path, more: Mapping[str, str]) -> AsyncIterator[Chain]:
    """Run the bot between the stand-ins until both guests have a thread."""
    async with serve(0) as made:
        quick = {"BRIDGEBOT_UNDO_SECONDS": "0.3", "BRIDGEBOT_SEARCH_EVERY_HOURS": "0.0015"}
        own = outfit(made.port, {**more, **quick})
        wear(made, own)
        bot = BotProcess(own, directory)
        made.bot = bot
        await bot.start()
        try:
            for stay in (_EMILY, _JONAS):
                made.guest_writes(stay, "Hello?")
            assert not await scenario.until(lambda: problems(made), _SECONDS)
            yield made
        finally:
            await bot.stop()


def problems(chain: Chain) -> list[str]:
    """Say what is not in its place, on either side."""
    left = chain.queued() if QUEUE in chain.troubles.sources else 0
    queued = [f"{left} in the queue"] if left else []
    return [*chain.ledger().problems, *queued]


def write(chain: Chain, words: str) -> None:
    """Let both guests write, and staff answer both."""
    for stay in (_EMILY, _JONAS):
        chain.guest_writes(stay, f"{words}?")
        chain.says(world.ANNA, stay, f"{words}!")
        chain.says(world.MARCO, stay, f"{words} indeed.")


async def waiting(chain: Chain, call: str) -> None:
    """Wait until a standing fault has struck a call."""
    side = chain.slack_api if call.startswith("chat.") else chain.booking_api
    struck = side.faults.struck

    def not_yet() -> list[str]:
        return [] if side.faults.struck > struck else ["the fault has not struck"]

    assert not await scenario.until(not_yet, _SECONDS)


@pytest.mark.parametrize("name", ASKED)
async def test_trouble_comes_right(chain: Chain, name: str) -> None:
    """Nothing is lost, nothing comes twice, and replies keep their order."""
    await comes_right(chain, name)


@pytest.mark.parametrize("name", PUSHED)
async def test_trouble_of_a_bridge_that_is_notified_comes_right(notified: Chain, name: str) -> None:
    """The same holds where Booking.com pushes its messages; what was to strike has struck."""
    await comes_right(notified, name)
    if TROUBLES[name].source:
        wanted, faults = TROUBLES[name].strikes[0].times, notified.notifier.faults

        def not_yet() -> list[str]:
            # The lists are read meanwhile, and may be sooner than the pushes.
            return [] if faults.struck == wanted else ["not every fault has struck"]

        assert not await scenario.until(not_yet, _SECONDS)
        assert not await scenario.until(lambda: problems(notified), _SECONDS)


async def comes_right(chain: Chain, name: str) -> None:
    """Let something go wrong, write during it and afterwards, and see that all is in its place."""
    chain.troubles.begin(name)
    write(chain, "During")
    if TROUBLES[name].standing:
        await waiting(chain, "chat.postMessage" if name == "slack-down" else "messages.latest")
        chain.troubles.end(name)
    write(chain, "Afterwards")
    left = await scenario.until(lambda: problems(chain), _SECONDS)
    assert left == []
    ledger = chain.ledger()
    assert ledger.balanced
    assert ledger.posted_to_guest == 8


async def test_killed_bridge_goes_on(chain: Chain) -> None:
    """A bridge that dies in the middle of its work loses nothing and repeats nothing."""
    bot = chain.bot
    assert bot is not None
    write(chain, "Before")
    await asyncio.sleep(0)
    await bot.kill()
    chain.guest_writes(_EMILY, "Anybody there?")
    await bot.start()
    write(chain, "Afterwards")
    assert await scenario.until(lambda: problems(chain), _SECONDS) == []
    assert chain.ledger().posted_to_guest == 8


async def test_refused_login_raises_an_alert(chain: Chain) -> None:
    """While the login is refused an alert stands; it is closed when the login works again."""
    chain.troubles.begin("credentials")
    write(chain, "During")

    def state(wanted: str) -> list[str]:
        found = chain.alerts().get("credentials")
        return [] if found == wanted else [f"the alert is {found}"]

    assert not await scenario.until(lambda: state("open"), _SECONDS)
    chain.troubles.end("credentials")
    assert not await scenario.until(lambda: state("closed"), _SECONDS)
