"""Plays the bridge for anybody to watch: stand-ins, page, and the bot as its own process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from bridgebot.sandbox import chaos as trouble
from bridgebot.sandbox import scenario, shift
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.child import BotProcess, outfit, running, settings
from bridgebot.sandbox.console.pushes import wear
from bridgebot.sandbox.director import Director
from bridgebot.sandbox.narrator import Narrator
from bridgebot.sandbox.script import Script
from bridgebot.sandbox.server import serve
from bridgebot.sandbox.transcript import Transcript

# A bot that loads keeps a processor busy: the page is painted first, where somebody looks at it.
_LOOK_FIRST_SECONDS: Final = 0.5
_READY_SECONDS: Final = 20.0
_PATIENT_SECONDS: Final = 300.0
_CALM_SECONDS: Final = 30.0
_CHAOS_SECONDS: Final = 120.0
_FIGURES: Final = {
    "messages": "guest_messages",
    "threads": "threads",
    "shown": "shown",
    "replies": "replies",
    "delivered": "posted_to_guest",
    "refused": "refused",
    "confirmed": "confirmed",
    "waiting": "waiting",
    "lost": "lost",
    "twice": "twice",
    "out of order": "out_of_order",
    "strays": "strays",
}


class BotDiedError(Exception):
    """The bot ended by itself, or was not ready in time."""


async def once(door: socket.socket, *, rough: bool) -> int:
    """Play the scenario to its end, ``rough`` with faults, and judge both sides."""
    async with serve(door) as chain:
        return await _once(chain, Transcript(), rough=rough)


async def open_end(door: socket.socket, script: Script) -> int:
    """Serve the page, start the bot behind it, and play a scenario until stopped."""
    async with serve(door) as chain:
        scenario.guests_write(chain)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_FIRST_SECONDS):
                await chain.looked_at.wait()
        async with running(outfit(chain.port, script.settings)) as bot:
            return await _open_end(chain, bot, Transcript(), script)


async def alone(door: socket.socket) -> int:
    """Serve the stand-ins without a bot until stopped; print what a bot needs to use them."""
    transcript = Transcript()
    async with serve(door) as chain:
        scenario.guests_write(chain)
        transcript.say(f"The sandbox is at {chain.address}. A bot finds it with:")
        for name, value in settings(chain.port).items():
            transcript.say(f"export {name}='{value}'")
        await asyncio.Event().wait()
    return 0


async def _ready(bot: BotProcess, seconds: float = _READY_SECONDS) -> None:
    """Wait until the bot says that it is ready."""

    def not_ready() -> list[str]:
        return [] if bot.is_ready() or not bot.alive else ["not ready"]

    late = await scenario.until(not_ready, seconds)
    if late or not bot.alive:
        raise BotDiedError


@asynccontextmanager
async def _narrated(chain: Chain, transcript: Transcript) -> AsyncIterator[None]:
    """Tell what happens while something else goes on."""
    narrator = Narrator(chain.state, transcript)
    task = asyncio.create_task(narrator.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        narrator.tell()


def _tell_death(bot: BotProcess, transcript: Transcript) -> None:
    how = "is not ready" if bot.alive else f"ended with status {bot.status}"
    transcript.complaints(f"The bot {how}. The end of its log:", bot.last_lines())


async def _once(chain: Chain, transcript: Transcript, *, rough: bool) -> int:
    """Play the scenario to its end and judge both sides."""
    own = {**settings(chain.port), "BRIDGEBOT_UNDO_SECONDS": "1"}
    async with running(own if rough else {**own, **shift.settings()}) as bot:
        try:
            async with _narrated(chain, transcript):
                left = await _play(chain, bot, transcript, rough=rough)
                if not rough and not left:
                    left = await _work_a_shift(chain, bot, transcript, own)
        except BotDiedError:
            _tell_death(bot, transcript)
            return 1
        return _verdict(chain, bot, transcript, left)


async def _play(
    chain: Chain, bot: BotProcess, transcript: Transcript, *, rough: bool
) -> Sequence[str]:
    seconds = _CHAOS_SECONDS if rough else _CALM_SECONDS
    scenario.guests_write(chain)
    if rough:
        trouble.shuffle(chain, transcript)
    await _ready(bot)
    transcript.line("demo", "", "the bot is ready")
    if rough:
        trouble.begin(chain, transcript)
    if late := await scenario.until(lambda: scenario.threads_missing(chain), seconds):
        return late
    if not rough and (late := await scenario.until(lambda: shift.crowd_missing(chain), seconds)):
        return late
    scenario.hotel_writes_elsewhere(chain)
    scenario.staff_answer(chain)
    scenario.pictures_go(chain)
    if rough:
        await trouble.power_cut(bot, chain, transcript)
        await _ready(bot)
    scenario.guests_thank(chain)
    if rough:
        # The faults stay until they struck out on the replies too.
        await scenario.until(lambda: chain.ledger().problems, seconds / 2)
        trouble.end(chain, transcript)
    return await scenario.until(lambda: _left(chain, bot), seconds)


async def _work_a_shift(
    chain: Chain, bot: BotProcess, transcript: Transcript, own: dict[str, str]
) -> Sequence[str]:
    """Let people do everything there is at the desk; say what did not come of it, or was not."""
    hears = bot.hears()
    if not hears:
        return ["the bot did not say what it listens to"]

    async def restart() -> None:
        await bot.restart({**own, **shift.settings_of_the_next()})
        await _ready(bot)

    if left := await shift.play(chain, transcript, restart):
        return left
    taken = chain.slack_api.sockets.taken
    count = sum(map(len, hears.values()))
    idle = shift.unused(hears, taken)
    transcript.say(f"Used at the desk: {count - len(idle)} of {count} commands, buttons and forms.")
    late = await scenario.until(lambda: _left(chain, bot), _CALM_SECONDS)
    return [*(f"nobody used the {each}" for each in idle), *late]


def _left(chain: Chain, bot: BotProcess) -> list[str]:
    """Say what is unfinished; a bot that died makes waiting pointless."""
    if not bot.alive:
        raise BotDiedError
    return scenario.unfinished(chain)


def _verdict(chain: Chain, bot: BotProcess, transcript: Transcript, left: Sequence[str]) -> int:
    ledger = chain.ledger()
    transcript.figures({label: getattr(ledger, name) for label, name in _FIGURES.items()})
    if left:
        transcript.complaints("The two sides do not agree:", left)
        transcript.complaints("The end of the bot's log:", bot.last_lines())
        return 1
    transcript.say("Both sides agree: nothing lost, nothing twice.")
    return 0


async def _open_end(chain: Chain, bot: BotProcess, transcript: Transcript, script: Script) -> int:
    """Run until stopped, with a scenario going on."""

    async def restart(own: Mapping[str, str]) -> None:
        worn = outfit(chain.port, own)
        wear(chain, worn)
        await bot.restart(worn)

    wear(chain, bot.own)
    director = Director(chain, time.monotonic, restart)
    chain.bot, chain.play = bot, director.change
    try:
        # However busy the machine: a person can see that it is not ready yet.
        await _ready(bot, _PATIENT_SECONDS)
        director.begin(script)
        try:
            await bot.ended()
        finally:
            await director.end()
    except BotDiedError:
        pass
    _tell_death(bot, transcript)
    return 1
