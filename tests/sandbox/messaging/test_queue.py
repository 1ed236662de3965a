"""The queue of the Booking.com stand-in."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from bridgebot.sandbox.messaging.booking import Conversation
from tests.sandbox.messaging.side import HOTEL, NOON, Serve, Side

_GREGORIAN = datetime(1582, 10, 15, tzinfo=UTC)


async def test_a_batch_has_the_documented_types(side: Side) -> None:
    """``ok`` is a boolean, the count a number, the time has two digits and no zone."""
    side.booking.guest_writes("c1", "Hello")
    data = await side.latest()

    assert (data["ok"], data["number_of_messages"]) == (True, 1)
    assert data["timestamp"] == "2026-06-01T12:00:00.44"
    (entry,) = data["messages"]
    assert entry["timestamp"] == "2026-06-01T12:00:00.000Z"
    assert entry["attachment_ids"] == []
    assert entry["sender"]["metadata"] == {"participant_type": "GUEST", "name": "Ada Example"}
    assert entry["message_type"] == "free_text"


async def test_version_1_0_knows_no_types_and_no_names(side: Side) -> None:
    """Without the header there are neither message types, attributes, nor guests' names."""
    side.booking.guest_writes("c1", "Hello", attributes={"template_id": "1"})
    for version in (None, "1.0", "1.1"):
        (entry,) = (await side.latest(version=version))["messages"]
        assert not {"message_type", "attributes"} & set(entry)
        assert entry["sender"]["metadata"] == {"participant_type": "GUEST"}


async def test_ids_tell_the_time_as_the_real_ones_do(side: Side) -> None:
    """An id is a version 1 UUID of the message's time; a guest's time is cut to seconds."""
    for message_id in (
        side.booking.guest_writes("c1", "Hello"),
        side.booking.property_writes("c1", "Welcome"),
    ):
        made = uuid.UUID(message_id)
        assert made.version == 1
        assert _GREGORIAN + timedelta(microseconds=made.time // 10) == NOON
    guest, hotel = side.booking.conversations["c1"].messages
    assert (guest.at, hotel.at) == (NOON.replace(microsecond=0), NOON)


async def test_a_hundred_at_most_and_the_rest_after_the_confirm(side: Side) -> None:
    """A fetch gives up to 100, again and again, until they are confirmed."""
    sent = [side.booking.guest_writes("c1", f"message {number}") for number in range(130)]
    first, again = await side.latest(), await side.latest()
    assert [each["message_id"] for each in first["messages"]] == sent[:100]
    assert again["messages"] == first["messages"]
    assert (await side.confirm(100)).json()["data"] == {"ok": True}
    rest = await side.latest()
    assert [each["message_id"] for each in rest["messages"]] == sent[100:]


async def test_each_account_has_its_own_queue_with_echoes(side: Side) -> None:
    """All accounts of a property get all messages, the property's own included."""
    other = side.booking.add_account("other", "secret", [HOTEL])
    foreign = side.booking.add_account("foreign", "secret", ["1"])
    posted = (await side.post("Welcome")).json()["data"]["message_id"]
    extranet = side.booking.property_writes("c1", "By hand")
    entries = (await side.latest())["messages"]

    assert [each["message_id"] for each in entries] == [posted, extranet]
    assert entries[0]["sender"]["metadata"] == {"participant_type": "property"}
    assert (len(other.queue), len(foreign.queue)) == (2, 0)


@pytest.mark.parametrize(("mode", "left"), [("head", 0), ("batch", 1)])
async def test_what_a_second_confirm_removes(serve: Serve, mode: str, left: int) -> None:
    """Two confirms in a row lose a message unseen where a count means the first N now."""
    side = await serve(confirm_mode=mode)
    side.booking.guest_writes("c1", "seen")
    await side.latest()
    side.booking.guest_writes("c1", "unseen")
    await side.confirm(1)
    await side.confirm(1)

    assert len(side.account.queue) == left


@pytest.mark.parametrize("count", ["", "x", "-1", "1.5"])
async def test_a_confirm_needs_a_count(side: Side, count: str) -> None:
    """Anything but a number that is not negative is refused."""
    assert (await side.confirm(count)).status_code == 400


async def test_confirming_too_much_is_cut_or_refused(serve: Serve) -> None:
    """The switch says which."""
    for setting, status, left in (("clamp", 200, 0), ("400", 400, 1)):
        side = await serve(over_count=setting)
        side.booking.guest_writes("c1", "Hello")
        await side.latest()
        assert (await side.confirm(2)).status_code == status
        assert len(side.account.queue) == left


async def test_a_confirm_without_a_fetch_can_be_refused(serve: Serve) -> None:
    """The switch says whether a fetch has to come first."""
    side = await serve(put_without_get="400")
    side.booking.guest_writes("c1", "Hello")
    assert (await side.confirm(1)).status_code == 400
    await side.latest()
    assert (await side.confirm(1)).status_code == 200


async def test_access_that_is_off_gathers_nothing(serve: Serve) -> None:
    """Messages of that time never come; the answer is 403 or empty."""
    for setting, status in (("403", 403), ("empty", 200)):
        side = await serve(access_off=setting)
        side.account.queue_enabled = False
        side.booking.guest_writes("c1", "Hello")
        assert (await side.call("GET", "/messages/latest")).status_code == status
        side.account.queue_enabled = True
        assert (await side.latest())["messages"] == []


async def test_self_service_requests_need_the_accounts_flag(side: Side) -> None:
    """The flag brings them into the queue in any version, the header alone does not."""
    for flag in (False, True):
        side.account.self_service = flag
        side.booking.guest_writes("c1", "When?", kind="self_service_event")
    for version in ("1.0", "1.2"):
        assert (await side.latest(version=version))["number_of_messages"] == 1


@pytest.mark.parametrize(
    ("setting", "expected"), [("number", int(HOTEL)), ("string", HOTEL), ("absent", None)]
)
async def test_how_entries_name_the_property(
    serve: Serve, setting: str, expected: str | int | None
) -> None:
    """As a number, as a string, or not at all."""
    side = await serve(property_id=setting)
    side.booking.guest_writes("c1", "Hello")
    (entry,) = (await side.latest())["messages"]
    assert entry["conversation"].get("property_id") == expected


async def test_entries_can_name_the_addressee(serve: Serve) -> None:
    """``reply_to`` is a participant's id."""
    side = await serve(reply_to="present")
    side.booking.guest_writes("c1", "Hello")
    (entry,) = (await side.latest())["messages"]
    assert entry["reply_to"] == side.booking.conversations["c1"].hotel_id


async def test_a_requests_guest_has_no_name_until_it_is_confirmed(side: Side) -> None:
    """Then old messages show the name; type and reference change, the id stays."""
    request = Conversation("c2", HOTEL, "Bo Example", "r77", kind="request_to_book")
    side.booking.add_conversation(request)
    side.booking.guest_writes("c2", "Is it free?")
    (before,) = (await side.latest())["messages"]
    side.booking.confirm_request("c2", "932")
    (after,) = (await side.latest())["messages"]

    assert "name" not in before["sender"]["metadata"]
    assert before["conversation"]["conversation_type"] == "request_to_book"
    assert after["sender"]["metadata"]["name"] == "Bo Example"
    assert after["conversation"] == before["conversation"] | {
        "conversation_type": "reservation",
        "conversation_reference": "932",
    }


async def test_a_name_can_appear_later(side: Side) -> None:
    """A guest without a name gets one; watchers hear of it."""
    heard: list[object] = []
    side.booking.watch(lambda change: heard.append(change["type"]))
    side.booking.set_guest_name("c1", None)
    side.booking.guest_writes("c1", "Hello")
    assert "name" not in (await side.latest())["messages"][0]["sender"]["metadata"]
    side.booking.set_guest_name("c1", "Cy Example")
    assert (await side.latest())["messages"][0]["sender"]["metadata"]["name"] == "Cy Example"
    assert heard == ["conversation", "message", "conversation"]


async def test_a_long_queue_is_served_and_drained_quickly(side: Side) -> None:
    """What a fetch or a confirm takes does not grow with the queue."""
    for number in range(100_000):
        side.booking.guest_writes("c1", str(number))
    started = time.perf_counter()
    for _ in range(100):
        await side.latest()
        await side.confirm(100)
    assert len(side.account.queue) == 90_000
    assert time.perf_counter() - started < 20
