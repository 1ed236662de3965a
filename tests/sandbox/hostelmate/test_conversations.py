"""The list of threads and their messages, as the documents show them."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sandbox.hostelmate.side import HOSTEL, Serve, Side

BOOKING = "e7b7f6bb-6c0c-4e2c-9b3e-9c6f2a1c0a77"


@pytest.mark.shared
async def test_pages_have_the_shape_of_the_documents_examples(side: Side, shared_dir: Path) -> None:
    """Each key of the two examples is there, with a value of the same type, and no other key."""
    text = (shared_dir / "seeds" / "hostelmate-conversations-and-messages.md").read_text("utf-8")
    examples = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    listed, messages = (json.loads(each) for each in examples)
    thread = side.mate.open_thread(HOSTEL, booking_id=BOOKING)
    side.mate.guest_writes(thread.thread_id, "What time is check-in?")

    assert _shape(await side.get()) == _shape(listed)
    assert _shape(await side.get(f"/{thread.thread_id}/messages")) == _shape(messages)


def _shape(value: object) -> object:
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])]
    return type(value).__name__


async def test_the_list_pages_by_offset(side: Side) -> None:
    """Twenty a page unless asked otherwise, until nothing more is there."""
    ids = {side.mate.open_thread(HOSTEL).thread_id for _ in range(45)}

    pages = [await side.get(offset=offset) for offset in (0, 20, 40)]

    assert [page["pagination"]["has_more"] for page in pages] == [True, True, False]
    assert [len(page["results"]) for page in pages] == [20, 20, 5]
    assert {each["id"] for page in pages for each in page["results"]} == ids
    assert pages[0]["pagination"] == {"total": 45, "limit": 20, "offset": 0, "has_more": True}


async def test_messages_are_oldest_first_with_a_back_dated_one_in_between(side: Side) -> None:
    """A message that comes late stands where the agency's time puts it."""
    thread = side.mate.open_thread(HOSTEL)
    now = side.mate.now()
    first = side.mate.guest_writes(thread.thread_id, "first", at=now - timedelta(hours=2))
    last = side.mate.property_writes(thread.thread_id, "last", at=now)
    late = side.mate.guest_writes(thread.thread_id, "late", at=now - timedelta(hours=1))

    page = await side.get(f"/{thread.thread_id}/messages")

    assert [each["id"] for each in page["results"]] == [first, late, last]
    assert page["pagination"]["limit"] == 50


async def test_the_list_shifts_when_something_arrives_between_two_pages(side: Side) -> None:
    """A thread that moves to the front is on neither page, and another one is on both."""
    threads = [side.mate.open_thread(HOSTEL).thread_id for _ in range(4)]
    for thread in threads:
        side.mate.guest_writes(thread, "Hello")
    oldest = threads[0]
    side.stand_in.after("conversations.list", lambda: side.mate.guest_writes(oldest, "Again"))

    pages = [await side.get(limit=2, offset=offset) for offset in (0, 2)]

    seen = [each["id"] for page in pages for each in page["results"]]
    assert len(seen) == 4
    assert oldest not in seen


async def test_what_is_not_there_is_null_or_absent(serve: Serve) -> None:
    """Last message, subject, guest and booking may all be missing."""
    null, absent = await serve(), await serve(unset="absent")
    names = {"last_message", "subject", "guest_name", "booking_id"}
    for side in (null, absent):
        side.mate.open_thread(HOSTEL, guest_name=None)

    (entry,) = (await null.get())["results"]
    (short,) = (await absent.get())["results"]

    assert all(entry[name] is None for name in names)
    assert not names & set(short)


async def test_unread_messages_are_counted_until_somebody_reads_them(side: Side) -> None:
    """The inbox's own state shows in the list and in the messages; reading by API leaves it."""
    thread = side.mate.open_thread(HOSTEL)
    side.mate.guest_writes(thread.thread_id, "One")
    side.mate.guest_writes(thread.thread_id, "Two")
    await side.get(f"/{thread.thread_id}/messages")

    (before,) = (await side.get())["results"]
    side.mate.read_in_inbox(thread.thread_id)
    side.mate.archive(thread.thread_id)
    (after,) = (await side.get())["results"]

    assert (before["unread_count"], before["is_read"], before["status"]) == (2, False, "OPEN")
    assert (after["unread_count"], after["is_read"], after["status"]) == (0, True, "ARCHIVED")


async def test_reading_may_mark_as_read(serve: Serve) -> None:
    """Whether it does is not documented."""
    side = await serve(reading="marks")
    thread = side.mate.open_thread(HOSTEL)
    side.mate.guest_writes(thread.thread_id, "One")

    await side.get(f"/{thread.thread_id}/messages")

    assert (await side.get())["results"][0]["is_read"] is True


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"channel": "AIRBNB"}, ["a"]),
        ({"channel": "SMOKE_SIGNAL"}, []),
        ({"booking_id": BOOKING}, ["b"]),
        ({"search": "grace"}, ["b"]),
        ({"search": "PARKING"}, ["a"]),
        ({"search": "wedding"}, ["b"]),
    ],
)
async def test_the_list_is_filtered(
    side: Side, params: dict[str, str], expected: list[str]
) -> None:
    """By channel, booking and words."""
    side.mate.open_thread(HOSTEL, thread_id="a", guest_name="Ada")
    side.mate.guest_writes("a", "Is there parking?")
    side.mate.open_thread(
        HOSTEL,
        thread_id="b",
        guest_name="Grace",
        channel="EMAIL",
        subject="Our wedding",
        booking_id=BOOKING,
    )

    page = await side.get("", **params)

    assert [each["id"] for each in page["results"]] == expected
    assert page["pagination"]["total"] == len(expected)


@pytest.mark.parametrize("order", ["activity", "created", "id"])
async def test_the_order_of_the_list_is_a_switch(serve: Serve, order: str) -> None:
    """No order is documented."""
    side = await serve(list_order=order)
    for name in ("b", "a", "c"):
        side.mate.open_thread(HOSTEL, thread_id=name)
    side.mate.guest_writes("b", "Hello")

    listed = [each["id"] for each in (await side.get())["results"]]

    expected = {"activity": ["b", "c", "a"], "created": ["b", "a", "c"], "id": ["a", "b", "c"]}
    assert listed == expected[order]


@pytest.mark.parametrize(("preview", "expected"), [("written", "new"), ("arrived", "late")])
async def test_the_preview_is_a_switch(serve: Serve, preview: str, expected: str) -> None:
    """The last message: by the time it was written, or by when it came."""
    side = await serve(preview=preview)
    thread = side.mate.open_thread(HOSTEL)
    side.mate.guest_writes(thread.thread_id, "new")
    early = side.mate.now() - timedelta(hours=1)
    side.mate.guest_writes(thread.thread_id, "late", at=early)

    assert (await side.get())["results"][0]["last_message"]["content"] == expected


@pytest.mark.parametrize(
    ("times", "form"),
    [
        ("seconds", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
        ("millis", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"),
        ("offset", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"),
    ],
)
async def test_times_come_in_several_forms(serve: Serve, times: str, form: str) -> None:
    """ISO 8601 is all that is promised."""
    side = await serve(times=times)
    side.mate.open_thread(HOSTEL)

    assert re.fullmatch(form, (await side.get())["results"][0]["created_at"])
