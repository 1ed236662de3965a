"""Faults of the Booking.com stand-in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.messaging.side import Serve, Side


async def _contents(side: Side) -> list[Any]:
    return [each.get("content") for each in (await side.latest())["messages"]]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
async def test_an_error_strikes_as_often_as_it_is_set(side: Side, status: int) -> None:
    """It does nothing else, and passes."""
    side.faults.add("conversations.post", str(status), times=2)  # type: ignore[arg-type]
    assert [(await side.post("x")).status_code for _ in range(3)] == [status, status, 200]
    assert len(side.booking.conversations["c1"].messages) == 1
    assert (side.faults.struck, side.booking.snapshot()["refused"]) == (2, 2)


@pytest.mark.parametrize(("setting", "there"), [("seconds", True), ("absent", False)])
async def test_a_429_says_how_long_or_does_not(serve: Serve, setting: str, there: bool) -> None:
    """``Retry-After`` is a switch."""
    side = await serve(retry_after=setting)
    side.faults.add("*", "429")
    assert ("Retry-After" in (await side.post("x")).headers) == there


@pytest.mark.parametrize(
    ("settings", "body"),
    [
        ({"error_body": "plain"}, "To many requests"),
        ({"error_body": "empty"}, ""),
    ],
)
async def test_bodies_of_errors(serve: Serve, settings: dict[str, str], body: str) -> None:
    """Text or nothing, where it is not the envelope."""
    side = await serve(**settings)
    side.faults.add("*", "429")
    assert (await side.post("x")).text == body


async def test_an_errors_element_can_be_a_string(serve: Serve) -> None:
    """The documents never show one."""
    side = await serve(error_element="string")
    side.faults.add("*", "500")
    assert (await side.post("x")).json()["errors"] == ["Internal server error"]


async def test_a_page_of_html_instead_of_an_answer(side: Side) -> None:
    """As proxies give it."""
    side.faults.add("messages.latest", "html")
    answer = await side.call("GET", "/messages/latest")
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        502,
        "text/html; charset=utf-8",
    )


@pytest.mark.parametrize(("kind", "kept"), [("drop_before", 0), ("drop_after", 1)])
async def test_a_lost_connection_has_taken_effect_or_not(side: Side, kind: Any, kept: int) -> None:
    """The client cannot tell one from the other."""
    side.faults.add("conversations.post", kind)
    with pytest.raises(httpx.TransportError):
        await side.post("x")
    assert len(side.booking.conversations["c1"].messages) == kept
    assert side.booking.wire[-1]["status"] == 0


async def test_a_tokens_answer_can_be_lost(side: Side) -> None:
    """The token was given out, and counts."""
    side.faults.add("token", "drop_after")
    with pytest.raises(httpx.TransportError):
        await side.log_in()
    assert len(side.account.exchanges) == 2


async def test_a_delay_is_only_a_delay(side: Side) -> None:
    """The call goes on afterwards."""
    side.faults.add("*", "delay", seconds=0.001)
    assert (await side.post("x")).status_code == 200


async def test_a_late_confirm_takes_effect_after_the_next_fetch(side: Side) -> None:
    """The one loss that only a comparison of both sides finds."""
    for text in ("one", "two"):
        side.booking.guest_writes("c1", text)
    assert await _contents(side) == ["one", "two"]
    side.faults.add("messages.confirm", "late")
    with pytest.raises(httpx.TransportError):
        await side.confirm(2)
    assert await _contents(side) == ["one", "two"]
    side.booking.guest_writes("c1", "three")
    assert await _contents(side) == ["three"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("duplicate", ["one", "one", "two", "three"]),
        ("redeliver", ["before", "one", "two", "three"]),
        ("reset", []),
        ("junk", [None, "one", "two", "three"]),
    ],
)
async def test_what_can_happen_to_a_batch(side: Side, kind: Any, expected: list[Any]) -> None:
    """The count goes with what is served, and a confirm clears it all."""
    side.booking.guest_writes("c1", "before")
    await side.latest()
    await side.confirm(1)
    for text in ("one", "two", "three"):
        side.booking.guest_writes("c1", text)
    side.faults.add("*", kind)
    data = await side.latest()

    assert [each.get("content") for each in data["messages"]] == expected
    assert data["number_of_messages"] == len(expected)
    await side.confirm(len(expected))
    assert await _contents(side) == []


async def test_a_batch_in_another_order(side: Side) -> None:
    """The same messages, not in the same order, and still so at the next fetch."""
    texts = [str(number) for number in range(20)]
    for text in texts:
        side.booking.guest_writes("c1", text)
    side.faults.add("messages.latest", "reorder")
    mixed = await _contents(side)

    assert mixed != texts
    assert sorted(mixed) == sorted(texts)
    assert await _contents(side) == mixed


async def test_a_count_that_does_not_fit(side: Side) -> None:
    """One message more is stated than there is."""
    side.booking.guest_writes("c1", "one")
    side.faults.add("messages.latest", "mismatch")
    data = await side.latest()
    assert (len(data["messages"]), data["number_of_messages"]) == (1, 2)


async def test_unknown_keys_and_values(side: Side) -> None:
    """New keys, and a type that nobody has heard of; unreadable entries stay as they are."""
    side.booking.guest_writes("c1", "one")
    side.booking.queue_junk("not even an object")
    side.faults.add("messages.latest", "unknown")
    data = await side.latest()
    first, second = data["messages"]
    assert (first["message_type"], first["content"]) == ("hologram", "one")
    assert second == "not even an object"
    assert "mood" in data


async def test_faults_wait_for_their_own_endpoint(side: Side) -> None:
    """A fault of the queue set for all calls does not strike a post; chance can spare a call."""
    side.faults.add("*", "reset")
    side.faults.add("*", "late")
    side.faults.add("conversations.post", "500", chance=0.0)
    assert (await side.post("x")).status_code == 200
    assert side.faults.struck == 0
    side.faults.clear()
    assert side.faults.planned == []


async def test_what_was_delivered_can_be_delivered_again_or_dropped(side: Side) -> None:
    """A message comes once more; a reset drops what is queued and tells how much it was."""
    message = side.booking.guest_writes("c1", "one")
    await side.latest()
    await side.confirm(1)
    side.booking.queue_again(message)
    assert await _contents(side) == ["one"]
    assert side.booking.reset_queue("id") == 1
    assert await _contents(side) == []


async def test_unknown_paths_are_answered_in_the_vendors_shape(side: Side) -> None:
    """404 with the envelope, for any method."""
    for method, path in (("POST", "/messages/c1/reply"), ("DELETE", "/messages/latest")):
        answer = await side.call(method, path)
        assert answer.status_code == 404
        assert set(answer.json()) == {"meta", "data", "errors", "warnings"}


@pytest.mark.parametrize(("setting", "typed"), [("1.0", False), ("1.2", True), ("400", None)])
async def test_an_unknown_version(serve: Serve, setting: str, typed: bool | None) -> None:
    """It counts as the oldest, as the newest, or is refused."""
    side = await serve(unknown_version=setting)
    side.booking.guest_writes("c1", "Hello")
    answer = await side.call("GET", "/messages/latest", version="9.9")
    if typed is None:
        assert answer.status_code == 400
        return
    assert ("message_type" in answer.json()["data"]["messages"][0]) == typed
