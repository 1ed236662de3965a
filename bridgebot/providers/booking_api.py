"""The endpoints of Booking.com's Messaging API that the bridge calls.

Paths, methods and page sizes: reference, section 5 (from "Managing messages", "Managing
conversations", "Managing tags" and "Searching messages"). Only reads are tried again; a write is
made once.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bridgebot.errors import ProviderError
from bridgebot.providers.booking_payloads import is_ok, is_refused, next_page
from bridgebot.providers.booking_token import Tokens
from bridgebot.providers.http import Answer, Caller
from bridgebot.providers.reading import as_list

BATCH = 100
"""Messages in one fetch of the queue, at most."""

MOST_PAGES = 400
"""Pages followed in one walk, 50 entries each: one that repeats itself must not go on for ever."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BookingApi:
    """Calls to one machine account; each raises ``ProviderError``."""

    caller: Caller
    tokens: Tokens
    base: str
    version: str

    async def latest(self) -> Mapping[str, Any]:
        """Fetch the queue's head; nothing is removed by it."""
        return await self._data("messages.latest", "/messages/latest")

    async def confirm(self, count: int) -> None:
        """Confirm a number of messages, once; an unclear answer is an unknown outcome."""
        await self._write(
            "messages.confirm", "PUT", "/messages", params={"number_of_messages": str(count)}
        )

    async def post(
        self,
        property_id: str,
        conversation_id: str,
        content: str,
        attachment_ids: Sequence[str] = (),
    ) -> Mapping[str, Any]:
        """Post a message into a conversation, once; returns ``data`` and the request's ruid."""
        path = _place(property_id, conversation_id)
        message: dict[str, Any] = {"content": content}
        if attachment_ids:
            message["attachment_ids"] = list(attachment_ids)
        body = {"message": message}
        answer = await self._write("conversations.post", "POST", path, json=body)
        return {**_data_of(answer.body), "ruid": ruid_of(answer.body)}

    async def conversation(
        self, property_id: str, conversation_id: str, page: str | None = None
    ) -> Mapping[str, Any]:
        """Read one page of a conversation by its id."""
        path = _place(property_id, conversation_id)
        return await self._data("conversations.by_id", path, _page(page))

    async def by_reference(
        self, property_id: str, kind: str, reference: str, page: str | None = None
    ) -> Mapping[str, Any]:
        """Read one page of the conversation of a reservation or request."""
        path = f"/properties/{_part(property_id)}/conversations/type/{_part(kind)}"
        params = {"conversation_reference": reference, **_page(page)}
        return await self._data("conversations.by_reference", path, params)

    async def listed(self, property_id: str, page: str | None = None) -> Mapping[str, Any]:
        """Read one page of a property's conversations, most recent activity first."""
        path = f"/properties/{_part(property_id)}/conversations"
        return await self._data("conversations.list", path, _page(page))

    async def conversations(self, property_id: str) -> AsyncIterator[Mapping[str, Any]]:
        """Walk a property's conversations, most recent activity first."""
        page: str | None = None
        # ``None`` stands for the first page, and as the next one for the end.
        met: set[str | None] = set()
        while page not in met and len(met) < MOST_PAGES:
            met.add(page)
            data = await self.listed(property_id, page)
            for each in as_list(data.get("conversations")):
                yield each
            page = next_page(data)

    async def search(self, params: Mapping[str, str]) -> Mapping[str, Any]:
        """Make a search job, once: each call of this GET makes another job."""

        async def call(token: str) -> Answer:
            url, headers = f"{self.base}/messages/search", self._headers(token)
            return await self.caller.once(
                "search.create", "GET", url, params=dict(params), headers=headers
            )

        return _accepted("search.create", await self._authorised(call))

    async def search_result(self, job: str, page: str | None = None) -> Mapping[str, Any]:
        """Read a page of a job's result; one that is not ready may answer with nothing at all."""
        path = f"/messages/search/result/{_part(job)}"
        return await self._read("search.result", path, _page(page))

    async def tag(
        self,
        endpoint: str,
        method: str,
        property_id: str,
        conversation_id: str,
        tag: str,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        """Set a tag (PUT) or remove it (DELETE), once; the status is what counts."""
        path = f"{_place(property_id, conversation_id)}/tags/{_part(tag)}"
        request = {} if body is None else {"json": dict(body)}
        await self._write(endpoint, method, path, **request)

    async def upload(
        self, way: str, property_id: str, conversation_id: str, attachment: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Upload a file (``attachments``) or a chunk of one (``attachment_chunks``), once."""
        path, body = f"{_place(property_id, conversation_id)}/{way}", {"attachment": attachment}
        answer = await self._write(f"{way}.upload", "POST", path, json=body)
        return _data_of(answer.body)

    async def attachment(
        self,
        property_id: str,
        conversation_id: str,
        attachment_id: str,
        span: tuple[int, int] | None = None,
    ) -> Mapping[str, Any]:
        """Download a file, or the bytes of it from one number to another."""
        path = f"{_place(property_id, conversation_id)}/attachments/{_part(attachment_id)}"
        asked = {} if span is None else {"from": str(span[0]), "to": str(span[1])}
        return await self._data("attachments.download", path, asked)

    async def attachment_info(
        self, property_id: str, conversation_id: str, attachment_id: str
    ) -> Mapping[str, Any]:
        """Ask about a file."""
        path = f"{_place(property_id, conversation_id)}/attachments/{_part(attachment_id)}"
        return await self._data("attachments.info", f"{path}/file_info")

    async def _data(
        self, endpoint: str, path: str, params: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        data = await self._read(endpoint, path, params)
        if not data:
            # Whatever this is, it must not pass for an empty queue or conversation.
            raise ProviderError(f"Booking.com's answer holds no data ({endpoint})", code="unclear")
        return data

    async def _read(
        self, endpoint: str, path: str, params: Mapping[str, str] | None = None
    ) -> Mapping[str, Any]:
        async def call(token: str) -> Answer:
            return await self.caller.read(
                endpoint, self.base + path, params=dict(params or {}), headers=self._headers(token)
            )

        return _accepted(endpoint, await self._authorised(call))

    async def _write(self, endpoint: str, method: str, path: str, **request: Any) -> Answer:  # noqa: ANN401
        async def call(token: str) -> Answer:
            return await self.caller.once(
                endpoint, method, self.base + path, headers=self._headers(token), **request
            )

        answer = await self._authorised(call)
        data, errors = _data_of(answer.body), answer.body.get("errors")
        if is_refused(data.get("ok")):
            raise ProviderError(
                f"Booking.com refused it ({endpoint}, ruid {ruid_of(answer.body)})",
                code="refused",
                permanent=True,
                answered=True,
            )
        if errors or not data or not is_ok(data.get("ok")):
            # A success status without a clear yes beside it: nobody says which of the two counts.
            raise ProviderError(
                f"Booking.com's answer is not clear ({endpoint}, ruid {ruid_of(answer.body)})",
                code="unclear",
                certain=False,
                answered=True,
            )
        return answer

    async def _authorised(self, call: Callable[[str], Awaitable[Answer]]) -> Answer:
        """Call with a token; a refused one is renewed once (a 401 means that nothing was done)."""
        token = await self.tokens.current()
        try:
            answer = await call(token)
        except ProviderError as error:
            if not error.auth:
                raise
            token = await self.tokens.current(not_this=token)
            answer = await call(token)
        self.tokens.accepted(token)
        return answer

    def _headers(self, token: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token}",
            "Accept-version": self.version,
            "Accept": "application/json",
        }


def ruid_of(body: Mapping[str, Any]) -> str:
    """Return the id of a request as its answer states it."""
    meta = body.get("meta")
    found = meta.get("ruid") if isinstance(meta, dict) else body.get("ruid")
    return str(found or "")


def _accepted(endpoint: str, answer: Answer) -> Mapping[str, Any]:
    """Return an answer's data; one that reports an error beside it is a refusal."""
    data = _data_of(answer.body)
    if is_refused(data.get("ok")) or answer.body.get("errors"):
        raise ProviderError(
            f"Booking.com reports an error ({endpoint}, ruid {ruid_of(answer.body)})",
            code="refused",
            permanent=True,
            answered=True,
        )
    return data


def _data_of(body: Mapping[str, Any]) -> Mapping[str, Any]:
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _place(property_id: str, conversation_id: str) -> str:
    return f"/properties/{_part(property_id)}/conversations/{_part(conversation_id)}"


def _page(page: str | None) -> dict[str, str]:
    return {"page_id": page} if page else {}


def _part(value: str) -> str:
    return quote(value, safe="")
