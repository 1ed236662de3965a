"""Plays the bridge for anybody to watch: stand-ins, page, and the bot as its own process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
import time
import webbrowser
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bridgebot.sandbox import chaos as trouble
from bridgebot.sandbox import scenario
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.child import BotProcess, settings
from bridgebot.sandbox.director import Director
from bridgebot.sandbox.narrator import Narrator
from bridgebot.sandbox.script import Script
from bridgebot.sandbox.server import PortTakenError, serve
from bridgebot.sandbox.transcript import Transcript

# A scenario that was broken off proved nothing; the shell's own status for Ctrl-C.
_INTERRUPTED: Final = 130
_READY_SECONDS: Final = 20.0
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


async def demo(*, port: int, once: bool, chaos: bool, browser: bool, script: Script) -> int:
    """Run the demo; return the exit status.

    With ``once`` or ``chaos`` everything is played to its end and judged; else the sandbox runs
    until it is stopped, and ``script`` is played in it.
    """
    transcript = Transcript()
    try:
        async with serve(port) as chain:
            if once or chaos:
                play = _once(chain, transcript, rough=chaos)
                return await _until_stopped(play, stopped=_INTERRUPTED)
            return await _until_stopped(_open_end(chain, transcript, script, browser=browser))
    except PortTakenError as error:
        transcript.complaints(str(error), ())
        return 2


async def sandbox(port: int) -> int:
    """Run the stand-ins without the bot until stopped; print what a bot needs to use them."""
    transcript = Transcript()
    try:
        async with serve(port) as chain:
            scenario.guests_write(chain)
            transcript.say(f"The sandbox is at {chain.address}. A bot finds it with:")
            for name, value in settings(chain.port).items():
                transcript.say(f"export {name}='{value}'")
            return await _until_stopped(asyncio.Event().wait())
    except PortTakenError as error:
        transcript.complaints(str(error), ())
        return 2


async def _until_stopped(work: Coroutine[object, object, object], *, stopped: int = 0) -> int:
    """Run ``work``; an interrupt or a termination ends it cleanly with status ``stopped``."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    stops = (signal.SIGINT, signal.SIGTERM)
    for one in stops:
        loop.add_signal_handler(one, task.cancel)
    try:
        result = await task
    except asyncio.CancelledError:
        return stopped
    finally:
        for one in stops:
            loop.remove_signal_handler(one)
    return result if isinstance(result, int) else 0


@asynccontextmanager
async def _bot(own: dict[str, str]) -> AsyncIterator[BotProcess]:
    """Run the bot in a directory of its own; stop it and wait for it at the end."""
    with tempfile.TemporaryDirectory(prefix="bridgebot-demo-") as directory:
        bot = BotProcess(own, Path(directory))
        try:
            await bot.start()
            yield bot
        finally:
            await bot.stop()


async def _ready(bot: BotProcess) -> None:
    """Wait until the bot says that it is ready."""

    def not_ready() -> list[str]:
        return [] if bot.is_ready() or not bot.alive else ["not ready"]

    late = await scenario.until(not_ready, _READY_SECONDS)
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
    async with _bot(own) as bot:
        try:
            async with _narrated(chain, transcript):
                left = await _play(chain, bot, transcript, rough=rough)
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


async def _open_end(chain: Chain, transcript: Transcript, script: Script, *, browser: bool) -> int:
    """Run until stopped, with a scenario going on."""
    common = settings(chain.port)
    async with _bot({**common, **script.settings}) as bot:
        director = Director(chain, time.monotonic, lambda own: bot.restart({**common, **own}))
        chain.bot, chain.play = bot, director.change
        try:
            scenario.guests_write(chain)
            transcript.say(f"The sandbox is open at {chain.address} (Ctrl-C ends it).")
            if browser:
                await asyncio.to_thread(webbrowser.open, chain.address)
            await _ready(bot)
            director.begin(script)
            try:
                await bot.ended()
            finally:
                await director.end()
        except BotDiedError:
            pass
        _tell_death(bot, transcript)
        return 1
