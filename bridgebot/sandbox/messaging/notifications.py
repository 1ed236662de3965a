"""The Connectivity Notification Service: pushes each new message to the accounts that subscribed.

It asks the subscriber's token endpoint with client credentials, by form post, takes the token out
of ``jwt``, and shows it with each notification. How often it tries, in which order, and what a
retry looks like is not documented: these are switches. Its faults are ``drop_before`` (lost) and
``drop_after`` (the answer is lost) of ``notifications.push``.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

import aiohttp

from bridgebot.sandbox.messaging.booking import Booking, Conversation, Message
from bridgebot.sandbox.messaging.faults import PUSH, Faults
from bridgebot.sandbox.messaging.payloads import queue_entry

NEW_MESSAGE: Final = "MESSAGING_API_NEW_MESSAGE"
_UNAUTHORISED: Final = 401
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5.0)
_PAUSES: Final = (0.1, 0.3, 1.0, 2.0, *[4.0] * 10)
_WORDS: Final = {
    "queue": ("GUEST", "property"),
    "search": ("guest", "hotel"),
    "other": ("TRAVELLER", "PARTNER"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PushSwitches:
    """How the service behaves where it is not documented.

    ``sender``: the words for who wrote, as the queue's, as a search's, or some of its own.
    ``uuid``: whether a second attempt carries the same id. ``retries``: whether a notification that
    was not taken is sent again. ``token``: how long a token is used. ``order``: whether several
    that wait go out in the order of the messages. ``own``: whether the property's own messages are
    pushed too.
    """

    sender: Literal["queue", "search", "other"] = "queue"
    uuid: Literal["same", "new"] = "same"
    retries: Literal["again", "never"] = "again"
    token: Literal["until_refused", "each_time"] = "until_refused"  # noqa: S105 - a word
    order: Literal["sent", "reversed"] = "sent"
    own: Literal["pushed", "left_out"] = "pushed"


_OTHERS: Final[dict[str, tuple[Any, ...]]] = {
    "sender": ("search", "other"),
    "uuid": ("new",),
    "retries": ("never",),
    "token": ("each_time",),
    "order": ("reversed",),
    "own": ("left_out",),
}


def variants() -> Iterator[tuple[str, PushSwitches]]:
    """Yield the default and then each switch in each of its other settings."""
    yield "default", PushSwitches()
    for field in fields(PushSwitches):
        for value in _OTHERS[field.name]:
            yield f"{field.name}={value}", replace(PushSwitches(), **{field.name: value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """Where an account's notifications go, and with which credentials a token is asked for."""

    account: str
    token_url: str
    url: str
    client_id: str
    client_secret: str


class Notifier:
    """Pushes what happens in a ``Booking`` to its subscribers; each account may be one."""

    def __init__(
        self,
        booking: Booking,
        *,
        faults: Faults | None = None,
        switches: PushSwitches | None = None,
    ) -> None:
        self.booking = booking
        self.faults = faults or Faults()
        self.switches = switches or PushSwitches()
        self.subscriptions: dict[str, Subscription] = {}
        self.statuses: deque[int] = deque(maxlen=1000)
        self.lost = 0
        self._waiting: deque[tuple[str, Mapping[str, Any]]] = deque()
        self._tokens: dict[str, str] = {}
        self._task: asyncio.Task[None] | None = None
        booking.watch(self._changed)

    def subscribe(self, subscription: Subscription | None) -> None:
        """Let an account's notifications go somewhere from now on, or nobody's anywhere."""
        if subscription is None:
            self.subscriptions.clear()
            self._tokens.clear()
            return
        self.subscriptions[subscription.account] = subscription
        self._tokens.pop(subscription.account, None)

    def push(self, body: Mapping[str, Any], account: str | None = None) -> None:
        """Send a notification of any kind to an account, or to all."""
        self._waiting.extend((each, body) for each in self.subscriptions if account in {None, each})
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._drain())

    async def stop(self) -> None:
        """Send nothing more."""
        self.subscriptions.clear()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be sent."""
        return self._task is None or self._task.done()

    def again(self, message_id: str) -> None:
        """Notify of a message once more, as a new notification."""
        for conversation in self.booking.conversations.values():
            for message in conversation.messages:
                if message.message_id == message_id:
                    self._notify(conversation, message)

    def _changed(self, change: Mapping[str, Any]) -> None:
        if not self.subscriptions or change.get("type") != "message":
            return
        conversation = self.booking.conversations[change["conversation"]]
        message = conversation.messages[-1]
        if message.sender == "guest" or self.switches.own == "pushed":
            self._notify(conversation, message)

    def _notify(self, conversation: Conversation, message: Message) -> None:
        """Push a message to all whose property it is."""
        for name in self.subscriptions:
            if conversation.property_id in self.booking.accounts[name].properties:
                self.push(self._body(conversation, message), name)

    def _body(self, conversation: Conversation, message: Message) -> dict[str, Any]:
        payload = queue_entry((conversation, message), "1.2", self.booking.switches)
        guest, hotel = _WORDS[self.switches.sender]
        word = guest if message.sender == "guest" else hotel
        payload["sender"]["metadata"]["participant_type"] = word
        metadata = {"uuid": str(uuid.uuid4()), "type": NEW_MESSAGE, "payloadVersion": "1.0"}
        return {"metadata": metadata, "payload": payload}

    async def _drain(self) -> None:
        # Looked at again when the client is closed: something may have come meanwhile.
        while self._waiting and self.subscriptions:
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
                # What people write in the same moment is taken together.
                await asyncio.sleep(0)
                await self._send_all(http)

    async def _send_all(self, http: aiohttp.ClientSession) -> None:
        while self._waiting and self.subscriptions:
            last = self.switches.order == "reversed"
            account, body = self._waiting.pop() if last else self._waiting.popleft()
            await self._deliver(http, account, body)

    async def _deliver(
        self, http: aiohttp.ClientSession, account: str, body: Mapping[str, Any]
    ) -> None:
        """Try until it is taken, or as often as the service tries."""
        fault = self.faults.strike(PUSH)
        kind = fault.kind if fault is not None else ""
        if kind == "drop_before":
            self.lost += 1
            self._log(body, 0)
            return
        if kind == "drop_after":
            # The answer is lost: sent, and sent again.
            await self._post(http, account, body)
            body = self._once_more(body)
        for pause in _PAUSES:
            status = await self._post(http, account, body)
            if 200 <= status < 300:  # noqa: PLR2004 - success
                return
            if self.switches.retries == "never" and status != _UNAUTHORISED:
                break
            await asyncio.sleep(pause)
            body = self._once_more(body)
        self.lost += 1

    def _once_more(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.switches.uuid == "same":
            return body
        return {**body, "metadata": {**body["metadata"], "uuid": str(uuid.uuid4())}}

    async def _post(
        self, http: aiohttp.ClientSession, account: str, body: Mapping[str, Any]
    ) -> int:
        """Post a notification; return the status, 0 where there is none."""
        there = self.subscriptions.get(account)
        if there is None:
            return 0
        try:
            if not self._tokens.get(account) or self.switches.token == "each_time":  # noqa: S105
                self._tokens[account] = await self._ask(http, there)
            bearer = {"Authorization": f"Bearer {self._tokens[account]}"}
            async with http.post(
                there.url, json=dict(body), headers=bearer, allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            self._log(body, 0)
            return 0
        self._log(body, status)
        self.statuses.append(status)
        if status == _UNAUTHORISED:
            self._tokens.pop(account, None)
        return status

    def _log(self, body: Mapping[str, Any], status: int) -> None:
        """Keep what went over the wire, without the token; status 0 is no answer."""
        self.booking.wire.append(
            {
                "side": "booking",
                "at": self.booking.now().timestamp(),
                "what": "notification",
                "status": status,
                "sent": dict(body),
                "body": None,
            }
        )

    async def _ask(self, http: aiohttp.ClientSession, there: Subscription) -> str:
        """Ask the subscriber for a token."""
        form = {
            "grant_type": "client_credentials",
            "client_id": there.client_id,
            "client_secret": there.client_secret,
        }
        async with http.post(there.token_url, data=form, allow_redirects=False) as answer:
            if not 200 <= answer.status < 300:  # noqa: PLR2004 - success
                return ""
            return str((await answer.json()).get("jwt", ""))
