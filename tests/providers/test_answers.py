"""What stands beside an answer's data: errors, warnings, the id of the request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bridgebot.errors import ProviderError
from bridgebot.model import ConversationId, PropertyId
from bridgebot.providers.base import Provider
from bridgebot.providers.booking import booking_provider

HOTEL, ONE = PropertyId("4410021"), ConversationId("c1")
DATA = {"conversation": {"conversation_id": "c1"}}
POSTED = {"ok": "true", "message_id": "m1", "guest_has_account": "false"}
META = {"ruid": "Um9vbQ"}

Answering = Callable[[Mapping[str, Any]], Any]


@asynccontextmanager
async def _provider(body: Mapping[str, Any]) -> AsyncIterator[Provider]:
    """Make a provider whose every call is answered alike."""

    def answer(request: httpx.Request) -> httpx.Response:
        token = {"jwt": "a.b.c", "ruid": "t"}
        return httpx.Response(200, json=token if "exchange" in request.url.path else dict(body))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        yield booking_provider(
            http=http,
            api_url="https://api.example/messaging",
            token_url="https://api.example/exchange",
            client_id="id",
            client_secret="secret",
            now=lambda: datetime(2026, 3, 1, tzinfo=UTC),
            properties=(HOTEL,),
        )


@pytest.mark.parametrize("error", ["Not today", {"message": "Not today"}])
async def test_an_error_beside_the_data_is_a_refusal_that_names_the_request(error: object) -> None:
    """A read that reports errors is no success, and its id is there for the vendor's support."""
    async with _provider({"data": DATA, "errors": [error], "meta": META}) as provider:
        assert provider.history is not None
        with pytest.raises(ProviderError, match="Um9vbQ") as caught:
            await provider.history.by_id(HOTEL, ONE)

    assert caught.value.permanent


async def test_an_error_beside_a_message_id_is_no_clear_answer() -> None:
    """Nobody says which of the two counts, so the reply is looked up before anything else."""
    body = {"data": POSTED, "errors": ["Not today"], "meta": META}
    async with _provider(body) as provider:
        assert provider.replies is not None
        with pytest.raises(ProviderError, match="Um9vbQ") as caught:
            await provider.replies.send(property_id=HOTEL, conversation_id=ONE, content="Hello")

    assert not caught.value.certain


async def test_warnings_change_nothing() -> None:
    """A reply that is answered with a warning is sent, with the id and the request's own id."""
    body = {"data": POSTED, "errors": [], "warnings": ["Soon gone"], "meta": META}
    async with _provider(body) as provider:
        assert provider.replies is not None
        sent = await provider.replies.send(property_id=HOTEL, conversation_id=ONE, content="Hello")

    assert (sent.message_id, sent.request_id, sent.guest_has_account) == ("m1", "Um9vbQ", False)
