"""Carries out the backfills that people ask for in Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from bridgebot.bridge.spans import parse_words
from bridgebot.errors import ProviderError, SlackError
from bridgebot.slack.gateway import Gateway
from bridgebot.store import wishes
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.rows import from_ms
from bridgebot.store.wishes import Wish
from bridgebot.workers.backfill import Backfill, Tally
from bridgebot.workers.context import Context

log = structlog.get_logger()
T = TypeVar("T")

PAUSE = 15.0


class Backfiller:
    """Runs one backfill at a time; what a stop breaks off goes on after the next start."""

    name = "backfiller"

    def __init__(self, context: Context, gateway: Gateway, *, posts_per_second: float) -> None:
        self._context = context
        self._gateway = gateway
        self._posts_per_second = posts_per_second

    async def step(self) -> float:
        """Do what was asked for, whole; see ``Worker.step``."""
        if await self._context.store.read(wishes.wanted_now) is None:
            return PAUSE
        wanted = await self._take()
        if wanted is None:
            return PAUSE
        try:
            words = await self._while_leased(self._run(wanted))
        except ProviderError as error:
            if not (error.permanent or error.auth):
                raise
            words = f"It could not be fetched: {error}"
        await self._context.store.write(wishes.done)
        await self._tell(wanted, words)
        return 0.0

    async def _take(self) -> Wish | None:
        owner, now = self._context.owner, self._context.leased_at()
        return await self._context.store.write(lambda c: wishes.take(c, owner=owner, now=now))

    async def _run(self, wanted: Wish) -> str:
        span = parse_words(wanted.text, now=from_ms(wanted.asked_at))
        lines = []
        for provider in self._context.providers.values():
            if provider.search is not None:
                work = Backfill(self._context, provider, posts_per_second=self._posts_per_second)
                tally = await work.run(span, _ignore)
                lines.append(f"{provider.label}: {tally.in_words()}.")
        return "\n".join([f"Fetched {span.in_words()}.", *lines])

    async def _while_leased(self, work: Awaitable[T]) -> T:
        """Renew the lease while the work goes on, so that no other node begins it."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait([task], timeout=LEASE_MS / 3000))[0]:
                await self._take()
            return await task
        finally:
            task.cancel()

    async def _tell(self, wanted: Wish, words: str) -> None:
        """Tell who asked; somebody in a channel without the bot looks at the threads."""
        try:
            await self._gateway.ephemeral(wanted.channel, wanted.user, words)
        except SlackError as error:
            log.info("not_told", code=error.code)


def _ignore(_tally: Tally) -> None:
    return
