"""Plays a scenario in a running sandbox, step by step, at its speed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.script import Script, Step

# While Slack is down a thread may be missing; somebody who wants to write looks again.
_LOOK_SECONDS: Final = 0.2
_LOOKS: Final = 50
_ANSWERED: Final = "Thank you, we have seen to it."


class Director:
    """Plays one scenario after another; ``now`` tells real seconds.

    ``restart`` starts the bridge anew with a scenario's settings.
    """

    def __init__(
        self,
        chain: Chain,
        now: Callable[[], float],
        restart: Callable[[Mapping[str, str]], Awaitable[None]] | None = None,
    ) -> None:
        self._chain = chain
        self._now = now
        self._restart = restart
        self._settings: Mapping[str, str] = {}
        self._task: asyncio.Task[None] | None = None

    def begin(self, script: Script) -> None:
        """Play a scenario from now on; the bridge was started with its settings."""
        self._settings = script.settings
        self._task = asyncio.create_task(self.play(script))

    async def change(self, script: Script) -> None:
        """Break off what is played and play something else, with faults gone."""
        await self.end()
        self._chain.troubles.end_all()
        if script.answered:
            # Before the restart: the bridge would begin with alerts about who waited until now.
            await self._answer_everybody()
        if self._restart is not None and script.settings != self._settings:
            await self._restart(script.settings)
        self.begin(script)

    async def end(self) -> None:
        """Break off what is played."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def play(self, script: Script) -> None:
        """Let everything happen at its time; return when the last step is done."""
        start = self._now()
        self._chain.scene = lambda: {
            "name": script.name,
            "title": script.title,
            "about": script.about,
            "clock": script.clock(self._now() - start),
        }
        if script.answered:
            self._chain.answer_everybody(_ANSWERED)
        for step in script.steps:
            await asyncio.sleep(max(0.0, start + step.after / script.speed - self._now()))
            await self._do(step)

    async def _answer_everybody(self) -> None:
        """Answer whoever waits, and let a bridge that runs take it in."""
        self._chain.answer_everybody(_ANSWERED)
        for _ in range(_LOOKS):
            bot = self._chain.bot
            if bot is None or not bot.alive or not self._chain.queued():
                break
            await asyncio.sleep(_LOOK_SECONDS)

    async def _do(self, step: Step) -> None:
        chain = self._chain
        if step.deed == "trouble":
            chain.troubles.begin(step.whom)
        elif step.deed == "trouble_ends":
            chain.troubles.end(step.whom)
        elif step.deed == "bridge":
            await self._switch(step.whom)
        else:
            await self._write(step)
        chain.touch()

    async def _switch(self, act: str) -> None:
        bot = self._chain.bot
        if bot is not None and act == "kill":
            await bot.kill()
        elif bot is not None and not bot.alive:
            await bot.start()

    async def _write(self, step: Step) -> None:
        if step.stay is None:
            return
        if step.person is None and step.deed == "guest":
            self._chain.guest_writes(step.stay, step.writes)
        elif step.person is None:
            self._chain.hotel_writes(step.stay, step.writes)
        else:
            for _ in range(_LOOKS):
                if self._chain.thread_of(step.stay) is not None:
                    break
                await asyncio.sleep(_LOOK_SECONDS)
            # Whose thread is still missing gets no answer, as in a hotel.
            with contextlib.suppress(LookupError):
                self._chain.says(step.person, step.stay, step.writes)
