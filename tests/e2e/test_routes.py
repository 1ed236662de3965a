"""The two routes of a message, through the shipped process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.world import ALERTS, ANNA, GUESTS, PAT, TOM, World

pytestmark = pytest.mark.e2e


async def test_a_guests_message_stands_in_a_thread_of_its_own(world: World) -> None:
    """Each conversation has one thread; its messages stand there under the guest's name."""
    first = world.guest("c1", "Is there <!channel> parking? See <https://evil.example|Booking.com>")
    second = world.guest("c1", "And breakfast?")
    other = world.guest("c2", "Hello")
    await world.start()

    await world.until(lambda: all(world.shown(each) for each in (first, second, other)))

    assert [world.shown(each) for each in (first, second, other)] == [1, 1, 1]
    assert len(world.roots("c1")) == 1
    assert [post["username"] for post in world.thread("c1")] == ["Ada Example (guest)"] * 2
    assert "<!channel>" not in world.thread("c1")[0]["text"]
    await world.until(lambda: world.queued() == 0)


async def test_a_staff_reply_reaches_the_guest_once_and_is_marked(world: World) -> None:
    """A reply goes out as clean text, is marked, and its echo is not shown again."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    ts = world.staff("c1", f"Welcome :smile: <@{ANNA}> says *hi*, see <https://a.example|here>")

    await world.until(lambda: world.marks(ts))
    assert world.got("c1") == ["Welcome 😄 Anna Keller says hi, see here (https://a.example)"]
    assert world.marks(ts) == ["white_check_mark"]
    await world.until(lambda: world.queued() == 0)
    assert len(world.thread("c1")) == 2


async def test_replies_arrive_in_the_order_they_were_written(world: World) -> None:
    """However quickly they come, replies keep their order."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    words = [f"line {number}" for number in range(10)]
    for each in words:
        world.staff("c1", each)

    await world.until(lambda: len(world.got("c1")) == 10)
    assert world.got("c1") == words


async def test_a_note_stays_inside(world: World) -> None:
    """What begins as a note gets a lock and is never sent."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    ts = world.staff("c1", "// he was here in May")
    mention = world.staff("c1", f"<@{ANNA}> can you take this?")
    world.staff("c1", "Good evening")

    await world.until(lambda: world.got("c1") and world.marks(ts) and world.marks(mention))
    assert (world.marks(ts), world.marks(mention)) == (["lock"], ["lock"])
    assert world.got("c1") == ["Good evening"]


async def test_an_edit_in_the_undo_window_changes_and_a_deletion_cancels(world: World) -> None:
    """Second thoughts within the window count."""
    world.more["UNDO_SECONDS"] = "1"
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    workspace = world.slack.workspace

    edited, deleted = world.staff("c1", "Helo"), world.staff("c1", "Oops")
    workspace.person_edits(ANNA, GUESTS, edited, "Hello there")
    workspace.person_deletes(GUESTS, deleted)

    await world.until(lambda: world.got("c1"))
    late = world.staff("c1", "Bye")
    await world.until(lambda: world.marks(late))
    assert world.got("c1") == ["Hello there", "Bye"]


@pytest.mark.parametrize("who", [TOM, PAT])
async def test_who_is_no_member_is_told_privately(world: World, who: str) -> None:
    """Workspace guests and people of other organisations may not reply."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    world.staff("c1", "Hello from outside", user=who)

    await world.until(lambda: world.slack.workspace.ephemerals)
    assert world.slack.workspace.ephemerals[0]["user"] == who
    assert world.got("c1") == []


async def test_what_the_property_wrote_elsewhere_is_shown_as_such(world: World) -> None:
    """Messages from the extranet and templates stand in the thread, marked."""
    world.guest("c1", "Hello")
    booking = world.booking.booking
    extranet = booking.property_writes("c1", "Answered in the extranet")
    template = booking.property_writes(
        "c1",
        "Welcome!",
        kind="automatically_sent_template",
        attributes={"template_id": "1", "template_name": "Welcome Template"},
    )
    await world.start()

    await world.until(lambda: world.shown(extranet) and world.shown(template))

    names = [post["username"] for post in world.thread("c1")]
    assert "guest" not in names[1].lower()
    assert "Welcome Template" in names[2]


async def test_a_closed_conversation_is_told_in_the_thread(world: World) -> None:
    """A reply that the provider refuses stands there with its reason and a button."""
    world.guest("c1", "Hello")
    world.booking.booking.set_access("c1", "read_only")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    ts = world.staff("c1", "Too late")

    await world.until(lambda: world.marks(ts) == ["warning"])
    await world.until(lambda: "read only" in world.thread("c1")[-1]["text"])
    await world.until(lambda: world.messages(ALERTS))
    assert world.got("c1") == []


async def test_a_reply_that_is_too_long_or_empty_is_told(world: World) -> None:
    """Too long: the number; nothing in it: that."""
    world.more["MAX_REPLY_CHARS"] = "20"
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))

    ts = world.staff("c1", "x" * 21)

    await world.until(lambda: world.marks(ts) == ["warning"])
    await world.until(lambda: "21 characters" in world.thread("c1")[-1]["text"])
    assert world.got("c1") == []


async def test_an_unreadable_entry_is_kept_and_does_not_stop_the_others(world: World) -> None:
    """An entry that cannot be read is named in the alerts channel; its neighbours go on."""
    world.conversation("c1")
    world.booking.booking.queue_junk({"message_id": "x", "nonsense": True})
    message = world.guest("c1", "Hello")
    await world.start()

    await world.until(lambda: world.shown(message) and world.messages(ALERTS))

    assert "could not be read" in world.messages(ALERTS)[0]["text"]
    await world.until(lambda: world.queued() == 0)


async def test_a_long_message_is_split_and_nothing_is_cut(world: World) -> None:
    """A text that needs several posts is whole in them, each found by its id and part."""
    text = "\n\n".join(f"Paragraph {number} " + "words " * 80 for number in range(20))
    message = world.guest("c1", text)
    await world.start()
    await world.until(lambda: world.shown(message))

    payload = world.thread("c1")[0]["metadata"]["event_payload"]
    await world.until(lambda: len(world.thread("c1")) == payload["parts"])

    joined = "".join("".join(post["text"].split()) for post in world.thread("c1"))
    assert joined == "".join(text.split())


@pytest.mark.parametrize("gap", [" ", "\n"])
async def test_a_card_number_is_masked_before_it_is_kept(
    world: World, tmp_path: Path, gap: str
) -> None:
    """Neither Slack nor the database holds it; the thread says that something was removed."""
    path = tmp_path / "hotel.db"
    world.more["DATABASE_URL"] = f"sqlite:///{path}"
    message = world.guest("c1", f"Please charge 4111{gap}1111{gap}1111{gap}1111 12/26.")
    await world.start()
    await world.until(lambda: world.shown(message))

    assert "card number ending in 1111 removed" in world.thread("c1")[0]["text"]
    assert "4111" not in str(world.messages())
    await world.stop()
    assert b"Please charge [card" in path.read_bytes()
    assert b"Please charge 4111" not in path.read_bytes()


async def test_commands_find_conversations_and_who_waits(world: World) -> None:
    """/reservation and /unanswered answer the caller alone, from the store."""
    world.guest("c1", "Is there parking?")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    talk, said = world.slack.interactions, world.slack.workspace.ephemerals

    talk.slash_command(ANNA, GUESTS, "/reservation", "9c1")
    await world.until(lambda: len(said) == 1)
    talk.slash_command(ANNA, GUESTS, "/unanswered", "")
    await world.until(lambda: len(said) == 2)
    talk.slash_command(TOM, GUESTS, "/reservation", "9c1")
    await world.until(lambda: len(said) == 3)

    assert "Ada Example" in said[0]["text"]
    assert "1 waiting" in said[1]["text"]
    assert "Only full members" in said[2]["text"]


async def test_sigterm_ends_the_process_cleanly(world: World) -> None:
    """An order to stop ends the process with status 0."""
    world.guest("c1", "Hello")
    await world.start()

    assert await world.stop() == 0
