"""Hostel Mate's webhook ``message.received``, for inbound messages of online agencies.

What its data holds, how it is signed and how often it is tried is not documented: switches. It
comes once and may be lost; a client has to go on asking.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

import aiohttp

from bridgebot.sandbox.hostelmate.hostel import HostelMate, Message, Thread

_TIMEOUT: Final = aiohttp.ClientTimeout(total=5.0)
AGENCIES: Final = frozenset({"BOOKING_COM", "AIRBNB"})
"""Channels that the documents name for this event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HookSwitches:
    """How the webhook behaves where it is not documented.

    ``signature``: whether it is signed, in a header of its own. ``data``: what is said of the
    message. ``copies``: how often each event comes.
    """

    signature: Literal["none", "hmac"] = "none"
    data: Literal["ids", "whole", "empty"] = "ids"
    copies: Literal[1, 2, 0] = 1


_OTHERS: Final[dict[str, tuple[Any, ...]]] = {
    "signature": ("hmac",),
    "data": ("whole", "empty"),
    "copies": (2, 0),
}


def variants() -> Iterator[tuple[str, HookSwitches]]:
    """Yield the default and then each switch in each of its other settings."""
    yield "default", HookSwitches()
    for field in fields(HookSwitches):
        for value in _OTHERS[field.name]:
            yield f"{field.name}={value}", replace(HookSwitches(), **{field.name: value})


class Webhook:
    """Posts events of a ``HostelMate`` to an address, once there is one."""

    def __init__(self, mate: HostelMate, switches: HookSwitches | None = None) -> None:
        self.mate = mate
        self.switches = switches or HookSwitches()
        self.url = ""
        self.statuses: list[int] = []
        self._seen = {message.message_id for _, message in mate.messages()}
        self._tasks: set[asyncio.Task[None]] = set()
        mate.watch(self._changed)

    async def stop(self) -> None:
        """Post nothing more."""
        self.url = ""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _changed(self) -> None:
        for thread, message in list(self.mate.messages()):
            if message.message_id in self._seen:
                continue
            self._seen.add(message.message_id)
            if self.url and message.direction == "INBOUND" and thread.channel in AGENCIES:
                self._start(self._event(thread, message))

    def _start(self, event: Mapping[str, Any]) -> None:
        for _ in range(self.switches.copies):
            task = asyncio.get_running_loop().create_task(self._post(event))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _event(self, thread: Thread, message: Message) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if self.switches.data != "empty":
            data = {"conversation_id": thread.thread_id, "message_id": message.message_id}
        if self.switches.data == "whole":
            data |= {"content": message.content, "guest_name": thread.guest_name}
        return {
            "id": str(uuid.uuid4()),
            "type": "message.received",
            "property_id": str(uuid.uuid5(uuid.NAMESPACE_OID, thread.hostel)),
            "created_at": self.mate.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "data": data,
        }

    async def _post(self, event: Mapping[str, Any]) -> None:
        body = json.dumps(event).encode()
        headers = {"Content-Type": "application/json"}
        if self.switches.signature == "hmac":
            headers["X-Signature"] = hmac.new(b"sandbox", body, hashlib.sha256).hexdigest()
        try:
            async with (
                aiohttp.ClientSession(timeout=_TIMEOUT) as http,
                http.post(self.url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                self.statuses.append(answer.status)
        except (aiohttp.ClientError, TimeoutError):
            return
