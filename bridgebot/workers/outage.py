"""One line in the log and one alert for an outage: when it begins and when it is over."""

from __future__ import annotations

import structlog

from bridgebot.errors import CallError
from bridgebot.store import records
from bridgebot.workers.context import Context

log = structlog.get_logger()

SOON_MS = 30_000
"""How long calls must fail before people are told that a provider is away."""


GONE = "This account is not in the settings any more."


async def close_departed(context: Context) -> None:
    """Close what stands about accounts that are not in the settings: nobody else would."""
    ours = {*context.providers, "slack", ""}
    closed = await context.store.write(
        lambda c: records.close_others(c, ours, now=context.ms(), line=GONE)
    )
    if closed:
        log.info("alerts_of_departed_accounts_closed", count=closed)


class Outage:
    """Watches the calls to one provider; ``part`` names one of several sources of its messages.

    An alert of this process's predecessor may still stand: who ``inherits`` says that it is over.
    Of several that watch the same part only one may, or it would speak for the others.
    """

    def __init__(
        self, context: Context, provider: str, *, part: str = "", inherits: bool = True
    ) -> None:
        self._context = context
        self._part = part
        self._provider = provider
        self._since: int | None = None
        self._told: set[str] = set()
        self._inherited = {"credentials", "provider_down"} if inherits else set[str]()

    @property
    def _of_part(self) -> str:
        return f" ({self._part})" if self._part else ""

    async def failed(self, error: CallError) -> None:
        """Take note of a failed call."""
        now = self._context.ms()
        if self._since is None:
            self._since = now
            log.warning("provider_away", provider=self._provider, code=error.code)
        if error.auth:
            await self._tell("credentials", "refuses our credentials", str(error))
        elif now - self._since >= SOON_MS:
            line = str(error) if error.permanent else f"Last answer: {error.code}."
            await self._tell("provider_down", "cannot be reached", line)

    async def succeeded(self) -> None:
        """Take note of a call that worked."""
        if self._since is None and not self._inherited:
            return
        line = "Over; what waited goes out now."
        if self._since is not None:
            seconds = round((self._context.ms() - self._since) / 1000)
            log.info("provider_back", provider=self._provider, seconds=seconds)
            line = f"Over after {seconds} s; what waited goes out now."
        self._since = None
        await self._close(self._told | self._inherited, line)
        self._told.clear()
        self._inherited.clear()

    async def _close(self, kinds: set[str], line: str) -> None:
        for kind in sorted(kinds):
            await self._context.store.write(
                lambda connection, kind=kind: records.close_alert(  # type: ignore[misc]
                    connection,
                    kind=kind,
                    provider=self._provider,
                    subject=self._part,
                    now=self._context.ms(),
                    line=line,
                )
            )
        self._context.signals.views.set()

    async def _stands(self, kind: str) -> bool:
        """Tell whether an alert still stands: who watches other calls of the same part may end it.

        What still fails is then told anew.
        """
        return await self._context.store.read(
            lambda c: records.is_open(c, kind=kind, provider=self._provider, subject=self._part)
        )

    async def _tell(self, kind: str, what: str, line: str) -> None:
        if kind in self._told and await self._stands(kind):
            return
        await self._context.store.write(
            lambda connection: records.raise_alert(
                connection,
                kind=kind,
                provider=self._provider,
                subject=self._part,
                title=f"{self._context.label(self._provider)}{self._of_part} {what}",
                lines=(line, "Messages and replies wait and are not lost."),
                now=self._context.ms(),
            )
        )
        self._told.add(kind)
        self._context.signals.views.set()
