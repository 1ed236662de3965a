"""Conversations of the Booking.com stand-in: listed, read, posted to."""

from __future__ import annotations

from typing import Any

import pytest

from bridgebot.sandbox.messaging.booking import Conversation
from tests.sandbox.messaging.side import HOTEL, LIST, ONE, Serve, Side


async def _walk(side: Side, path: str) -> list[dict[str, Any]]:
    """Read all pages."""
    pages: list[dict[str, Any]] = []
    page: str | None = None
    while page != "":
        pages.append(await side.data("GET", path, params={"page_id": page} if page else None))
        page = pages[-1].get("next_page_id", "")
    return pages


async def test_a_conversation_has_the_documented_types(side: Side) -> None:
    """``ok`` is a string, the property's id a number, messages name their sender by id."""
    side.booking.property_writes("c1", "Welcome")
    data = await side.data("GET", ONE)
    entry = data["conversation"]
    guest, hotel = entry["participants"]

    assert data["ok"] == "true"
    assert "next_page_id" not in data
    assert guest["metadata"] == {"type": "guest", "name": "Ada Example"}
    assert hotel["metadata"] == {"type": "property", "id": int(HOTEL)}
    assert entry["conversation_reference"] == "931"
    assert entry["access"] == "read_write"
    (message,) = entry["messages"]
    assert message["sender_id"] == hotel["participant_id"]
    assert message["timestamp"] == "2026-06-01T12:00:00.441Z"
    assert "attachment_ids" not in message


async def test_fifty_messages_a_page_newest_first(side: Side) -> None:
    """120 messages come on three pages."""
    sent = [side.booking.guest_writes("c1", str(number)) for number in range(120)]
    pages = await _walk(side, ONE)

    assert [len(page["conversation"]["messages"]) for page in pages] == [50, 50, 20]
    shown = [each["message_id"] for page in pages for each in page["conversation"]["messages"]]
    assert shown == sent[::-1]


@pytest.mark.parametrize("form", ["uuid", "base64"])
async def test_page_ids_have_either_form(serve: Serve, form: str) -> None:
    """A UUID, or some hundred characters of base64 that must be encoded in an address."""
    side = await serve(page_ids=form, last_page="empty")
    for number in range(60):
        side.booking.guest_writes("c1", str(number))
    first, last = await _walk(side, ONE)

    assert (len(first["next_page_id"]) > 300) == (form == "base64")
    assert last["next_page_id"] == ""


async def test_a_page_id_of_nobody_is_refused(side: Side) -> None:
    """A page id cannot be made up."""
    for path in (ONE, LIST):
        assert (await side.call("GET", path, params={"page_id": "2"})).status_code == 400


async def test_the_list_shows_the_newest_message_of_the_latest_first(side: Side) -> None:
    """Fifty conversations a page, activity first, one message each."""
    for number in range(2, 62):
        side.booking.add_conversation(Conversation(f"c{number}", HOTEL, None, str(number)))
    side.booking.guest_writes("c40", "old")
    side.passes(seconds=1)
    newest = side.booking.guest_writes("c40", "new")
    first, second = await _walk(side, LIST)

    assert [len(first["conversations"]), len(second["conversations"])] == [50, 11]
    top, below = first["conversations"][:2]
    assert [each["message_id"] for each in top["messages"]] == [newest]
    assert below["messages"] == []


@pytest.mark.parametrize(("setting", "there"), [("list", True), ("absent", False)])
async def test_an_empty_conversation(serve: Serve, setting: str, there: bool) -> None:
    """It has an empty list of messages, or none."""
    side = await serve(empty_messages=setting)
    assert ("messages" in (await side.data("GET", ONE))["conversation"]) == there


async def test_tags_of_messages_and_conversations(serve: Serve) -> None:
    """An entry that holds only tags follows its message."""
    side = await serve(tag_entries="on")
    side.booking.conversations["c1"].no_reply_needed = True
    side.booking.guest_writes("c1", "Hello")
    entry = (await side.data("GET", ONE))["conversation"]

    assert entry["tags"] == {"no_reply_needed": {"set": True}}
    assert [set(each) for each in entry["messages"]][1:] == [{"tags"}]


async def test_a_conversation_is_found_by_its_reservation(side: Side) -> None:
    """By type and reference, which is required."""
    path = f"{LIST}/type/reservation"
    found = await side.data("GET", path, params={"conversation_reference": "931"})
    assert found["conversation"]["conversation_id"] == "c1"
    assert (await side.call("GET", path)).status_code == 400
    unknown = await side.call("GET", path, params={"conversation_reference": "0"})
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("setting", "flag", "shown"),
    [
        ("either", False, ["1.2"]),
        ("either", True, ["1.0", "1.2"]),
        ("both", False, []),
        ("both", True, ["1.2"]),
    ],
)
async def test_who_sees_self_service_requests(
    serve: Serve, setting: str, flag: bool, shown: list[str]
) -> None:
    """The documents' table, and their other reading."""
    side = await serve(self_service=setting)
    side.account.self_service = flag
    topic = {"self_service_topic": "checkin"}
    side.booking.guest_writes("c1", "When?", kind="self_service_event", attributes=topic)
    seen: list[str] = []
    for version in ("1.0", "1.2"):
        messages = (await side.data("GET", ONE, version=version))["conversation"]["messages"]
        seen += [version] * len(messages)
        assert all(("attributes" in each) == (version == "1.2") for each in messages)
    assert seen == shown


@pytest.mark.parametrize("place", ["beside", "attributes"])
async def test_a_redaction_is_told_from_version_1_3_on(serve: Serve, place: str) -> None:
    """Where is a switch; the queue delivers the message once more."""
    side = await serve(redacted_place=place)
    message_id = side.booking.guest_writes("c1", "Pay here: https://evil.example")
    await side.latest()
    await side.confirm(1)
    side.booking.redact(message_id)

    for version in ("1.2", "1.3"):
        (shown,) = (await side.data("GET", ONE, version=version))["conversation"]["messages"]
        (queued,) = (await side.data("GET", "/messages/latest", version=version))["messages"]
        for entry in (shown, queued):
            told = entry if place == "beside" else entry.get("attributes", {})
            assert told.get("is_redacted") == (True if version == "1.3" else None)
            assert entry["content"] == "[redacted]"


@pytest.mark.parametrize(
    ("setting", "left"), [("masked", "[redacted]"), ("kept", "Hello"), ("empty", "")]
)
async def test_what_is_left_of_a_redacted_text_is_a_switch(
    serve: Serve, setting: str, left: str
) -> None:
    """So is whether the queue says anything of it."""
    side = await serve(redacted_text=setting, redacted_again="silent")
    message_id = side.booking.guest_writes("c1", "Hello")
    await side.latest()
    await side.confirm(1)
    side.booking.redact(message_id)

    (shown,) = (await side.data("GET", ONE))["conversation"]["messages"]
    assert shown["content"] == left
    assert not side.account.queue


async def test_a_post_is_answered_and_kept(side: Side) -> None:
    """The answer has the id of the message, with ``"true"`` as a string."""
    side.keep_file("a1")
    message = {"content": "Welcome", "attachment_ids": ["a1"]}
    data = await side.data("POST", ONE, json={"message": message})
    (kept,) = side.booking.conversations["c1"].messages

    assert data == {"message_id": kept.message_id, "guest_has_account": True, "ok": "true"}
    assert (kept.content, kept.api, kept.sender) == ("Welcome", True, "property")
    (shown,) = (await side.data("GET", ONE))["conversation"]["messages"]
    assert shown["attachment_ids"] == ["a1"]
    assert side.booking.snapshot()["posted"] == 1


@pytest.mark.parametrize(
    "body", [{}, {"message": "x"}, {"message": {}}, {"message": {"content": 5}}, [], "x"]
)
async def test_a_post_needs_content(side: Side, body: object) -> None:
    """Anything but a message with a text is refused."""
    assert (await side.call("POST", ONE, json=body)).status_code == 400
    assert side.booking.conversations["c1"].messages == []


@pytest.mark.parametrize(
    ("setting", "value", "content", "status"),
    [
        ("empty_content", "400", " \n", 400),
        ("empty_content", "ok", " \n", 200),
        ("max_content", None, "x" * 9000, 200),
        ("max_content", 4000, "x" * 4001, 400),
        ("max_content", 4000, "x" * 4000, 200),
        ("post_status", 201, "x", 201),
    ],
)
async def test_what_may_be_posted(
    serve: Serve, setting: str, value: object, content: str, status: int
) -> None:
    """The documents name no limits, so they are switches."""
    side = await serve(**{setting: value})
    assert (await side.post(content)).status_code == status


@pytest.mark.parametrize("status", [403, 400, 409])
async def test_a_closed_conversation_takes_nothing(serve: Serve, status: int) -> None:
    """Posts are refused while it is read only."""
    side = await serve(read_only_status=status)
    side.booking.set_access("c1", "read_only")
    assert (await side.post("Too late")).status_code == status
    assert side.booking.conversations["c1"].messages == []
    side.booking.set_access("c1", "read_write")
    assert (await side.post("In time")).status_code == 200


async def test_foreign_properties_and_unknown_conversations(serve: Serve) -> None:
    """A foreign property is 403; an unknown conversation is 404 or 403."""
    for setting in (404, 403):
        side = await serve(unknown_status=setting)
        side.booking.add_property("1", "Elsewhere")
        side.booking.add_conversation(Conversation("far", "1", None, "5"))
        for method in ("GET", "POST"):
            body = {"message": {"content": "x"}} if method == "POST" else None
            for path, status in (
                ("/properties/1/conversations/far", 403),
                (f"{LIST}/far", setting),
                (f"{LIST}/nobody", setting),
            ):
                assert (await side.call(method, path, json=body)).status_code == status
        assert (await side.call("GET", "/properties/1/conversations")).status_code == 403
        assert side.booking.conversations["far"].messages == []


async def test_links_are_taken_out(serve: Serve) -> None:
    """Links that the property did not approve go, in guests' and in posted texts."""
    side = await serve(strip_links="on")
    await side.post("See https://hotel.example/map for the way")
    assert side.booking.conversations["c1"].messages[0].content == "See  for the way"


async def test_whether_the_guest_has_an_account(serve: Serve) -> None:
    """A boolean, as in the sample, or a string, as in the table."""
    side = await serve(guest_has_account="string")
    side.booking.conversations["c1"].has_account = False
    assert (await side.post("Hello")).json()["data"]["guest_has_account"] == "false"
