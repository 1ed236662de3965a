"""Builds what brings messages in from the providers, and keeps them in step with it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bridgebot.providers.base import Limits
from bridgebot.settings import Settings
from bridgebot.slack.gateway import Gateway
from bridgebot.workers import loop
from bridgebot.workers.backfiller import Backfiller
from bridgebot.workers.context import Context
from bridgebot.workers.marker import Marker
from bridgebot.workers.poller import Poller
from bridgebot.workers.reader import Reader
from bridgebot.workers.rereader import Rereader
from bridgebot.workers.seeker import Routine, Seeker


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The consumers of the providers' sources, and the workers beside them."""

    pollers: tuple[Poller | Reader, ...]
    others: tuple[tuple[loop.Worker, asyncio.Event], ...]


def open_sources(settings: Settings, context: Context, gateway: Gateway) -> Sources:
    """Build the workers of all providers that are switched on."""
    pollers: list[Poller | Reader] = []
    others: list[tuple[loop.Worker, asyncio.Event]] = []
    for provider in context.providers.values():
        if provider.listing is not None:
            pollers.append(Reader(context, provider, provider.listing))
        if provider.source is None:
            continue
        poller = Poller(context, provider, provider.source)
        pollers.append(poller)
        if provider.search is not None and settings.search_every_hours > 0:
            routine = _routine(settings, provider.limits)
            heard = poller.heard
            seeker = Seeker(context, provider.name, provider.search, routine, heard_at=heard)
            others.append((seeker, asyncio.Event()))
    marker = Marker(context, mark_read=settings.mark_read, look_seconds=settings.tags_seconds)
    pace = settings.slack_posts_per_second
    others += [
        (marker, asyncio.Event()),
        (Rereader(context), asyncio.Event()),
        (Backfiller(context, gateway, posts_per_second=pace), context.signals.backfill),
    ]
    return Sources(pollers=tuple(pollers), others=tuple(others))


def _routine(settings: Settings, limits: Limits) -> Routine:
    return Routine(
        every=timedelta(hours=settings.search_every_hours),
        back=timedelta(hours=settings.search_back_hours),
        silence=timedelta(minutes=settings.search_after_outage_minutes),
        longest=limits.search_span or timedelta(days=30),
    )
