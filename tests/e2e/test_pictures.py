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
JPEG, PNG = (f"file {each[:4]!r}" for each in (jpeg(), png()))


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
    """Each follows its message, before what was written later; what is no picture is named.

    A bomb, a megabyte of junk, a file cut short, a document: the texts are shown all the same.
    """
    _sent(world, "c1", jpeg(), "The view", "../../etc/pass\u202ewd")
    _sent(world, "c1", png())
    world.guest("c1", "Nice?")
    for number, data in enumerate((bomb(), bytes(1_100_000), jpeg()[:20], b"%PDF-1.4")):
        _sent(world, "c2", data, f"Look {number}")
    world.guest("c2", "Seen?")
    await world.start()
    await world.until(lambda: _said(world, "c1", "Nice?") and _said(world, "c2", "Seen?"))
    await world.until(lambda: len(_said(world, "c2", "is not shown")) == 4)

    assert _kinds(world, "c1") == ["The view", JPEG, "(no text)", PNG, "Nice?"]
    first, second = _files(world, "c1")
    assert (_bytes(world, first["id"]), _bytes(world, second["id"])) == (jpeg(), png())
    assert (first["name"], first["title"]) == ("passwd.jpg", "Picture from Ada Example (guest)")
    assert "1 picture follows" in str(world.thread("c1")[0]["blocks"])
    assert not _files(world, "c2")
    assert len(_said(world, "c2", "million pixels")) == 1
    assert len(_said(world, "c2", "no JPEG or PNG")) == 2
    assert len(_said(world, "c2", "damaged")) == 1


async def test_a_picture_whose_sharing_has_no_answer_stands_once(world: World) -> None:
    """The thread is read for the file; what is there is not shared again.

    One that cannot be fetched yet is said to be pending, and the next message goes on without it.
    """
    await _thread(world, "c0")
    for fault in ("drop_after", "internal_error", "drop_before"):
        struck = world.slack.faults.struck
        world.slack.faults.add("files.completeUploadExternal", fault)
        _sent(world, fault, jpeg(), "The view")
        world.guest(fault, "Nice?")
        await world.until(lambda n=struck: world.slack.faults.struck > n)  # type: ignore[misc]
        await world.until(lambda name=fault: _said(world, name, "Nice?"))  # type: ignore[misc]
        assert _kinds(world, fault) == ["The view", JPEG, "Nice?"]

    world.booking.faults.add("attachments.info", "503", times=9)
    _sent(world, "late", png(), "The map")
    world.guest("late", "Found it?")
    await world.until(lambda: _files(world, "late"))
    *others, told, picture = _kinds(world, "late")
    assert (others, picture) == (["The map", "Found it?"], PNG)
    assert "cannot be shown yet (Booking.com: http_503)" in told
    (post,) = [post for post in world.thread("late") if post.get("files")]
    assert "Belongs to the message of" in post["text"]


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

    assert _kinds(world, "c1") == ["The view", JPEG, "Nice?"]


async def test_a_picture_that_slack_never_answers_about_steps_aside(world: World) -> None:
    """After a few calls without an answer it is said to be pending, and others go on without it."""
    await _thread(world, "c1")
    world.slack.faults.add("files.completeUploadExternal", "503", times=10_000)
    _sent(world, "c1", jpeg(), "The view")
    world.guest("c1", "Nice?")
    await world.until(lambda: _said(world, "c1", "Nice?"))
    await world.until(lambda: _said(world, "c1", "cannot be shown yet (Slack: no_answer)"))
    assert not _files(world, "c1")

    world.slack.faults.clear()
    await world.until(lambda: _files(world, "c1"))
    assert len(_said(world, "c1", "cannot be shown yet")) == 1
    assert len(_files(world, "c1")) == 1


async def test_staff_pictures_reach_the_guest_with_the_text(world: World) -> None:
    """Pictures and words are one message, whatever the files are called; a wordless one has a line.

    Where a photograph was taken is not told, and it stands upright. A correction is words alone.
    """
    await _thread(world, "c1")
    first = _attach(world, "c1", "Your kee", ("key.png", png()), ("door.bin", jpeg()))
    await world.until(lambda: world.marks(first) == [DELIVERED])
    second = _attach(world, "c1", "", ("p.jpg", jpeg(told=True)))
    await world.until(lambda: world.marks(second) == [DELIVERED])
    world.slack.workspace.person_edits(ANNA, GUESTS, first, "Your key")
    await world.until(lambda: _said(world, "c1", "already has the earlier text"))
    await _press(world, "c1", "already has the earlier text", "correction_send")
    await world.until(lambda: len(_got(world, "c1")) == 3)

    (_, pair), (line, (turned,)), last = _got(world, "c1")
    assert (pair, line, last) == ([png(), jpeg()], LINE, ("Your key", []))
    shown = Image.open(io.BytesIO(turned))
    assert (shown.size, "exif" in shown.info) == ((24, 32), False)
    names = [each.name for each in world.booking.booking.attachments.values()]
    assert names == ["key.png", "door.jpg", "p.jpg"]


async def test_a_file_that_cannot_go_is_asked_about_once(world: World) -> None:
    """The reason is said, by the content and not by the name; the rest goes when the author agrees.

    Where there is nothing else to send, nothing is asked.
    """
    await _thread(world, "c1")
    ts = _attach(world, "c1", "The plan", ("plan.pdf", b"%PDF-1.4"))
    await world.until(lambda: _said(world, "c1", "plan.pdf is no JPEG or PNG picture"))
    assert _got(world, "c1") == []
    await _press(world, "c1", "plan.pdf", "held_send")
    await world.until(lambda: world.marks(ts) == [DELIVERED])

    bad = (("virus.jpg", b"MZ" * 500), ("map.png", png()), ("b.png", bomb()))
    both = _attach(world, "c1", "Both", *bad)
    await world.until(lambda: _said(world, "c1", "virus.jpg is no JPEG or PNG picture"))
    assert _said(world, "c1", "b.png has more than 50 million pixels")
    await _press(world, "c1", "virus.jpg", "held_send")
    await world.until(lambda: world.marks(both) == [DELIVERED])
    assert _got(world, "c1") == [("The plan", []), ("Both", [png()])]

    for file in (("a.pdf", b"%PDF"), ("a.jpg", b"no picture")):
        ts = _attach(world, "c1", "", file)
        await world.until(lambda ts=ts: world.marks(ts) == [REFUSED])  # type: ignore[misc]
    await world.until(lambda: len(_said(world, "c1", "Not sent: ")) == 2)
    world.slack.faults.add("files.download", "html")
    _attach(world, "c1", "The map", ("map.png", png()))
    await world.until(lambda: _said(world, "c1", "needs the permission files:read"))
    assert len(_got(world, "c1")) == 2


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
    # The upload whose answer was lost reaches nobody.
    assert len(world.booking.booking.attachments) == 2
