"""Builds the providers that the settings switch on, and the rules of where threads open."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

import httpx
from pydantic import SecretStr

from bridgebot.bridge.routing import Rule
from bridgebot.model import PropertyId, ProviderName
from bridgebot.providers import booking, hostelmate
from bridgebot.providers.base import Provider
from bridgebot.providers.budget import Budget
from bridgebot.providers.hostelmate_api import make_budget
from bridgebot.settings import AccountSettings, Settings
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
    accounts, by_property = settings.every_account(), dict(settings.channels)
    for account in accounts:
        by_property |= account.channels
    return Routing(
        guests=settings.guests_channel,
        alerts=settings.alerts_channel,
        by_property=by_property,
        by_account={each.key: each.channel for each in accounts if each.channel is not None},
        rules=rules,
    )


def build_providers(
    settings: Settings, http: httpx.AsyncClient, store: Store | None = None
) -> list[Provider]:
    """Build the providers that the settings switch on; those that share a store share a token."""
    # Hostel Mate counts calls by address, whosever key they carry.
    budget = make_budget(clock=time.monotonic, sleep=asyncio.sleep)
    return [
        _booking(account, http, store)
        if account.provider == "booking"
        else _hostelmate(account, http, budget)
        for account in settings.every_account()
    ]


def _booking(account: AccountSettings, http: httpx.AsyncClient, store: Store | None) -> Provider:
    name, secret = ProviderName(account.key), _plain(account.client_secret)
    client_id = account.client_id or ""
    login = f"{client_id}:{secret}"
    return booking.booking_provider(
        http=http,
        api_url=account.api_url,
        token_url=account.token_url,
        client_id=client_id,
        client_secret=secret,
        version=account.api_version,
        poll_seconds=account.poll_seconds,
        properties=tuple(PropertyId(each) for each in account.properties),
        sources=frozenset(account.sources),
        reads_per_minute=account.reads_per_minute,
        name=name,
        label=_label(booking.LABEL, account),
        now=lambda: datetime.now(UTC),
        token_store=StoredToken(store, name, login) if store is not None else None,
        called=account.called,
    )


def _hostelmate(account: AccountSettings, http: httpx.AsyncClient, budget: Budget) -> Provider:
    return hostelmate.hostelmate_provider(
        http=http,
        api_url=account.api_url,
        api_key=_plain(account.api_key),
        poll_seconds=account.poll_seconds,
        skip_channels=account.skip_channels,
        name=ProviderName(account.key),
        label=_label(hostelmate.LABEL, account),
        called=account.called,
        budget=budget,
    )


def _label(label: str, account: AccountSettings) -> str:
    """Say what people call an account: its provider, with its name where it is a further one."""
    return f"{label} ({account.name})" if account.name else label


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret is not None else ""
