"""Each fault that the page offers comes right by itself, as the page says it will."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from bridgebot.sandbox import scenario, world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.child import BotProcess, settings
from bridgebot.sandbox.console.troubles import TROUBLES
from bridgebot.sandbox.server import serve

pytestmark = pytest.mark.e2e

_SECONDS: Final = 40.0
_EMILY: Final = world.stay_of("Emily")
_JONAS: Final = world.stay_of("Jonas")


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    """Run the bot of the demo between the stand-ins, with a thread for two guests."""
    async with serve(0) as made:
        quick = {"BRIDGEBOT_UNDO_SECONDS": "0.3", "BRIDGEBOT_SEARCH_EVERY_HOURS": "0.0015"}
        own = settings(made.port) | quick
        bot = BotProcess(own, tmp_path)
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
    queued = [f"{left} in the queue"] if (left := chain.queued()) else []
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


@pytest.mark.parametrize("name", TROUBLES)
async def test_trouble_comes_right(chain: Chain, name: str) -> None:
    """Nothing is lost, nothing comes twice, and replies keep their order."""
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
