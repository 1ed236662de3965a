"""Every kind of message, through the shipped process."""

from __future__ import annotations

import pytest

from tests.e2e.world import World

pytestmark = pytest.mark.e2e

MAIL = "Could we come earlier?\n\nOn Mon, 2 Mar 2026, Hotel Example wrote:\n> See you at three."


async def test_a_booking_request_becomes_a_reservation_in_the_same_thread(world: World) -> None:
    """Reference, type and name change with the confirmation; the thread and its root stay."""
    world.conversation("c1", kind="request_to_book", reference="r77", guest_name="Bo Example")
    world.guest("c1", "Is the room free?")
    world.guest("c1", "The request was accepted.", kind="request_to_book_event")
    await world.start()
    await world.until(lambda: len(world.thread("c1")) == 2)
    before = world.root("c1")
    assert before is not None
    assert "Guest · " in before["text"]
    assert "request to book r77" in before["text"]
    assert "Request to book: news, see the text" in str(world.thread("c1")[1]["blocks"])

    world.booking.booking.confirm_request("c1", "932")
    world.guest("c1", "I have booked!")
    await world.until(lambda: "reservation 932" in (world.root("c1") or {})["text"])
    await world.until(lambda: len(world.thread("c1")) == 3)
    world.staff("c1", "Welcome")
    await world.until(lambda: world.got("c1") == ["Welcome"])

    (root,) = world.roots("c1")
    assert root["ts"] == before["ts"]
    assert "Bo Example" in root["text"]


async def test_staff_read_what_kind_of_message_it_is_before_they_answer(world: World) -> None:
    """Requests say where they are answered, templates their name, mails fold what they quote."""
    next(iter(world.booking.booking.accounts.values())).self_service = True
    for topic in ("checkin", "cancel_booking", "spa_visit"):
        about = {"self_service_topic": topic}
        world.guest("c1", f"About {topic}", kind="self_service_event", attributes=about)
    welcome = {"template_id": "7", "template_name": "Welcome"}
    world.booking.booking.property_writes(
        "c1", "Dear guest", kind="automatically_sent_template", attributes=welcome
    )
    world.guest("c1", MAIL, kind="email")
    world.guest("c1", "?", kind="voice_note")
    await world.start()
    await world.until(lambda: len(world.thread("c1")) == 6)

    shown = [str(post["blocks"]) for post in world.thread("c1")]
    for blocks, words in zip(
        shown,
        (
            "The next reply counts as the answer",
            "Answer it in the Booking.com extranet: a reply here does not count",
            "Guest request: spa visit",
            "Automatic template: Welcome",
            "earlier message quoted",
            "Kind of message: voice note",
        ),
        strict=True,
    ):
        assert words in blocks
    assert world.got("c1") == []
