"""Carries out the backfills that people ask for in Slack."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import partial
from typing import TypeVar

import structlog

from bridgebot.bridge.spans import parse_words
from bridgebot.errors import ProviderError, SlackError
from bridgebot.slack.gateway import Gateway
from bridgebot.store import wishes
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.rows import from_ms
from bridgebot.store.wishes import Wish
from bridgebot.workers.backfill import Backfill, Tally, shared_out
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
        self._waits_for: int | None = None

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
                await self._tell_that_it_waits(wanted, error)
                raise
            words = f"It could not be fetched: {error}"
        await self._context.store.write(wishes.done)
        await self._tell(wanted, words)
        return 0.0

    async def _take(self) -> Wish | None:
        owner, now = self._context.owner, self._context.leased_at()
        return await self._context.store.write(lambda c: wishes.take(c, owner=owner, now=now))

    async def _run(self, wanted: Wish) -> str:
        """Fetch from the accounts that are not done yet; one that is away keeps none behind it.

        Raises ``ProviderError`` where one is to be tried again.
        """
        span = parse_words(wanted.text, now=from_ms(wanted.asked_at))
        parts = shared_out(span, self._context.providers.values())
        away: ProviderError | None = None
        for provider, part in parts:
            if provider.name in wanted.told:
                continue
            work = Backfill(self._context, provider, posts_per_second=self._posts_per_second)
            try:
                _, words = await work.attempt(part, _ignore)
            except ProviderError as error:
                away = away or error
                continue
            note = partial(wishes.note, wanted=wanted, account=provider.name, words=words)
            wanted = await self._context.store.write(note)
        if away is not None:
            raise away
        lines = [wanted.told[provider.name] for provider, _ in parts]
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

    async def _tell_that_it_waits(self, wanted: Wish, error: ProviderError) -> None:
        """Tell who asked that an account is away, once."""
        if self._waits_for != wanted.asked_at:
            self._waits_for = wanted.asked_at
            await self._tell(wanted, f"{error}. It is tried again until it answers.")

    async def _tell(self, wanted: Wish, words: str) -> None:
        """Tell who asked; somebody in a channel without the bot looks at the threads."""
        try:
            await self._gateway.ephemeral(wanted.channel, wanted.user, words)
        except SlackError as error:
            log.info("not_told", code=error.code)


def _ignore(_tally: Tally) -> None:
    return
