"""Tags: what was read, and what needs no reply."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.messaging.side import HOTEL, LIST, ONE, Serve, Side

NO_REPLY, READ = f"{ONE}/tags/no_reply_needed", f"{ONE}/tags/message_read"


def _reader(side: Side) -> str:
    return side.booking.conversations["c1"].hotel_id


async def _messages(side: Side) -> list[dict[str, Any]]:
    return list((await side.data("GET", ONE))["conversation"]["messages"])


async def test_the_tags_of_a_property_are_listed(serve: Serve) -> None:
    """Both that can be set, without an ``ok``; another's property is refused."""
    side = await serve()

    data = await side.data("GET", f"/properties/{HOTEL}/tags")

    assert [each["tag"] for each in data["tags"]] == ["no_reply_needed", "read"]
    assert all(set(each) == {"tag", "description", "usage"} for each in data["tags"])
    assert set(data) == {"tags"}
    assert (await side.call("GET", "/properties/1/tags")).status_code == 403


async def test_no_reply_needed_is_set_and_removed(serve: Serve) -> None:
    """A conversation shows it once it was set, and false after it was removed."""
    side = await serve()
    assert "tags" not in (await side.data("GET", ONE))["conversation"]

    assert await side.data("PUT", NO_REPLY) == {"tag": "no_reply_needed", "is_set": True}
    shown = (await side.data("GET", ONE))["conversation"]["tags"]
    assert shown == {"no_reply_needed": {"set": True}}

    assert await side.data("DELETE", NO_REPLY) == {"tag": "no_reply_needed", "is_set": False}
    shown = (await side.data("GET", ONE))["conversation"]["tags"]
    assert shown == {"no_reply_needed": {"set": False}}


async def test_a_read_message_has_an_entry_of_its_own_after_it(serve: Serve) -> None:
    """Such an entry has no id, no text and no time; it goes when the tag is removed."""
    side = await serve()
    message_id = side.booking.guest_writes("c1", "Hello")
    body = {"message_ids": [message_id], "participant_id": _reader(side)}

    assert await side.data("PUT", READ, json=body) == {"tag": "read", "is_set": True}
    message, entry = await _messages(side)
    assert message["message_id"] == message_id
    assert entry == {"tags": {"read": {"set": True, "participants": [_reader(side)]}}}

    assert await side.data("DELETE", READ, json=body) == {"tag": "read", "is_set": False}
    assert len(await _messages(side)) == 1


async def test_a_read_message_may_carry_its_tags_itself(serve: Serve) -> None:
    """The other reading of the sample: one object."""
    side = await serve(read_tags="inside")
    message_id = side.booking.guest_writes("c1", "Hello")

    body = {"message_ids": [message_id], "participant_id": _reader(side)}
    await side.data("PUT", READ, json=body)

    (message,) = await _messages(side)
    assert (message["content"], message["tags"]["read"]["set"]) == ("Hello", True)


async def test_a_list_shows_no_read_tags(serve: Serve) -> None:
    """It has the newest message and nothing else."""
    side = await serve()
    message_id = side.booking.guest_writes("c1", "Hello")
    body = {"message_ids": [message_id], "participant_id": _reader(side)}
    await side.data("PUT", READ, json=body)

    (conversation,) = (await side.data("GET", LIST))["conversations"]

    (message,) = conversation["messages"]
    assert "tags" not in message


@pytest.mark.parametrize("wrong", ["message", "reader", "none", "shape"])
async def test_what_cannot_be_tagged_is_refused_and_nothing_is_marked(
    serve: Serve, wrong: str
) -> None:
    """Unknown messages, strangers, no messages, something that is no list."""
    side = await serve()
    ids: object = [side.booking.guest_writes("c1", "Hello")]
    ids = {"message": [*ids, "another"], "none": [], "shape": "x"}.get(wrong, ids)  # type: ignore[misc]
    reader = "stranger" if wrong == "reader" else _reader(side)

    answer = await side.call("PUT", READ, json={"message_ids": ids, "participant_id": reader})

    assert answer.status_code == 400
    assert len(await _messages(side)) == 1


async def test_the_experimental_endpoint_takes_the_tag_from_the_body(serve: Serve) -> None:
    """Both tags by one path; a tag that cannot be set is refused."""
    side = await serve()
    path = f"{ONE}/tags"
    message_id = side.booking.guest_writes("c1", "Hello")
    body = {"tag": "read", "message_ids": [message_id], "participant_id": _reader(side)}

    assert (await side.data("POST", path, json=body))["is_set"] is True
    assert len(await _messages(side)) == 2
    assert (await side.data("DELETE", path, json=body))["is_set"] is False
    assert await side.data("POST", path, json={**body, "tag": "no_reply_needed"}) == {
        "tag": "no_reply_needed",
        "is_set": True,
    }
    assert (await side.call("POST", path, json={**body, "tag": "pending_guest"})).status_code == 400


async def test_a_booking_request_cannot_be_tagged(serve: Serve) -> None:
    """Tagging is disabled until it is a reservation."""
    side = await serve()
    side.booking.conversations["c1"].kind = "request_to_book"
    assert (await side.call("PUT", NO_REPLY)).status_code == 400

    side.booking.confirm_request("c1", "555")
    assert (await side.call("PUT", NO_REPLY)).status_code == 200
