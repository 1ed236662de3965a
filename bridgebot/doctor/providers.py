"""Checks of the providers: login, access to the queue or the notifications, properties."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bridgebot.doctor.findings import Finding, Level, good, warning, wrong
from bridgebot.errors import ProviderError, StoreError
from bridgebot.model import PropertyId
from bridgebot.providers.base import Provider
from bridgebot.store import leases
from bridgebot.store.engine import FAULTS, open_engine, sqlite_file


async def check_provider(provider: Provider, address: str) -> list[Finding]:
    """Try a provider's login and access, unless a bridge that runs does so all the time.

    A second consumer's fetch could come between the bridge's fetch and its confirm.
    """
    if await _is_polled(provider, address):
        return [good(provider.name, "a running bridge receives from it")]
    if provider.probe is None:
        return []
    if len(provider.ways) > 1:
        found = await _check_ways(provider)
    else:
        found = [await _check_login(provider, provider.probe)]
    if all(each.level is Level.ERROR for each in found):
        return found
    return [*found, *[await _check_property(provider, each) for each in provider.properties]]


async def _check_login(provider: Provider, probe: Callable[[], Awaitable[None]]) -> Finding:
    """Try a login, and the one source behind it."""
    try:
        await probe()
    except ProviderError as error:
        return wrong(provider.name, str(error))
    return good(provider.name, "login and access work")


async def _check_ways(provider: Provider) -> list[Finding]:
    """Try each of several sources; the bridge runs while one of them works."""
    refused: dict[str, ProviderError] = {}
    for way, probe in provider.ways.items():
        try:
            await probe()
        except ProviderError as error:
            refused[way] = error
    if len(refused) == len(provider.ways):
        return [wrong(provider.name, f"{way}: {error}") for way, error in refused.items()]
    remedy = "mend it, or take it out of the sources: messages come by the others alone"
    return [
        warning(provider.name, f"{way}: {refused[way]}", remedy)
        if way in refused
        else good(provider.name, f"{way}: login and access work")
        for way in provider.ways
    ]


async def _is_polled(provider: Provider, address: str) -> bool:
    """Tell whether a bridge on this database holds the provider's queue."""
    path = sqlite_file(address)
    if path is not None and not path.exists():
        return False
    try:
        engine = open_engine(address)
    except StoreError:
        return False
    try:
        async with engine.connect() as connection:
            name = f"queue:{provider.queue}"
            return await leases.holder(connection, name) is not None
    except FAULTS:
        # What is wrong with the database is the other check's to say.
        return False
    finally:
        await engine.dispose()


async def _check_property(provider: Provider, property_id: PropertyId) -> Finding:
    """Look whether a property that is named in the settings can be read."""
    what = f"property {property_id}"
    if provider.history is None:
        return good(provider.name, f"{what}: not asked")
    try:
        async for _ in provider.history.newest_first(property_id):
            break
    except ProviderError as error:
        remedy = "check the id, and that the property is connected to the machine account"
        return wrong(provider.name, f"{what}: {error}", remedy)
    return good(provider.name, f"{what} can be read")
