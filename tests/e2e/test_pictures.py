"""Pictures between guests and staff, through the shipped process, both ways."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from bridgebot.sandbox.messaging.attachments import guest_sends
from bridgebot.sandbox.slack.files import person_uploads
from tests.e2e.snaps import bomb, jpeg, png
from tests.e2e.told import DELIVERED, REFUSED
from tests.e2e.world import ANNA, GUESTS, World

pytestmark = pytest.mark.e2e

LINE = "Please see the picture."


def _sent(world: World, name: str, data: bytes, text: str = "", file: str = "view.jpg") -> str:
    """Let a guest send a picture; return the message's id."""
    if name not in world.booking.booking.conversations:
        world.conversation(name)
    return guest_sends(world.booking.booking, name, file, data, text)[0]


def _kinds(world: World, name: str) -> list[str]:
    """List what stands in a thread, in order: a text, or the bytes of pictures."""
    found: list[str] = []
    for post in world.thread(name):
        found += [f"file {_bytes(world, each['id'])[:4]!r}" for each in post.get("files", ())]
        if post["text"] and not post.get("files"):
            found.append(post["text"])
    return found


def _bytes(world: World, file: str) -> bytes:
    data = world.slack.workspace.files[file].data
    assert data is not None
    return data


def _files(world: World, name: str) -> list[dict[str, Any]]:
    return [each for post in world.thread(name) for each in post.get("files", ())]


def _attach(world: World, name: str, text: str, *files: tuple[str, bytes]) -> str:
    """Let Anna reply with files; return the ts."""
    shared = [person_uploads(world.slack.workspace, ANNA, *each) for each in files]
    return world.staff(name, text, files=shared)


def _got(world: World, name: str) -> list[tuple[str, list[bytes]]]:
    """List what the guest got through the API: words, and the bytes of pictures."""
    booking = world.booking.booking
    return [
        (each.content, [booking.attachments[one].data for one in each.attachment_ids])
        for each in booking.conversations[name].messages
        if each.api
    ]


def _said(world: World, name: str, words: str) -> list[dict[str, Any]]:
    return [post for post in world.thread(name) if words in post["text"]]


async def _thread(world: World, name: str) -> None:
    """Start the bot and wait until a guest's thread is open."""
    world.guest(name, "Hello")
    await world.start()
    await world.until(lambda: world.thread(name))


async def _press(world: World, name: str, words: str, action: str) -> None:
    (question,) = _said(world, name, words)
    interactions = world.slack.interactions
    interactions.press_button(ANNA, GUESTS, question["ts"], action)


async def test_a_guests_pictures_stand_in_the_thread_in_order(world: World) -> None:
    """Each follows its message, under a harmless name, before what was written after it."""
    _sent(world, "c1", jpeg(), "The view", "../../etc/pass\u202ewd")
    world.booking.booking.guest_writes(
        "c1",
        "",
        attachment_ids=[guest_sends(world.booking.booking, "spare", "a", data)[1] for data in ()],
    )
    world.guest("c1", "Nice?")
    await world.start()
    await world.until(lambda: _said(world, "c1", "Nice?"))

    (file,) = _files(world, "c1")
    assert _kinds(world, "c1") == [
        "The view",
        f"file {jpeg()[:4]!r}",
        "(no text)",
        "Nice?",
    ]
    assert _bytes(world, file["id"]) == jpeg()
    assert (file["name"], file["title"]) == ("passwd.jpg", "Picture from Ada Example (guest)")
    assert "1 picture follows" in str(world.thread("c1")[0]["blocks"])


async def test_a_picture_that_cannot_be_fetched_yet_holds_nobody_up(world: World) -> None:
    """It is said to be pending, the next messages are shown, and it follows when it can be had."""
    world.booking.faults.add("attachments.info", "503", times=9)
    _sent(world, "c1", png(), "The map")
    world.guest("c1", "Found it?")
    await world.start()
    await world.until(lambda: _files(world, "c1"))

    assert [each[:20] for each in _kinds(world, "c1")] == [
        "The map",
        "Found it?",
        "The picture cannot be shown yet"[:20],
        f"file {png()[:4]!r}"[:20],
    ]
    (late,) = [post for post in world.thread("c1") if post.get("files")]
    assert "Belongs to the message of" in late["text"]


async def test_what_is_no_picture_is_refused_and_said(world: World) -> None:
    """A bomb, junk and a picture cut short in its header: the texts are shown all the same."""
    for number, data in enumerate((bomb(), b"\x00" * 1_100_000, jpeg()[:20], b"%PDF-1.4")):
        _sent(world, "c1", data, f"Look {number}")
    world.guest("c1", "Seen?")
    await world.start()
    await world.until(lambda: _said(world, "c1", "Seen?"))
    await world.until(lambda: len(_said(world, "c1", "is not shown")) == 4)

    assert not _files(world, "c1")
    assert len(_said(world, "c1", "million pixels")) == 1
    assert len(_said(world, "c1", "no JPEG or PNG")) == 2
    assert len(_said(world, "c1", "damaged")) == 1


@pytest.mark.parametrize("fault", ["drop_after", "internal_error", "drop_before"])
async def test_a_picture_whose_sharing_has_no_answer_stands_once(world: World, fault: str) -> None:
    """The thread is read for the file; what is there is not shared again."""
    world.slack.faults.add("files.completeUploadExternal", fault)  # type: ignore[arg-type]
    _sent(world, "c1", jpeg(), "The view")
    world.guest("c1", "Nice?")
    await world.start()
    await world.until(lambda: _said(world, "c1", "Nice?"))

    assert _kinds(world, "c1") == ["The view", f"file {jpeg()[:4]!r}", "Nice?"]


async def test_killed_while_a_picture_is_shared_it_stands_once(world: World) -> None:
    """The next process finds it in the thread, or shares it."""
    _sent(world, "c1", jpeg(), "The view")
    world.slack.faults.add("files.completeUploadExternal", "delay", seconds=30.0)
    await world.start()
    await world.until(lambda: world.slack.faults.struck)
    await world.kill()
    await world.start()
    world.guest("c1", "Nice?")
    await world.until(lambda: _said(world, "c1", "Nice?"))

    assert _kinds(world, "c1") == ["The view", f"file {jpeg()[:4]!r}", "Nice?"]


async def test_staff_pictures_reach_the_guest_with_the_text(world: World) -> None:
    """Two pictures and words are one message; a picture without words gets a line."""
    await _thread(world, "c1")
    first = _attach(world, "c1", "Your key", ("key.png", png()), ("door.bin", jpeg()))
    await world.until(lambda: world.marks(first) == [DELIVERED])
    second = _attach(world, "c1", "", ("door.jpg", jpeg()))
    await world.until(lambda: world.marks(second) == [DELIVERED])

    assert _got(world, "c1") == [("Your key", [png(), jpeg()]), (LINE, [jpeg()])]
    names = [each.name for each in world.booking.booking.attachments.values()]
    assert names == ["key.png", "door.jpg", "door.jpg"]


async def test_where_a_photograph_was_taken_is_not_told(world: World) -> None:
    """Its notes are taken out, and it stands upright; a large one is scaled until it fits."""
    await _thread(world, "c1")
    large = jpeg(4200, 2400, noise=120)
    assert len(large) > 10_000_000
    ts = _attach(world, "c1", "Here", ("p.jpg", jpeg(told=True)), ("large.jpg", large))
    await world.until(lambda: world.marks(ts) == [DELIVERED], 40)

    ((_, (turned, scaled)),) = _got(world, "c1")
    shown = Image.open(io.BytesIO(turned))
    assert (shown.size, "exif" in shown.info) == ((24, 32), False)
    assert len(scaled) < 10_000_000
    assert Image.open(io.BytesIO(scaled)).size[0] <= 4200


async def test_a_file_that_cannot_go_is_asked_about_once(world: World) -> None:
    """The reason is said; the text goes only when the author agrees."""
    await _thread(world, "c1")
    ts = _attach(world, "c1", "The plan", ("plan.pdf", b"%PDF-1.4"))
    await world.until(lambda: _said(world, "c1", "plan.pdf is no JPEG or PNG picture"))
    assert _got(world, "c1") == []
    await _press(world, "c1", "plan.pdf", "held_send")
    await world.until(lambda: world.marks(ts) == [DELIVERED])

    assert _got(world, "c1") == [("The plan", [])]


async def test_the_content_counts_and_not_the_name(world: World) -> None:
    """What is called a picture and is none is refused; the other picture goes, once agreed."""
    await _thread(world, "c1")
    ts = _attach(
        world, "c1", "Both", ("virus.jpg", b"MZ" * 500), ("map.png", png()), ("b.png", bomb())
    )
    await world.until(lambda: _said(world, "c1", "virus.jpg is no JPEG or PNG picture"))
    assert _said(world, "c1", "b.png has more than 50 million pixels")
    assert _got(world, "c1") == []
    await _press(world, "c1", "virus.jpg", "held_send")
    await world.until(lambda: world.marks(ts) == [DELIVERED])

    assert _got(world, "c1") == [("Both", [png()])]


async def test_a_bad_file_without_words_is_refused(world: World) -> None:
    """There is nothing else to send, so nothing is asked."""
    await _thread(world, "c1")
    for file in (("a.pdf", b"%PDF"), ("a.jpg", b"no picture")):
        ts = _attach(world, "c1", "", file)
        await world.until(lambda ts=ts: world.marks(ts) == [REFUSED])  # type: ignore[misc]

    assert len(_said(world, "c1", "Not sent:")) == 2
    assert _got(world, "c1") == []


async def test_lost_answers_on_the_way_of_a_picture_send_it_once(world: World) -> None:
    """An upload may be repeated, since nobody sees it; the message is looked up."""
    await _thread(world, "c1")
    faults = world.booking.faults
    world.slack.faults.add("files.download", "503")
    faults.add("attachments.upload", "drop_after")
    faults.add("attachments.upload", "500")
    faults.add("conversations.post", "drop_after")
    ts = _attach(world, "c1", "The map", ("map.png", png()))
    world.staff("c1", "Follow the red line")
    await world.until(lambda: len(_got(world, "c1")) == 2 and world.marks(ts) == [DELIVERED], 40)

    assert _got(world, "c1") == [("The map", [png()]), ("Follow the red line", [])]
    # One that was uploaded and never named reaches nobody.
    assert len(world.booking.booking.attachments) == 3


async def test_without_the_permission_to_read_files_the_author_is_told(world: World) -> None:
    """Slack answers a page to log in at; the text can go alone."""
    await _thread(world, "c1")
    world.slack.faults.add("files.download", "html")
    _attach(world, "c1", "The map", ("map.png", png()))
    await world.until(lambda: _said(world, "c1", "needs the permission files:read"))

    assert _got(world, "c1") == []


async def test_a_correction_sends_words_alone(world: World) -> None:
    """The guest has the pictures already."""
    await _thread(world, "c1")
    ts = _attach(world, "c1", "The mp", ("map.png", png()))
    await world.until(lambda: world.marks(ts) == [DELIVERED])
    world.slack.workspace.person_edits(ANNA, GUESTS, ts, "The map")
    await world.until(lambda: _said(world, "c1", "already has the earlier text"))
    await _press(world, "c1", "already has the earlier text", "correction_send")
    await world.until(lambda: len(_got(world, "c1")) == 2)

    assert _got(world, "c1") == [("The mp", [png()]), ("The map", [])]
