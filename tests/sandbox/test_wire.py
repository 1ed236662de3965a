"""The wire: what is told, about whom, and what stays hidden."""

from __future__ import annotations

import json
from typing import Any

from bridgebot.sandbox import world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.console.wire import hide

EMILY = world.stay_of("Emily")


def rows(chain: Chain) -> list[dict[str, Any]]:
    """List the entries, oldest first."""
    found: list[Any] = list(chain.wire.tables()["wire"].values())
    return found


def log(chain: Chain, what: str, **more: object) -> dict[str, Any]:
    """Log something on Slack's side; give the entry of the page."""
    chain.workspace.wire.append({"side": "slack", "at": 1.0, "what": what, **more})
    return rows(chain)[-1]


def test_secrets_are_hidden_wherever_they_stand() -> None:
    """Tokens, tickets and response addresses are dots, as values and inside texts."""
    shown = hide(
        {
            "token": world.BOT_TOKEN,
            "body": [{"url": "ws://127.0.0.1:1/slack/socket?ticket=abc123&app_id=A1"}],
            "response_url": "http://127.0.0.1:1/slack/response/deadbeef",
            "text": f"Authorization: Bearer {world.APP_TOKEN}",
            "count": 3,
        }
    )
    text = json.dumps(shown)
    for secret in (world.BOT_TOKEN, world.APP_TOKEN, "abc123", "deadbeef"):
        assert secret not in text
    assert shown["count"] == 3
    assert "app_id=A1" in text


def test_entry_names_the_conversation_by_its_id() -> None:
    """A call whose path holds a conversation's id is about that guest."""
    chain = Chain()
    path = f"/booking/messaging/properties/1/conversations/{EMILY.conversation_id}"
    chain.booking.wire.append(
        {"side": "booking", "at": 1.0, "what": "conversations.post", "path": path, "status": 200}
    )
    (row,) = rows(chain)
    assert row["conversations"] == [EMILY.conversation_id]
    assert (row["words"], row["failed"]) == ("send to the guest", False)


async def test_entry_names_the_conversation_by_its_thread() -> None:
    """A call or an event in a guest's thread is about that guest; so is its acknowledgement."""
    chain = Chain()
    channel = chain.workspace.channels[world.GUESTS.channel_id]
    payload = {"conversation_id": EMILY.conversation_id}
    root = {
        "user": world.BOT_USER,
        "bot_id": world.BOT,
        "text": "card",
        "metadata": {"event_type": "bridgebot_thread", "event_payload": payload},
    }
    thread = chain.workspace.add_message(channel, root, thread_ts=None)["ts"]
    reply = chain.says(world.ANNA, EMILY, "Hello")
    chain.slack_api.sockets.counts.clear()
    event = {"type": "message", "channel": channel.channel_id, "ts": reply, "thread_ts": thread}
    sent = log(
        chain,
        "envelope",
        kind="events_api",
        body={"envelope_id": "e1", "payload": {"event": event}},
    )
    answer = log(chain, "ack", kind="events_api", body={"envelope_id": "e1"})
    await chain.slack_api.sockets.close()
    assert sent["conversations"] == answer["conversations"] == [EMILY.conversation_id]
    assert (sent["to_bot"], answer["to_bot"]) == (True, False)
    assert answer["words"] == "acknowledge · message"


def test_failures_are_said() -> None:
    """An error, a refused status and a lost answer are told as such."""
    chain = Chain()
    assert log(chain, "chat.postMessage", body={"ok": False, "error": "ratelimited"})["failed"]
    assert log(chain, "conversations.post", status=0)["words"].endswith("no answer")
    assert log(chain, "messages.latest", status=503)["words"].endswith("503")
    assert not log(chain, "messages.confirm", path="/m?number_of_messages=3", body={})["failed"]
    assert rows(chain)[-1]["words"] == "confirm · 3"


def test_old_entries_make_room() -> None:
    """The wire keeps the newest entries alone."""
    chain = Chain()
    for number in range(450):
        log(chain, "reactions.add", number=number)
    assert len(rows(chain)) == 400
    assert rows(chain)[0]["json"]["number"] == 50


def test_fetch_without_messages_is_idle() -> None:
    """A fetch that brings nothing can be left out on the page."""
    chain = Chain()
    assert log(chain, "messages.latest", body={"data": {"messages": []}})["idle"]
    assert not log(chain, "messages.latest", body={"data": {"messages": [{}]}})["idle"]
