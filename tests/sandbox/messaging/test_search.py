"""Search jobs: made by one call, ready after some polls, gone after two days."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bridgebot.sandbox.messaging.booking import Conversation
from tests.sandbox.messaging.side import HOTEL, Serve, Side

SEARCH, RESULT = "/messages/search", "/messages/search/result"


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


async def _job(side: Side, version: str = "1.2", **params: str) -> str:
    made = await side.data("GET", SEARCH, version=version, params=params or {"property_id": HOTEL})
    return str(made["job_id"])


async def _found(side: Side, *, version: str = "1.2", **params: str) -> list[dict[str, Any]]:
    """Search, and read the first page."""
    job = await _job(side, version, **params)
    data = await side.data("GET", f"{RESULT}/{job}", version=version)
    return list(data["messages"])


async def test_a_job_is_made_by_each_call_and_says_when_it_expires(serve: Serve) -> None:
    """The id's own time plus 48 hours is the expiry, written as Java writes it."""
    side = await serve()
    first = await side.data("GET", SEARCH, params={"property_id": HOTEL})
    second = await side.data("GET", SEARCH, params={"property_id": HOTEL})

    assert set(first) == {"job_id", "expires_at", "ok"}
    assert first["job_id"] != second["job_id"]
    assert uuid.UUID(first["job_id"]).version == 1
    assert first["ok"] is True
    assert first["expires_at"] == f"{_stamp(side.time + timedelta(hours=48))}[GMT]"


@pytest.mark.parametrize(
    ("shape", "status", "data"),
    [
        ("status", 200, {"ok": True, "status": "processing"}),
        ("202", 202, {"ok": True, "status": "processing"}),
        ("empty", 200, {}),
        ("404", 404, {}),
    ],
)
async def test_a_result_is_not_ready_for_some_polls(
    serve: Serve, shape: str, status: int, data: dict[str, Any]
) -> None:
    """Until then the answer has no messages; what it has instead is a switch."""
    side = await serve(search_pending=shape)
    job = await _job(side)

    for _ in range(2):
        early = await side.call("GET", f"{RESULT}/{job}")
        shown = {key: value for key, value in early.json()["data"].items() if key != "job_id"}
        assert (early.status_code, shown) == (status, data)
    ready = await side.data("GET", f"{RESULT}/{job}")
    assert ready == {"messages": [], "next_page_id": "", "ok": True}


async def test_a_result_has_the_shape_of_the_sample(serve: Serve) -> None:
    """The property is at the top and named in any version; the sender's kind is hotel or guest."""
    side = await serve(search_pending="never")
    side.booking.guest_writes("c1", 'Hello "there"')
    side.passes(minutes=1)
    side.booking.property_writes(
        "c1", "Welcome", kind="automatically_sent_template", attributes={"template_id": "7"}
    )

    hotel, guest = await _found(side)
    old_hotel, old_guest = await _found(side, version="1.0")

    assert hotel["sender"]["metadata"] == {"participant_type": "hotel", "name": "Hotel Example"}
    assert guest["sender"]["metadata"] == {"participant_type": "guest", "name": "Ada Example"}
    assert (guest["property_id"], guest["content"]) == (HOTEL, 'Hello "there"')
    assert guest["conversation"] == {
        "conversation_id": "c1",
        "conversation_type": "reservation",
        "conversation_reference": "931",
    }
    assert (hotel["message_type"], hotel["attributes"]) == (
        "automatically_sent_template",
        {"template_id": "7"},
    )
    assert old_hotel["sender"]["metadata"]["name"] == "Hotel Example"
    assert "name" not in old_guest["sender"]["metadata"]
    assert "message_type" not in old_guest


async def test_pages_hold_fifty_and_the_last_says_so_by_an_empty_id(serve: Serve) -> None:
    """120 messages come on three pages, oldest first where that is asked for."""
    side = await serve(search_pending="never", page_ids="base64")
    sent = [side.booking.guest_writes("c1", f"message {number}") for number in range(120)]
    job = await _job(side, order_by="asc")

    came: list[str] = []
    sizes: list[int] = []
    page: str | None = None
    while page != "":
        params = {"page_id": page} if page else {}
        data = await side.data("GET", f"{RESULT}/{job}", params=params)
        came += [each["message_id"] for each in data["messages"]]
        sizes.append(len(data["messages"]))
        page = data["next_page_id"]

    assert (came, sizes) == (sent, [50, 50, 20])


async def test_the_order_is_the_one_asked_for_or_a_switch(serve: Serve) -> None:
    """Newest first or oldest first; the documents name no default."""
    side = await serve(search_pending="never", search_order="asc")
    for text in ("one", "two"):
        side.booking.guest_writes("c1", text)
        side.passes(minutes=1)

    assert [each["content"] for each in await _found(side)] == ["one", "two"]
    newest = await _found(side, order_by="desc")
    assert [each["content"] for each in newest] == ["two", "one"]


async def test_windows_are_inclusive_and_of_ninety_days(serve: Serve) -> None:
    """With one end the other is 90 days away; without any, the last 90 days are searched."""
    side = await serve(search_pending="never", search_order="asc")
    start = side.time.replace(microsecond=0)
    for days in (0, 90, 100):
        side.time = start + timedelta(days=days)
        side.booking.guest_writes("c1", f"day {days}")
    await side.log_in()

    async def texts(**params: str) -> list[str]:
        return [each["content"] for each in await _found(side, **params)]

    assert await texts(after=_stamp(start)) == ["day 0", "day 90"]
    assert await texts(before=_stamp(start + timedelta(days=90))) == ["day 0", "day 90"]
    assert await texts(property_id=HOTEL) == ["day 90", "day 100"]
    whole = {"after": _stamp(start), "before": _stamp(start + timedelta(days=100))}
    assert await texts(**whole) == ["day 0", "day 90"]

    strict = await serve(search_window="400")
    assert (await strict.call("GET", SEARCH, params=whole)).status_code == 400


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({}, 400),
        ({"after": "yesterday"}, 400),
        ({"after": "2026-05-01T00:00:00.000"}, 400),
        ({"order_by": "sideways"}, 400),
        ({"property_id": "1"}, 403),
    ],
)
async def test_a_search_that_makes_no_sense_is_refused(
    serve: Serve, params: dict[str, str], status: int
) -> None:
    """Without a parameter, with a time that is none, or for a foreign property."""
    side = await serve()

    assert (await side.call("GET", SEARCH, params=params)).status_code == status
    assert side.booking.jobs == {}


async def test_a_job_of_another_account_or_age_is_not_served(serve: Serve) -> None:
    """Unknown jobs are 404; expired ones 410 or 404, as a switch says."""
    for status in (410, 404):
        side = await serve(search_expired=status)
        job = await _job(side)
        assert (await side.call("GET", f"{RESULT}/{uuid.uuid4()}")).status_code == 404

        side.passes(hours=48)
        await side.log_in()
        assert (await side.call("GET", f"{RESULT}/{job}")).status_code == status
        side.booking.jobs[job].client_id = "other"
        assert (await side.call("GET", f"{RESULT}/{job}")).status_code == 404


@pytest.mark.parametrize(
    ("flag", "made_by", "asked_by", "shown"),
    [
        (False, "1.0", "1.2", False),
        (False, "1.2", "1.0", False),
        (False, "1.2", "1.2", True),
        (True, "1.0", "1.0", True),
    ],
)
async def test_self_service_requests_need_the_version_on_both_calls_or_the_flag(
    serve: Serve, *, flag: bool, made_by: str, asked_by: str, shown: bool
) -> None:
    """A search made under 1.0 leaves them out, even when its result is read under 1.2."""
    side = await serve(search_pending="never")
    side.account.self_service = flag
    side.booking.guest_writes("c1", "Late arrival", kind="self_service_event")
    job = await _job(side, made_by)

    data = await side.data("GET", f"{RESULT}/{job}", version=asked_by)

    assert bool(data["messages"]) is shown


async def test_only_the_accounts_properties_are_searched(serve: Serve) -> None:
    """Without a property all of the account's are meant, and no others."""
    side = await serve(search_pending="never")
    side.booking.add_property("77", "Another")
    side.booking.add_conversation(Conversation("c2", "77", "Bo Example", "932"))
    side.booking.guest_writes("c1", "mine")
    side.booking.guest_writes("c2", "another's")

    found = await _found(side, before=_stamp(datetime(2026, 6, 2, tzinfo=UTC)))

    assert [each["content"] for each in found] == ["mine"]
