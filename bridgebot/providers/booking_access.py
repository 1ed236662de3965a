"""Whether a machine account may use what its messages come from, in words an owner understands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from bridgebot.errors import ProviderError
from bridgebot.model import PropertyId
from bridgebot.providers.booking_api import BookingApi

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Tries login and access; ``queue`` and ``properties`` are what the sources need, if any.

    ``pushed`` says that notifications come; ``called`` says what an owner calls the setting with
    the properties.
    """

    api: BookingApi
    queue: Callable[[], Awaitable[None]] | None
    properties: tuple[PropertyId, ...]
    pushed: bool
    called: str

    async def probe(self) -> None:
        """Try all; raises ``ProviderError`` where no source works.

        One that is shut does not keep the others from their work: its worker raises the alert.
        """
        refusals: list[ProviderError] = []
        ways = self.ways()
        for way, each in ways.items():
            try:
                await each()
            except ProviderError as error:
                log.warning("source_refused", source=way, code=error.code)
                refusals.append(error)
        if len(refusals) == len(ways):
            raise refusals[0]

    def ways(self) -> Mapping[str, Callable[[], Awaitable[None]]]:
        """List the sources, each with what tries it; it raises ``ProviderError`` in words."""
        ways: dict[str, Callable[[], Awaitable[None]]] = {}
        if self.queue is not None:
            ways["queue"] = self.queue
        if self.properties:
            ways["conversations"] = self._list
        if self.pushed or not ways:
            # Notifications come by themselves; what they lead to needs the login all the same.
            ways["notifications"] = self._log_in
        return ways

    async def _log_in(self) -> None:
        await self.api.tokens.current()

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
            f"Booking.com lets this machine account read none of {self.called}: check their ids, "
            "and that they are connected to it",
            code="forbidden",
            permanent=True,
        ) from refusal
