"""Whether a machine account may use what its messages come from, in words an owner understands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from bridgebot.errors import ProviderError
from bridgebot.model import PropertyId
from bridgebot.providers.booking_api import BookingApi

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Tries login and access; ``queue`` and ``properties`` are what the sources need, if any."""

    api: BookingApi
    queue: Callable[[], Awaitable[None]] | None
    properties: tuple[PropertyId, ...]

    async def probe(self) -> None:
        """Try all; raises ``ProviderError`` where no source works.

        One that is shut does not keep the others from their work: its worker raises the alert.
        """
        if self.queue is None and not self.properties:
            # Notifications come by themselves; what they lead to needs the login all the same.
            await self.api.tokens.current()
            return
        refusals: list[ProviderError] = []
        tries = [self.queue] if self.queue is not None else []
        tries += [self._list] if self.properties else []
        for each in tries:
            try:
                await each()
            except ProviderError as error:
                log.warning("source_refused", code=error.code)
                refusals.append(error)
        if len(refusals) == len(tries):
            raise refusals[0]

    async def _list(self) -> None:
        """Read the list of the first property that can be read."""
        refusal: ProviderError | None = None
        for property_id in self.properties:
            try:
                await self.api.listed(property_id)
            except ProviderError as error:
                if error.code != "forbidden":
                    raise
                refusal = error
            else:
                return
        raise ProviderError(
            "Booking.com lets this machine account read none of the properties of "
            "BRIDGEBOT_BOOKING_PROPERTIES: check their ids, and that they are connected to it",
            code="forbidden",
            permanent=True,
        ) from refusal
