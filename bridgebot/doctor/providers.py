"""Checks of the providers: login, access to the queue or the notifications, properties."""

from __future__ import annotations

from bridgebot.doctor.findings import Finding, good, wrong
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
    try:
        await provider.probe()
    except ProviderError as error:
        return [wrong(provider.name, str(error))]
    return [
        good(provider.name, "login and access work"),
        *[await _check_property(provider, each) for each in provider.properties],
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
            name = f"queue:{provider.name}"
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
