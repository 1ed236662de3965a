"""The endpoints of Hostel Mate's client API that the bridge calls: two, and both only read.

Paths, parameters and page sizes are those of "Conversations & Messages"; key and rate limit those
of "Authentication" (https://docs.hostelmate.co/api-documentation).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bridgebot.errors import ProviderError
from bridgebot.providers.budget import Budget
from bridgebot.providers.hostelmate_payloads import Pagination
from bridgebot.providers.http import Caller
from bridgebot.providers.reading import as_mapping

PER_MINUTE = 120
"""Calls a minute that an address may make ("Authentication")."""
PAGE = 100
"""Entries of a page, at most ("Conversations & Messages")."""
RE_READS = 3
_BURST = 40
_SPARE = 5
_REFUSED = frozenset({"http_401", "forbidden"})


def plainly(field: str) -> str:
    """Say what an owner calls a setting of the account that stands in the plain settings."""
    return f"BRIDGEBOT_HOSTELMATE_{field.upper()}"


def make_budget(*, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> Budget:
    """Make the rate limit's budget for one address, with a little left for whoever looks in."""
    return Budget(burst=_BURST, per_minute=PER_MINUTE - _BURST - _SPARE, clock=clock, sleep=sleep)


@dataclass(frozen=True, kw_only=True, slots=True)
class Whole:
    """All messages of a thread, each once, and what stands above them."""

    thread: Mapping[str, Any]
    entries: tuple[object, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HostelMateApi:
    """Calls with one property's key; each raises ``ProviderError``.

    ``called`` says what an owner calls a setting of this account.
    """

    caller: Caller
    base: str
    key: str
    called: Callable[[str], str] = plainly

    async def conversations(
        self, offset: int = 0, **filters: str
    ) -> tuple[list[object], Pagination]:
        """Read a page of the list of threads; ``not_enabled`` where there is none."""
        try:
            body = await self._page("conversations.list", "/conversations", offset, **filters)
        except ProviderError as error:
            if error.code != "http_404":
                raise
            raise ProviderError(
                "Hostel Mate has no conversations at this address: either messaging is not enabled "
                "for the property (Hostel Mate enables it on request), or "
                f"{self.called('api_url')} is not right",
                code="not_enabled",
                permanent=True,
            ) from error
        return _entries(body)

    async def messages(self, thread_id: str) -> Whole:
        """Read all messages of a thread; ``gone`` where the thread is not there any more."""
        try:
            return await self._whole(f"/conversations/{quote(thread_id, safe='')}/messages")
        except ProviderError as error:
            if error.code != "http_404":
                raise
            # Of the meanings of 404 the list tells this one from messaging that is not enabled.
            await self.conversations()
            raise ProviderError(
                "Hostel Mate does not know this conversation any more", code="gone", permanent=True
            ) from error

    async def _whole(self, path: str) -> Whole:
        """Page through; a message that slips in between two pages makes for another round."""
        found: dict[str, object] = {}
        thread: Mapping[str, Any] = {}
        for _ in range(RE_READS):
            offset, more, total = 0, True, 0
            while more:
                body = await self._page("conversations.messages", path, offset)
                entries, pagination = _entries(body)
                before, offset, total = len(found), offset + PAGE, pagination.total
                thread = as_mapping(body.get("thread"))
                found |= {_known_by(each): each for each in entries}
                # A page that brings nothing new would be followed for ever.
                more = pagination.has_more and len(found) > before
            if len(found) >= total:
                break
        return Whole(thread=thread, entries=tuple(found.values()))

    async def _page(
        self, endpoint: str, path: str, offset: int, **filters: str
    ) -> Mapping[str, Any]:
        params = {"limit": str(PAGE), "offset": str(offset), **filters}
        # The documents ask for the content type on all requests.
        headers = {"X-API-Key": self.key, "Content-Type": "application/json"}
        url = f"{self.base}/api/v1/client{path}"
        try:
            answer = await self.caller.read(endpoint, url, params=params, headers=headers)
        except ProviderError as error:
            if error.code not in _REFUSED:
                raise
            raise ProviderError(
                f"Hostel Mate refuses the API key ({error}): check {self.called('api_key')} "
                "with the dashboard → API Access; a new key ends the old one at once, and allowed "
                "domains must not shut the bot out",
                code="credentials",
                auth=True,
            ) from error
        return answer.body


def _entries(body: Mapping[str, Any]) -> tuple[list[object], Pagination]:
    entries = body.get("results")
    if not isinstance(entries, list):
        # Whatever this is, it must not pass for an empty page.
        raise ProviderError("Hostel Mate's answer holds no list", code="unclear")
    return entries, Pagination.model_validate(as_mapping(body.get("pagination")))


def _known_by(entry: object) -> str:
    """Know a message again that two pages show."""
    return str(as_mapping(entry).get("id") or entry)
