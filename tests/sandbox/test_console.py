"""The console shows both sides and does what people do on the page."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bridgebot.sandbox import world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.drawing import lake
from bridgebot.sandbox.front import PortTakenError
from bridgebot.sandbox.server import serve

EMILY = world.stay_of("Emily")
GUESTS = world.GUESTS.channel_id
Json = dict[str, object]


class Desk:
    """A served chain and a client that talks to its console."""

    def __init__(self, chain: Chain, http: aiohttp.ClientSession) -> None:
        self.chain = chain
        self.http = http

    async def post(self, path: str, body: object) -> tuple[int, Json]:
        """Post JSON below ``/sandbox``."""
        async with self.http.post(f"{self.chain.address}sandbox/{path}", json=body) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str) -> Json:
        """Get JSON below ``/sandbox``."""
        async with self.http.get(f"{self.chain.address}sandbox/{path}") as answer:
            assert answer.status == 200
            result: Json = await answer.json()
            return result

    def open_thread(self) -> str:
        """Open Emily's thread as the bridge would; return the root's ts."""
        channel = self.chain.workspace.channels[GUESTS]
        payload = {
            "provider": "booking",
            "property_id": EMILY.property_id,
            "conversation_id": EMILY.conversation_id,
        }
        root = {
            "user": world.BOT_USER,
            "bot_id": world.BOT,
            "text": EMILY.guest,
            "metadata": {"event_type": "bridgebot_thread", "event_payload": payload},
        }
        return str(self.chain.workspace.add_message(channel, root, thread_ts=None)["ts"])


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """Serve a fresh chain on a free port."""
    async with serve(0) as chain, aiohttp.ClientSession() as http:
        yield Desk(chain, http)


async def test_page_and_its_parts_come_from_here(desk: Desk) -> None:
    """The page, its scripts and styles are served, with nothing allowed from outside."""
    async with desk.http.get(desk.chain.address) as answer:
        assert answer.status == 200
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "/sandbox/static/app.js" in await answer.text()
    async with desk.http.get(f"{desk.chain.address}sandbox/static/app.js") as answer:
        assert answer.status == 200


async def test_state_shows_the_chain(desk: Desk) -> None:
    """The state holds hotels, conversations, people, channels and the figures."""
    state = await desk.get("state")
    sizes = {name: len(rows) for name, rows in state.items() if isinstance(rows, dict)}
    assert sizes["properties"] == 4
    assert sizes["conversations"] == 15
    assert sizes["people"] == 7
    assert sizes["channels"] == 4
    assert "lost" in state["figures"]  # type: ignore[operator]


async def test_guest_and_hotel_write(desk: Desk) -> None:
    """What is typed on the phone or in the extranet is in the conversation and in the queue."""
    for side in ("guests", "extranet"):
        status, _ = await desk.post(f"{side}/{EMILY.conversation_id}/messages", {"text": "Hello"})
        assert status == 200
    messages = desk.chain.booking.conversations[EMILY.conversation_id].messages
    assert [message.sender for message in messages] == ["guest", "property"]
    assert desk.chain.queued() == 2


async def test_a_guest_reads_and_a_message_is_redacted(desk: Desk) -> None:
    """Both by request; what is not there, and Hostel Mate's guests, are refused in words."""
    base = f"guests/{EMILY.conversation_id}"
    _, wrote = await desk.post(f"{base}/messages", {"text": "Pay here"})
    await desk.post(f"extranet/{EMILY.conversation_id}/messages", {"text": "No"})

    status, _ = await desk.post(f"{base}/readings", {})
    redacted, _ = await desk.post(f"{base}/redactions", {"message_id": wrote["message_id"]})

    first, second = desk.chain.booking.conversations[EMILY.conversation_id].messages
    assert (status, redacted) == (200, 200)
    assert (first.redacted, first.content, second.redacted) == (True, "[redacted]", False)
    assert len(second.read_by) == 1
    status, answer = await desk.post(f"{base}/redactions", {"message_id": "none"})
    assert (status, answer["error"]) == (400, "there is no such message")
    ravi = world.stay_of("Ravi").conversation_id
    status, answer = await desk.post(f"guests/{ravi}/readings", {})
    assert (status, answer["error"]) == (400, "only guests of Booking.com tell what they read")


async def test_a_guest_of_the_hostel_writes_to_hostel_mate(desk: Desk) -> None:
    """The same page plays the guests of both providers; nothing goes into Booking.com's queue."""
    ravi = world.stay_of("Ravi").conversation_id
    for side in ("guests", "extranet"):
        status, _ = await desk.post(f"{side}/{ravi}/messages", {"text": "Hello"})
        assert status == 200
    messages = desk.chain.hostelmate.threads[ravi].messages
    assert [message.direction for message in messages] == ["INBOUND", "OUTBOUND"]
    assert desk.chain.queued() == 0
    assert desk.chain.ledger().lost == 2


async def test_what_hostel_mate_copies_from_booking_com_is_not_expected_twice(desk: Desk) -> None:
    """The copy has no phone of its own, and the ledger does not ask for it."""
    desk.chain.guest_writes(world.MIRRORED, "Hello")
    state = await desk.get("state")

    assert world.MIRRORED.conversation_id not in state["conversations"]  # type: ignore[operator]
    assert state["messages"] == {}
    assert desk.chain.ledger().balanced


async def test_person_writes_edits_reacts_and_deletes(desk: Desk) -> None:
    """A person's message can be written, edited, reacted to and deleted."""
    root = desk.open_thread()
    anna = f"people/{world.ANNA.user_id}"
    _, made = await desk.post(
        f"{anna}/messages", {"channel": GUESTS, "thread_ts": root, "text": "Hi"}
    )
    place = {"channel": GUESTS, "ts": made["ts"]}
    assert (await desk.post(f"{anna}/edits", {**place, "text": "Hello"}))[0] == 200
    assert (await desk.post(f"{anna}/reactions", {**place, "name": "eyes"}))[0] == 200
    status, answer = await desk.post(f"{anna}/reactions", {**place, "name": "eyes"})
    assert (status, answer["error"]) == (400, "Slack says: already_reacted")
    assert (await desk.post(f"{anna}/deletions", place))[0] == 200
    assert desk.chain.ledger().balanced


async def test_only_own_messages_can_be_changed(desk: Desk) -> None:
    """Nobody edits what somebody else wrote."""
    root = desk.open_thread()
    body = {"channel": GUESTS, "ts": root, "text": "Mine"}
    status, answer = await desk.post(f"people/{world.ANNA.user_id}/edits", body)
    assert status == 400
    assert "own messages" in str(answer["error"])


async def test_what_slack_has_no_word_for_is_said_plainly(desk: Desk) -> None:
    """A button that is not there."""
    body = {"channel": GUESTS, "ts": desk.open_thread(), "action_id": "x"}
    status, answer = await desk.post(f"people/{world.ANNA.user_id}/buttons", body)

    assert (status, answer["error"]) == (400, "there is no such button")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("guests/nobody/messages", {"text": "Hi"}),
        (f"guests/{EMILY.conversation_id}/messages", {"text": "  "}),
        (f"guests/{EMILY.conversation_id}/messages", ["Hi"]),
        (f"people/{world.ANNA.user_id}/messages", {"channel": "C0NOWHERE1", "text": "Hi"}),
        ("people/U0NOBODY01/messages", {"channel": GUESTS, "text": "Hi"}),
        (
            f"people/{world.ANNA.user_id}/buttons",
            {"channel": GUESTS, "ts": "1.0", "action_id": "x"},
        ),
        ("faults", {"side": "slack", "kind": "earthquake"}),
        ("faults", {"socket": "melt"}),
        ("pushes", {"bot": "file:///etc"}),
    ],
)
async def test_wrong_requests_are_answered_in_words(desk: Desk, path: str, body: object) -> None:
    """What cannot be done is answered with a reason, never with a failure of the sandbox."""
    status, answer = await desk.post(path, body)
    assert (status, answer["ok"]) == (400, False)
    assert answer["error"]


async def test_forms_of_foreign_pages_are_refused(desk: Desk) -> None:
    """Only JSON is taken, which a foreign page cannot send from the same browser."""
    path = f"{desk.chain.address}sandbox/guests/{EMILY.conversation_id}/messages"
    async with desk.http.post(path, data='{"text": "Hi"}') as answer:
        assert answer.status == 400
    assert desk.chain.queued() == 0


async def test_faults_are_set_and_cleared(desk: Desk) -> None:
    """A fault on each side can be set, seen and taken away."""
    await desk.post("faults", {"side": "slack", "call": "chat.postMessage", "kind": "429"})
    _, faults = await desk.post("faults", {"side": "booking", "kind": "500", "times": 2})
    assert faults["slack"] == [
        {"call": "chat.postMessage", "kind": "429", "times": 1, "chance": 1.0, "seconds": 0.0}
    ]
    assert len(faults["booking"]) == 1  # type: ignore[arg-type]
    _, faults = await desk.post("faults", {"clear": True})
    assert (faults["slack"], faults["booking"]) == ([], [])


async def test_a_bot_is_subscribed_and_let_go(desk: Desk) -> None:
    """A bot that runs elsewhere says where it listens, and with which credentials."""
    body = {"bot": "http://127.0.0.1:9", "client_id": "cns", "client_secret": "s"}
    _, answer = await desk.post("pushes", body | {"webhook_secret": "w"})
    assert answer["notifications"] == "http://127.0.0.1:9/booking/notifications"
    assert desk.chain.webhook.url == "http://127.0.0.1:9/hostelmate/events/w"
    await desk.post("pushes", {"bot": ""})
    assert desk.chain.notifier.subscriptions == {}
    assert desk.chain.webhook.url == ""


async def test_ledger_sees_what_was_not_shown(desk: Desk) -> None:
    """Without a bot a guest's message is missing in Slack, and the ledger says so."""
    desk.chain.guest_writes(EMILY, "Hello?")
    found = await desk.get("ledger")
    assert (found["guest_messages"], found["lost"]) == (1, 1)


async def test_page_hears_what_happens(desk: Desk) -> None:
    """A page that listens gets the whole state, then the guest's new message as a patch."""
    async with desk.http.get(f"{desk.chain.address}sandbox/events") as events:
        assert (await events.content.readline()) == b"event: state\n"
        await events.content.readline()
        await events.content.readline()
        message = desk.chain.guest_writes(EMILY, "Hello?")
        async with asyncio.timeout(5):
            assert (await events.content.readline()) == b"event: patch\n"
            patch = json.loads((await events.content.readline()).removeprefix(b"data: "))
    assert patch["set"]["messages"][message]["content"] == "Hello?"


async def test_port_in_use_is_said_in_words() -> None:
    """A taken port ends in a sentence that names the option."""
    async with serve(0) as chain:
        with pytest.raises(PortTakenError, match="--port"):
            async with serve(chain.port):
                pass


async def test_pictures_are_sent_and_seen_on_both_sides(desk: Desk) -> None:
    """A guest's and a colleague's stand in the state, and their bytes can be fetched."""
    root, data = desk.open_thread(), base64.b64encode(lake()).decode()
    guest = f"guests/{EMILY.conversation_id}/pictures"
    status, sent = await desk.post(guest, {"name": "lake.png", "data": data, "text": "Look"})
    place = {"channel": GUESTS, "thread_ts": root}
    colleague = f"people/{world.ANNA.user_id}/pictures"
    _, posted = await desk.post(colleague, {**place, "name": "map.png", "data": data})
    state = desk.chain.state()

    assert status == 200
    message: Any = state["messages"][str(sent["message_id"])]
    post: Any = state["posts"][f"{GUESTS}:{posted['ts']}"]
    assert (message["content"], post["text"]) == ("Look", "")
    for (row,), name in ((message["pictures"], "lake.png"), (post["files"], "map.png")):
        assert (row["name"], row["size"]) == (name, len(lake()))
        async with desk.http.get(f"{desk.chain.address.rstrip('/')}{row['url']}") as answer:
            assert (answer.content_type, await answer.read()) == ("image/png", lake())


async def test_what_is_no_picture_is_refused_or_does_not_run(desk: Desk) -> None:
    """Wrong data says what is wrong; a page in place of a picture is a download."""
    guest = f"guests/{EMILY.conversation_id}/pictures"
    for wrong in ({"name": "a"}, {"name": "a", "data": "?"}, {"data": "eA=="}):
        assert (await desk.post(guest, wrong))[0] == 400
    page = base64.b64encode(b"<script>alert(1)</script>").decode()
    _, sent = await desk.post(guest, {"name": "a.html", "data": page})
    url = f"{desk.chain.address}sandbox/pictures/booking"
    async with desk.http.get(f"{url}/{sent['attachment_id']}") as answer:
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["Content-Disposition"] == "attachment"
    for missing in ("booking/x", "slack/x", "other/x"):
        async with desk.http.get(f"{desk.chain.address}sandbox/pictures/{missing}") as answer:
            assert answer.status == 404
