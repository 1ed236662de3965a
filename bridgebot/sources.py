"""Builds what brings messages in from the providers, and keeps them in step with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from aiohttp import web
from pydantic import SecretStr

from bridgebot.providers.base import Limits, Provider
from bridgebot.push.hints import Hints
from bridgebot.push.notifications import Notifications
from bridgebot.push.tokens import Subscription
from bridgebot.settings import Settings
from bridgebot.slack.gateway import Gateway
from bridgebot.workers import loop
from bridgebot.workers.backfiller import Backfiller
from bridgebot.workers.context import Context
from bridgebot.workers.marker import Marker
from bridgebot.workers.poller import Poller
from bridgebot.workers.reader import Reader
from bridgebot.workers.receiver import Receiver
from bridgebot.workers.rereader import Rereader
from bridgebot.workers.seeker import CONVERSATIONS, NOTIFICATIONS, QUEUE, Routine, Seeker
from bridgebot.workers.walker import Walker

Consumer = Poller | Reader | Walker | Receiver


class Endpoint(Protocol):
    """Something that others call over HTTP."""

    def add_routes(self, app: web.Application) -> None:
        """Add its paths to an application."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The consumers of the providers' sources, the workers beside them, and what others call.

    ``notified`` tells of each account when a notification was kept last; ``searching`` are those
    whose past is searched for holes.
    """

    pollers: tuple[Consumer, ...]
    others: tuple[tuple[loop.Worker, asyncio.Event], ...]
    endpoints: tuple[Endpoint, ...] = ()
    notified: Callable[[], dict[str, datetime]] = dict
    searching: frozenset[str] = frozenset()


def open_sources(settings: Settings, context: Context, gateway: Gateway) -> Sources:
    """Build the workers of all providers that are switched on."""
    pollers: list[Consumer] = []
    others: list[tuple[loop.Worker, asyncio.Event]] = []
    searching: set[str] = set()
    for provider in context.providers.values():
        if provider.listing is not None:
            pollers.append(Reader(context, provider, provider.listing))
        mine = _consumers(context, provider)
        pollers += mine.values()
        if mine and provider.search is not None and settings.search_every_hours > 0:
            routine = _routine(settings, provider.limits, tuple(mine))
            heard = next(iter(mine.values())).heard
            seeker = Seeker(context, provider.name, provider.search, routine, heard_at=heard)
            others.append((seeker, asyncio.Event()))
            searching.add(provider.name)
    marker = Marker(context, mark_read=settings.mark_read, look_seconds=settings.tags_seconds)
    pace = settings.slack_posts_per_second
    others += [
        (marker, asyncio.Event()),
        (Rereader(context), asyncio.Event()),
        (Backfiller(context, gateway, posts_per_second=pace), context.signals.backfill),
    ]
    taker = _notifications(settings, context)
    endpoints: list[Endpoint] = [] if taker is None else [taker]
    readers = [each for each in pollers if isinstance(each, Reader)]
    if settings.hostelmate_webhook_secret is not None:
        endpoints.append(_hints(settings.hostelmate_webhook_secret, context, readers))
    return Sources(
        pollers=tuple(pollers),
        others=tuple(others),
        endpoints=tuple(endpoints),
        notified=(lambda: taker.kept_at) if taker is not None else dict,
        searching=frozenset(searching),
    )


def _consumers(context: Context, provider: Provider) -> dict[str, Poller | Walker | Receiver]:
    """Build what takes messages from each source of a provider that has several to choose from."""
    made: dict[str, Poller | Walker | Receiver] = {}
    if provider.source is not None:
        made[QUEUE] = Poller(context, provider, provider.source)
    if provider.push is not None:
        made[NOTIFICATIONS] = Receiver(context, provider, provider.push)
    if provider.recent is not None:
        alone = provider.source is None
        made[CONVERSATIONS] = Walker(context, provider, provider.recent, alone=alone)
    return made


def _notifications(settings: Settings, context: Context) -> Notifications | None:
    """Build the endpoints for notifications; whose one is, its token tells."""
    subscriptions = []
    for account in settings.every_account():
        client_id, secret = account.notifications_client_id, account.notifications_secret
        pushed = "notifications" in account.sources and account.key in context.providers
        if pushed and client_id is not None and secret is not None:
            plain = secret.get_secret_value()
            subscriptions.append(
                Subscription(provider=account.key, client_id=client_id, secret=plain)
            )
    return Notifications(context, tuple(subscriptions)) if subscriptions else None


def _hints(secret: SecretStr, context: Context, readers: list[Reader]) -> Hints:
    def hasten() -> None:
        for each in readers:
            each.hasten()
        context.signals.poll.set()

    return Hints(secret.get_secret_value(), hasten)


def _routine(settings: Settings, limits: Limits, sources: tuple[str, ...]) -> Routine:
    return Routine(
        every=timedelta(hours=settings.search_every_hours),
        back=timedelta(hours=settings.search_back_hours),
        silence=timedelta(minutes=settings.search_after_outage_minutes),
        longest=limits.search_span or timedelta(days=30),
        sources=sources,
    )
