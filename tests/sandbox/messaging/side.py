"""A Booking.com stand-in and a plain HTTP client that calls it; time stands still."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from bridgebot.sandbox.messaging.booking import Account, Attachment, Booking, Conversation
from bridgebot.sandbox.messaging.faults import Faults
from bridgebot.sandbox.messaging.standin import BookingStandIn
from bridgebot.sandbox.messaging.switches import Switches

HOTEL = "4410021"
LIST = f"/properties/{HOTEL}/conversations"
ONE = f"{LIST}/c1"
NOON = datetime(2026, 6, 1, 12, 0, 0, 441_260, tzinfo=UTC)


class Side:
    """A stand-in, an account of it, and a client that holds a token."""

    def __init__(self, switches: Switches, http: httpx.AsyncClient) -> None:
        self.time = NOON
        self.booking = Booking(now=lambda: self.time, switches=switches)
        self.booking.add_property(HOTEL, "Hotel Example")
        self.account: Account = self.booking.add_account("id", "secret", [HOTEL])
        self.booking.add_conversation(Conversation("c1", HOTEL, "Ada Example", "931"))
        self.stand_in = BookingStandIn(self.booking)
        self.faults: Faults = self.stand_in.faults
        self.http = http
        self.base = ""
        self.token = ""

    def passes(self, **much: float) -> None:
        """Let time pass."""
        self.time += timedelta(**much)

    async def log_in(self, secret: str | None = None) -> httpx.Response:
        """Exchange the credentials for a token and keep it."""
        url = f"{self.base}/token-based-authentication/exchange"
        answer = await self.http.post(
            url, json={"client_id": "id", "client_secret": secret or self.account.client_secret}
        )
        if answer.status_code == 200:
            self.token = answer.json()["jwt"]
        return answer

    async def call(
        self, method: str, path: str, *, version: str | None = "1.2", **more: Any
    ) -> httpx.Response:
        """Call the messaging API."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if version is not None:
            headers["Accept-version"] = version
        url = f"{self.base}/messaging{path}"
        return await self.http.request(method, url, headers=headers, **more)

    async def data(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """Call the messaging API and unwrap a successful answer."""
        answer = await self.call(method, path, **more)
        assert answer.status_code in {200, 201}, answer.text
        body: dict[str, Any] = answer.json()
        assert set(body) == {"meta", "data", "errors", "warnings"}
        assert isinstance(body["meta"]["ruid"], str)
        assert (body["errors"], body["warnings"]) == ([], [])
        data: dict[str, Any] = body["data"]
        return data

    async def latest(self, **more: Any) -> dict[str, Any]:
        """Fetch from the queue."""
        return await self.data("GET", "/messages/latest", **more)

    async def confirm(self, count: object) -> httpx.Response:
        """Confirm a count."""
        return await self.call("PUT", "/messages", params={"number_of_messages": str(count)})

    def keep_file(self, attachment_id: str, data: bytes = b"x") -> None:
        """Keep a file in the conversation, as an upload would."""
        kept = Attachment(attachment_id, "c1", "a.png", "image/png", data)
        self.booking.attachments[attachment_id] = kept

    async def post(self, content: object, conversation: str = "c1") -> httpx.Response:
        """Post a message."""
        return await self.call(
            "POST", f"{LIST}/{conversation}", json={"message": {"content": content}}
        )


Serve = Callable[..., Awaitable[Side]]
"""Serves a stand-in under the switches given by name."""
