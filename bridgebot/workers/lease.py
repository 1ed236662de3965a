"""The right to be the only node that does something."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from bridgebot.elapsed import elapsed
from bridgebot.store import leases
from bridgebot.store.leases import LEASE_MS
from bridgebot.workers.context import Context

log = structlog.get_logger()

STANDBY_SECONDS = 2.0
"""How long a node without the lease waits before it tries again."""


class Lease:
    """A node's lease, as of one account's queue, renewed when half of it is over."""

    def __init__(
        self,
        context: Context,
        name: str,
        *,
        kind: str = "queue",
        monotonic: Callable[[], float] = elapsed,
    ) -> None:
        self.standby = False
        self._context = context
        self._name = f"{kind}:{name}"
        self._monotonic = monotonic
        self._until = 0.0

    async def hold(self) -> bool:
        """Take or renew the lease; tell whether this node is the consumer."""
        now = self._monotonic()
        if self._until - now > LEASE_MS / 2000:
            return True
        name, owner = self._name, self._context.owner
        mine = await self._context.store.write(
            lambda c: leases.take(c, name, owner=owner, now=self._context.leased_at())
        )
        self._until = now + LEASE_MS / 1000 if mine else 0.0
        if mine == self.standby:
            log.info("lease", name=name, held=mine)
        self.standby = not mine
        return mine

    def lasts(self, seconds: float) -> bool:
        """Tell whether the lease surely lasts so long."""
        return self._until - self._monotonic() >= seconds

    async def renew(self) -> bool:
        """Renew the lease if nobody else has taken it meanwhile; tell whether it is ours."""
        now, owner = self._monotonic(), self._context.owner
        mine = await self._context.store.write(
            lambda c: leases.extend(c, self._name, owner=owner, now=self._context.leased_at())
        )
        self._until = now + LEASE_MS / 1000 if mine else 0.0
        return mine

    def doubt(self) -> None:
        """Ask the store again before anything else is done under this lease."""
        self._until = 0.0
