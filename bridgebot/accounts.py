"""Builds the providers that the settings switch on, and the rules of where threads open."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx

from bridgebot.bridge.routing import Rule
from bridgebot.model import PropertyId, ProviderName
from bridgebot.providers.base import Provider
from bridgebot.providers.booking import booking_provider
from bridgebot.providers.hostelmate import hostelmate_provider
from bridgebot.settings import Settings
from bridgebot.store.database import Store
from bridgebot.workers.context import Routing
from bridgebot.workers.tokens import StoredToken


def build_routing(settings: Settings) -> Routing:
    """Build the rules of which channel a conversation's thread opens in."""
    rules = [
        Rule(
            channel=each.channel,
            properties=frozenset(each.properties),
            sources=frozenset(each.sources),
            types=frozenset(each.types),
            words=tuple(each.words),
        )
        for each in settings.routes
    ]
    return Routing(
        guests=settings.guests_channel,
        alerts=settings.alerts_channel,
        by_property=settings.channels,
        rules=rules,
    )


def build_providers(
    settings: Settings, http: httpx.AsyncClient, store: Store | None = None
) -> list[Provider]:
    """Build the providers that the settings switch on; those that share a store share a token."""
    name = ProviderName("booking")
    providers = []
    if settings.booking_client_id is not None and settings.booking_client_secret is not None:
        login = f"{settings.booking_client_id}:{settings.booking_client_secret.get_secret_value()}"
        providers.append(
            booking_provider(
                http=http,
                api_url=settings.booking_api_url,
                token_url=settings.booking_token_url,
                client_id=settings.booking_client_id,
                client_secret=settings.booking_client_secret.get_secret_value(),
                version=settings.booking_api_version,
                poll_seconds=settings.booking_poll_seconds,
                properties=tuple(PropertyId(each) for each in settings.booking_properties),
                sources=frozenset(settings.booking_sources),
                reads_per_minute=settings.booking_reads_per_minute,
                name=name,
                now=lambda: datetime.now(UTC),
                token_store=StoredToken(store, name, login) if store is not None else None,
            )
        )
    if settings.hostelmate_api_key is not None:
        providers.append(
            hostelmate_provider(
                http=http,
                api_url=settings.hostelmate_api_url,
                api_key=settings.hostelmate_api_key.get_secret_value(),
                poll_seconds=settings.hostelmate_poll_seconds,
                skip_channels=settings.hostelmate_skip_channels,
                name=ProviderName("hostelmate"),
            )
        )
    return providers
