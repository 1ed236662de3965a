"""One line in the log and one alert for an outage: when it begins and when it is over."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import structlog

from bridgebot.errors import CallError
from bridgebot.store import records
from bridgebot.workers.context import Context

log = structlog.get_logger()

SOON_MS = 30_000
"""How long calls must fail before people are told that a provider is away."""
SEARCH = "search"
"""The part of a provider that finds what its sources did not deliver."""
KINDS = ("credentials", "provider_down")

GONE = "This account is not in the settings any more."


async def close_departed(context: Context, searching: Collection[str]) -> None:
    """Close what stands about what the settings switched off: nobody else would.

    That is accounts, and searches of those that are not ``searching`` any more.
    """
    ours = {*context.providers, "slack", ""}
    closed = await context.store.write(
        lambda c: records.close_others(c, ours, now=context.ms(), line=GONE)
    )
    if closed:
        log.info("alerts_of_departed_accounts_closed", count=closed)
    for provider in set(context.providers) - set(searching):
        await _close(context, provider, SEARCH, KINDS, "Searches are switched off.")


async def _close(
    context: Context, provider: str, subject: str, kinds: Iterable[str], line: str
) -> None:
    for kind in sorted(kinds):
        await context.store.write(
            lambda connection, kind=kind: records.close_alert(  # type: ignore[misc]
                connection,
                kind=kind,
                provider=provider,
                subject=subject,
                now=context.ms(),
                line=line,
            )
        )
    context.signals.views.set()


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What an alert says of an outage that is no refused login: what it is, and what it means."""

    trouble: str = "cannot be reached"
    meaning: str = "Messages and replies wait and are not lost."
    over: str = "what waited goes out now"


WORDS = Words()


class Outage:
    """Watches the calls to one provider; ``part`` names one of several sources, or the search.

    An alert of this process's predecessor may still stand: who ``inherits`` says that it is over.
    Of several that watch the same part only one may, or it would speak for the others.
    """

    def __init__(
        self,
        context: Context,
        provider: str,
        *,
        part: str = "",
        inherits: bool = True,
        words: Words = WORDS,
    ) -> None:
        self._context = context
        self._part = part
        self._provider = provider
        self._words = words
        self._log = log.bind(provider=provider, **({"part": part} if part else {}))
        self._since: int | None = None
        self._told: set[str] = set()
        self._inherited = set(KINDS) if inherits else set[str]()

    @property
    def _of_part(self) -> str:
        return f" ({self._part})" if self._part else ""

    async def failed(self, error: CallError) -> None:
        """Take note of a failed call."""
        now = self._context.ms()
        if self._since is None:
            self._since = now
            self._log.warning("provider_away", code=error.code)
        if error.auth:
            await self._tell("credentials", "refuses our credentials", str(error))
        elif now - self._since >= SOON_MS:
            line = str(error) if error.permanent else f"Last answer: {error.code}."
            await self._tell("provider_down", self._words.trouble, line)

    async def succeeded(self) -> None:
        """Take note of a call that worked."""
        if self._since is None and not self._inherited:
            return
        line = f"Over; {self._words.over}."
        if self._since is not None:
            seconds = round((self._context.ms() - self._since) / 1000)
            self._log.info("provider_back", seconds=seconds)
            line = f"Over after {seconds} s; {self._words.over}."
        self._since = None
        kinds = self._told | self._inherited
        await _close(self._context, self._provider, self._part, kinds, line)
        self._told.clear()
        self._inherited.clear()

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
                lines=(line, self._words.meaning),
                now=self._context.ms(),
            )
        )
        self._told.add(kind)
        self._context.signals.views.set()
