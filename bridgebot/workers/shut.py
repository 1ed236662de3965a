"""Properties that a provider refuses to show: left alone for a while, told once, tried again.

A 403 names a property (wrong id, or not connected to the machine account any more), not the
account (Troubleshooting and list of error codes), so the others go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from bridgebot.errors import ProviderError
from bridgebot.model import PropertyId
from bridgebot.providers.base import Provider
from bridgebot.store import records
from bridgebot.workers.context import Context

log = structlog.get_logger()

AGAIN_SECONDS = 300.0


class Shut:
    """Remembers which of a provider's properties cannot be read."""

    def __init__(
        self,
        context: Context,
        provider: Provider,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._context = context
        self._provider = provider
        self._monotonic = monotonic
        self._until: dict[PropertyId, float] = {}
        # An alert of this process's predecessor may still stand.
        self._doubtful = set(provider.properties)

    def opens(self, property_id: PropertyId) -> bool:
        """Tell whether a property may be asked for now."""
        return self._monotonic() >= self._until.get(property_id, 0.0)

    async def refused(self, property_id: PropertyId, error: ProviderError) -> None:
        """Take note of a refusal."""
        first = property_id not in self._until
        self._until[property_id] = self._monotonic() + AGAIN_SECONDS
        self._doubtful.add(property_id)
        if not first:
            return
        name = self._provider.name
        log.warning("property_refused", provider=name, property_id=property_id, code=error.code)
        await self._context.store.write(
            lambda c: records.raise_alert(
                c,
                kind="provider_down",
                provider=name,
                subject=f"property {property_id}",
                title=f"{self._provider.label} does not show property {property_id}",
                lines=(
                    str(error),
                    "Its guests' messages do not come in. The other properties go on.",
                ),
                now=self._context.ms(),
            )
        )
        self._context.signals.views.set()

    async def opened(self, property_id: PropertyId) -> None:
        """Take note of an answer."""
        if property_id not in self._doubtful:
            return
        await self._context.store.write(
            lambda c: records.close_alert(
                c,
                kind="provider_down",
                provider=self._provider.name,
                subject=f"property {property_id}",
                now=self._context.ms(),
                line="It can be read again.",
            )
        )
        self._until.pop(property_id, None)
        self._doubtful.discard(property_id)
        self._context.signals.views.set()
