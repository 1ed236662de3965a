"""The socket: fails fast at the start, heals itself afterwards, closes when nothing is open."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.errors import SlackError, StoreError
from bridgebot.session import open_session
from bridgebot.slack.gateway import make_client
from bridgebot.slack.socket import Socket
from tests.slack.stub import Stub, drop

APP_TOKEN = "xapp-good"
ENVELOPE = {"envelope_id": "e1", "type": "events_api", "payload": {"type": "event_callback"}}


class Parts:
    """A socket, what it told, and a capture step that waits until it is let go.

    ``taken`` is what the socket's own taker says of an event.
    """

    def __init__(self, client: AsyncWebClient, token: str = APP_TOKEN) -> None:
        self.taken: bool | Exception = False
        self.absences: list[float] = []
        self.looked = 0
        self.received = 0
        self.go_on = asyncio.Event()
        app = AsyncApp(client=client, before_authorize=self.capture, signing_secret="none")
        self.socket = Socket(
            app,
            token,
            client,
            take=self.take,
            on_return=self.absences.append,
            watchdog_seconds=0.3,
            check_seconds=0.02,
            ping_interval=0.2,
        )

    async def take(self, _body: Mapping[str, Any]) -> bool:
        """Take an event before Bolt sees it, or not."""
        self.looked += 1
        if isinstance(self.taken, Exception):
            raise self.taken
        return self.taken

    async def capture(self, req: AsyncBoltRequest, next: Any) -> BoltResponse:  # noqa: A002, ARG002
        """Take an event and answer when told to; the names of the parameters are Bolt's."""
        self.received += 1
        await self.go_on.wait()
        return BoltResponse(status=200)


@pytest.fixture
async def parts(client: AsyncWebClient) -> AsyncIterator[Parts]:
    """Give a socket that is connected and watched."""
    made = Parts(client)
    await made.socket.start()
    watch = asyncio.create_task(made.socket.run())
    yield made
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    made.go_on.set()
    await made.socket.close()


async def _until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the state of an outside connection
            await asyncio.sleep(0.01)


async def _reset(stub: Stub) -> None:
    """Break the newest connection without a word."""
    transport = stub.sockets[-1]._req.transport  # type: ignore[union-attr]
    assert transport is not None
    transport.abort()


@pytest.mark.parametrize("token", ["xapp-wrong", "xoxb-secret"])
async def test_a_wrong_app_token_ends_the_start(client: AsyncWebClient, token: str) -> None:
    """The start fails at once, with the name of the setting."""
    parts = Parts(client, token)
    with pytest.raises(SlackError, match="BRIDGEBOT_SLACK_APP_TOKEN") as caught:
        async with asyncio.timeout(3):
            await parts.socket.start()
    assert caught.value.auth
    assert token not in str(caught.value)
    assert not parts.socket.connected


async def test_slack_away_at_the_start_ends_it() -> None:
    """Where Slack cannot be reached the start fails at once."""
    async with open_session() as session:
        client = make_client("xoxb-secret", "http://127.0.0.1:1/api/", session)
        with pytest.raises(SlackError):
            await Parts(client).socket.start()


async def test_a_lost_answer_at_the_start_ends_it(stub: Stub, client: AsyncWebClient) -> None:
    """A dropped request for an address is a ``SlackError`` like any other failure."""
    stub.on("apps.connections.open", drop())
    with pytest.raises(SlackError):
        await Parts(client).socket.start()


async def test_a_connection_is_seen(parts: Parts) -> None:
    """After the start the socket is connected and counts no reconnection."""
    assert parts.socket.connected
    assert parts.socket.reconnections == 0


async def test_a_reset_connection_comes_back(stub: Stub, parts: Parts) -> None:
    """A TCP reset is noticed, counted, and told with the length of the absence."""
    await _reset(stub)
    await _until(lambda: parts.socket.reconnections == 1)
    assert parts.socket.connected
    assert len(parts.absences) == 1
    assert parts.absences[0] >= 0


async def test_an_event_that_is_sent_once_more_is_told(stub: Stub, parts: Parts) -> None:
    """What was written after it may have been taken before it."""
    parts.taken = True
    await stub.sockets[-1].send_json({**ENVELOPE, "retry_attempt": 1})
    await _until(lambda: parts.looked == 1)
    await stub.sockets[-1].send_json({**ENVELOPE, "envelope_id": "e2", "retry_attempt": 0})
    await _until(lambda: parts.looked == 2)

    assert parts.absences == [0.0]


async def test_a_connection_replaced_between_two_looks_is_told(stub: Stub, parts: Parts) -> None:
    """The SDK replaces connections by itself, perhaps within a moment: it counts as an absence."""
    assert parts.socket.steady
    await stub.sockets[-1].send_json({"type": "disconnect", "reason": "refresh_requested"})
    await _until(lambda: len(stub.sockets) == 2 and parts.socket.reconnections == 1)
    await _until(lambda: parts.socket.steady)
    assert parts.absences
    assert parts.absences[0] < 1


async def test_a_refused_handshake_is_healed(stub: Stub, parts: Parts) -> None:
    """The watchdog asks for one more address; the SDK alone would repeat the dead one for ever."""
    stub.dead = stub.tickets + 1
    await _reset(stub)
    await _until(lambda: stub.handshakes_refused)
    await _until(lambda: parts.socket.reconnections == 1)
    assert parts.socket.connected
    assert stub.tickets > stub.dead


async def test_the_watchdog_survives_slack_being_away(stub: Stub, parts: Parts) -> None:
    """When no address can be had either, the watchdog goes on trying."""
    stub.on("apps.connections.open", drop())
    tried = stub.count("apps.connections.open")
    await _reset(stub)
    await _until(lambda: stub.count("apps.connections.open") > tried + 1)
    assert not parts.socket.connected
    del stub.replies["apps.connections.open"]
    await _until(lambda: parts.socket.connected)


async def test_closing_waits_for_the_acknowledgement(stub: Stub, parts: Parts) -> None:
    """What was received is acknowledged before the socket is closed."""
    await stub.sockets[-1].send_json(ENVELOPE)
    await _until(lambda: parts.received == 1)
    closing = asyncio.create_task(parts.socket.close())
    await asyncio.sleep(0.05)
    assert not closing.done()
    parts.go_on.set()
    await closing
    await _until(lambda: [ack["envelope_id"] for ack in stub.acks] == ["e1"])
    assert not parts.socket.connected


async def test_closing_that_is_given_up_still_closes(stub: Stub, parts: Parts) -> None:
    """When an event does not end in time the socket is closed all the same."""
    await stub.sockets[-1].send_json(ENVELOPE)
    await _until(lambda: parts.received == 1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await parts.socket.close()
    await _until(lambda: stub.sockets[-1].closed)
    assert stub.acks == []


async def test_what_is_for_the_store_alone_is_acknowledged_without_bolt(
    stub: Stub, parts: Parts
) -> None:
    """Most events are of the bot's own posts: they cost no more than they must."""
    parts.taken = True
    await stub.sockets[-1].send_json(ENVELOPE)
    await _until(lambda: [ack["envelope_id"] for ack in stub.acks] == ["e1"])
    assert parts.received == 0


async def test_what_could_not_be_stored_is_not_acknowledged(stub: Stub, parts: Parts) -> None:
    """Slack sends it again; what comes after it is taken as before."""
    parts.taken = StoreError("the database refused: locked")
    await stub.sockets[-1].send_json(ENVELOPE)
    await _until(lambda: parts.looked == 1)
    parts.taken = True
    await stub.sockets[-1].send_json({**ENVELOPE, "envelope_id": "e2"})
    await _until(lambda: [ack["envelope_id"] for ack in stub.acks] == ["e2"])
