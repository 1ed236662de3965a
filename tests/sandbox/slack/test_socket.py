"""Socket Mode: tickets, acknowledgements, redelivery, refresh, cuts, faults of events."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bridgebot.sandbox.slack.socket import MOST, SocketMode
from bridgebot.sandbox.slack.standin import SlackStandIn
from tests.sandbox.slack.listener import (
    bolt_app,
    connected,
    listening,
    socket_url,
)
from tests.sandbox.slack.stand import ANNA, BOT, DESK, HASTE, OFFICE, POOR, Clock, Stand, furnished


def write(stand: Stand, text: str = "hello", channel: str = DESK) -> str:
    """Let Anna write."""
    return stand.workspace.person_writes(ANNA, channel, text)


async def refused(stand: Stand, url: str) -> int:
    """Try a handshake that is refused; return its status."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as told:
        await stand.session.ws_connect(url)
    return told.value.status


async def test_a_connection_begins_with_hello(stand: Stand) -> None:
    """Each counts those that are open; a PING comes back as a PONG with the same bytes."""
    async with listening(stand) as one, listening(stand) as two:
        hellos = [each.frames[0] for each in (one, two)]
    async with stand.session.ws_connect(await socket_url(stand), autoping=False) as raw:
        await raw.receive()
        await raw.ping(b"sdk-ping-pong:1.5")
        pong = await raw.receive(5)

    assert [each["type"] for each in hellos] == ["hello", "hello"]
    assert [each["num_connections"] for each in hellos] == [1, 2]
    assert hellos[0]["connection_info"] == {"app_id": BOT.app_id}
    assert (pong.type, bytes(pong.data)) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1.5")


async def test_a_ticket_opens_one_connection(stand: Stand) -> None:
    """Used, unknown and refused ones get no handshake."""
    url = await socket_url(stand)
    async with stand.session.ws_connect(url):
        assert await refused(stand, url) == 403
    assert await refused(stand, stand.url + "/socket?ticket=none") == 403
    stand.slack.sockets.refusing = True
    assert await refused(stand, await socket_url(stand)) == 403


async def test_an_app_has_ten_connections_at_most(stand: Stand) -> None:
    """The eleventh handshake is refused."""
    sockets = [await stand.session.ws_connect(await socket_url(stand)) for _ in range(MOST)]
    await stand.until(lambda: stand.slack.sockets.connections == MOST)

    assert await refused(stand, await socket_url(stand)) == 429
    for each in sockets:
        await each.close()


async def test_each_event_goes_to_one_connection(stand: Stand) -> None:
    """Two connections share the events; none comes twice."""
    async with listening(stand) as one, listening(stand) as two:
        sent = {write(stand, str(number)) for number in range(6)}
        await stand.until(lambda: len(one.events) + len(two.events) == 6)

    assert len(one.events) == len(two.events) == 3
    assert {each["ts"] for each in one.events + two.events} == sent


async def test_what_is_not_acknowledged_comes_again(stand: Stand) -> None:
    """Four attempts with the same event id and fresh envelopes; then it is dropped and counted."""
    async with listening(stand, silent=True) as app:
        write(stand)
        await app.wait(4)
        await stand.until(lambda: stand.slack.sockets.dropped)

    assert [each["retry_attempt"] for each in app.envelopes] == [0, 1, 2, 3]
    assert [each["retry_reason"] for each in app.envelopes] == ["", *["timeout"] * 3]
    assert len({each["payload"]["event_id"] for each in app.envelopes}) == 1
    assert len({each["envelope_id"] for each in app.envelopes}) == 4
    assert not any(each["accepts_response_payload"] for each in app.envelopes)
    assert [each["what"] for each in stand.workspace.wire][-1] == "dropped"


async def test_an_acknowledgement_may_take_the_time_that_is_given(stand: Stand) -> None:
    """One that is late in the first attempt ends the second; nothing comes after it."""
    sockets = stand.slack.sockets
    async with listening(stand, silent=True) as app:
        sockets.ack_seconds = 1.0
        write(stand)
        second = (await app.wait(2))[1]
        await app.socket.send_json({"envelope_id": app.envelopes[1]["envelope_id"]})
        await stand.until(lambda: sockets.counts["acknowledged"] == 1)
        write(stand, "next")
        await app.event(text="next")

    assert sum(each["event_id"] == second["event_id"] for each in app.payloads) == 2
    assert SocketMode(stand.workspace).ack_seconds == 3.0


async def test_events_wait_while_no_connection_is_open(stand: Stand) -> None:
    """They come with a later attempt of the schedule, to whoever is connected then."""
    ts = write(stand)
    await stand.until(lambda: stand.slack.sockets._waiting)
    async with listening(stand) as app:
        await app.event(ts=ts)

    assert app.envelopes[0]["retry_attempt"] > 0


async def test_an_event_that_nobody_was_there_for_is_dropped(stand: Stand) -> None:
    """When the schedule is over it is counted, and does not come any more."""
    stand.slack.sockets.ack_seconds = HASTE
    write(stand, "lost")
    await stand.until(lambda: stand.slack.sockets.dropped == 1)
    async with listening(stand) as app:
        write(stand, "kept")
        await app.event(text="kept")

    assert [each["text"] for each in app.events] == ["kept"]


async def test_bolt_takes_events_over_a_refresh_and_a_cut(stand: Stand) -> None:
    """After each of them the client asks for a new address and goes on."""
    bolt = bolt_app(stand)
    got: list[str] = []

    @bolt.event("message")
    async def heard(event: dict[str, Any]) -> None:
        got.append(event["text"])

    sockets = stand.slack.sockets

    def turns() -> int:
        return sum(each["type"] == "socket" for each in stand.changes)

    async def heard_again(text: str, turn: int) -> None:
        await stand.until(lambda: turns() >= turn and sockets.connections == 1)
        write(stand, text)
        await stand.until(lambda: text in got)

    async with connected(stand, bolt):
        await heard_again("first", 1)
        await sockets.disconnect()
        await heard_again("refreshed", 3)
        await sockets.disconnect("warning")
        await heard_again("warned", 5)
        sockets.cut()
        await heard_again("cut", 7)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "link_disabled"])
async def test_a_connection_is_told_why_it_must_go(stand: Stand, reason: str) -> None:
    """The frame names the reason."""
    async with listening(stand) as app:
        await stand.slack.sockets.disconnect(reason)
        await stand.until(lambda: len(app.frames) > 1)

    assert (app.frames[1]["type"], app.frames[1]["reason"]) == ("disconnect", reason)


async def test_a_connection_that_lived_long_enough_is_warned_then_refreshed(
    stand: Stand,
) -> None:
    """Both by themselves, on a timer."""
    stand.slack.sockets.lifetime = 0.05
    async with listening(stand) as app:
        await stand.until(lambda: len(app.frames) == 3)

    assert [each.get("reason") for each in app.frames] == [None, "warning", "refresh_requested"]


async def test_events_can_come_twice(stand: Stand) -> None:
    """Both have the same event id; the next event comes once."""
    stand.slack.sockets.duplicating = 1
    async with listening(stand) as app:
        first, second = write(stand, "one"), write(stand, "two")
        await app.wait(3)

    ids = {each["event_id"] for each in app.payloads if each["event"]["ts"] == first}
    assert sorted(each["ts"] for each in app.events) == [first, first, second]
    assert len(ids) == 1


async def test_events_can_come_in_reverse(stand: Stand) -> None:
    """What is held comes when enough is held, or after a second at the latest."""
    stand.slack.sockets.reordering = 3
    async with listening(stand) as app:
        sent = [write(stand, str(number)) for number in range(3)]
        await app.wait(3)
        stand.slack.sockets.reordering = 2
        late = write(stand, "alone")
        assert late not in {each["ts"] for each in app.events}
        await app.event(ts=late)

    assert [each["ts"] for each in app.events][:3] == sent[::-1]


async def test_an_event_needs_membership_subscription_and_scope(stand: Stand) -> None:
    """The poor app is in the channel but has no scope for its messages."""
    async with listening(stand) as app, listening(stand, POOR) as poor:
        hidden = write(stand, "private", OFFICE)
        stand.workspace.react(ANNA, DESK, write(stand, "public"), "eyes")
        await app.event(ts=hidden, channel_type="group")
        await app.event(type="reaction_added", user=ANNA)

    assert poor.events == []


async def test_the_bot_hears_itself(stand: Stand) -> None:
    """Its own posts, changes and deletions come back, as they do from Slack."""
    async with listening(stand) as app:
        ts = await stand.post("mine")
        await stand.client.chat_update(channel=DESK, ts=ts, text="changed")
        await stand.client.chat_delete(channel=DESK, ts=ts)
        posted = await app.event(ts=ts)
        changed = await app.event(subtype="message_changed")
        deleted = await app.event(subtype="message_deleted")

    assert posted["bot_id"] == BOT.bot_id
    assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("changed", "mine")
    assert changed["message"]["edited"]["user"] == BOT.bot_id
    assert (deleted["deleted_ts"], deleted["hidden"]) == (ts, True)


async def test_an_event_is_told_as_it_was(stand: Stand) -> None:
    """What changes while it waits does not change it."""
    async with listening(stand) as app:
        ts = write(stand, "first")
        stand.workspace.channels[DESK].messages[ts]["blocks"][0]["elements"].clear()
        told = await app.event(ts=ts)

    assert told["blocks"][0]["elements"]


async def test_closing_ends_the_connections_too(stand: Stand) -> None:
    """The app sees a close frame."""
    async with listening(stand) as app:
        await stand.slack.sockets.close()
        await stand.until(lambda: app.socket.closed)

    assert app.socket.close_code == aiohttp.WSCloseCode.OK


async def test_closing_ends_all_deliveries() -> None:
    """Nothing is left running, however long a schedule is."""
    workspace = furnished(Clock())
    slack = SlackStandIn(workspace, sockets=SocketMode(workspace, ack_seconds=60.0))
    app = web.Application()
    slack.add_routes(app)
    app.freeze()
    before = asyncio.all_tasks()
    workspace.person_writes(ANNA, DESK, "hello")
    assert asyncio.all_tasks() > before

    await app.shutdown()

    assert asyncio.all_tasks() == before
