"""Which files of a staff message can go, by what Slack says of them."""

from __future__ import annotations

from typing import Any

import pytest

from bridgebot.bridge.enclosures import MOST_FETCHED, Sorted, enclosures_of, sort_out
from bridgebot.bridge.replies import Decision, Kind, Rules, Written, decide
from bridgebot.model import PictureLimits

LIMITS = PictureLimits(
    kinds=frozenset({"image/jpeg", "image/png"}),
    largest=9_999_999,
    per_message=2,
    not_in=frozenset({"request_to_book"}),
)


def _file(name: str = "a.jpg", **more: object) -> dict[str, object]:
    return {"id": f"F-{name}", "name": name, "mimetype": "image/jpeg", "size": 5, **more}


def _sorted(*files: object, kind: str | None = "reservation", limits: Any = LIMITS) -> Sorted:
    found = enclosures_of({"files": list(files)})
    return sort_out(found, limits, label="Booking.com", conversation_type=kind)


@pytest.mark.parametrize(
    ("file", "wrong"),
    [
        (_file(), None),
        # a large photograph may be scaled down
        (_file(size=MOST_FETCHED), None),
        # the type may come of the name: the content is looked at
        (_file("a.bin", mimetype="application/octet-stream"), None),
        (_file("a.gif", mimetype="image/gif"), None),
        ({"id": "F1", "file_access": "check_file_info"}, None),
        (_file("a.pdf", mimetype="application/pdf"), "a.pdf is no JPEG or PNG picture"),
        (_file("a.mp4", mimetype="video/mp4"), "a.mp4 is no JPEG or PNG picture"),
        (_file(size=MOST_FETCHED + 1_000_000), "a.jpg has 41 MB, more than 40"),
        (_file(is_external=True), "a.jpg is kept outside Slack"),
        (_file(mode="tombstone"), "a.jpg is not there any more"),
    ],
)
def test_files_are_sorted_with_the_reason(file: dict[str, object], wrong: str | None) -> None:
    """What is surely no picture is not even fetched."""
    found = _sorted(file)

    assert found.wrong == (() if wrong is None else (wrong,))
    assert len(found.good) == (wrong is None)


def test_too_many_are_said_and_the_first_kept() -> None:
    """The order is that of the message."""
    found = _sorted(*(_file(name) for name in "abc"))

    assert [each.name for each in found.good] == ["a", "b"]
    assert found.wrong == ("a message has at most 2 pictures",)


@pytest.mark.parametrize(
    ("kind", "limits", "word"),
    [("request_to_book", LIMITS, "booking request"), ("reservation", None, "no pictures")],
)
def test_where_no_pictures_are_taken_none_go(kind: str, limits: Any, word: str) -> None:
    """A booking request, or a provider that has no attachments."""
    found = _sorted(_file(), kind=kind, limits=limits)

    assert (found.good, word in found.wrong[0]) == ((), True)
    assert _sorted(kind=kind, limits=limits) == Sorted()


def test_junk_in_an_event_is_no_file() -> None:
    """Whatever stands there."""
    for files in (None, 5, "x", [None, 5, {}, {"id": ""}]):
        assert enclosures_of({"files": files}) == ()


def _decided(content: str, *files: dict[str, object], text: str = "", **rules: Any) -> Decision:
    event = {"type": "message", "text": text or content, "files": list(files)}
    written = Written(
        event=event,
        author="member",
        content=content,
        access="read_write",
        label="Booking.com",
        can_reply=True,
        files=_sorted(*files),
    )
    return decide(written, Rules(**rules))


def test_a_picture_goes_with_its_words_or_with_a_line() -> None:
    """The API demands words."""
    assert _decided("Here", _file()) == Decision(
        kind=Kind.REPLY, content="Here", pictures=("F-a.jpg",)
    )
    assert _decided("", _file(), picture_line="Look!").content == "Look!"
    assert _decided("", _file()).pictures == ("F-a.jpg",)


def test_one_question_names_all_that_is_wrong() -> None:
    """Words that are asked about and files that cannot go are one question."""
    pdf = _file("a.pdf", mimetype="application/pdf")
    held = _decided("Here", pdf, _file())
    both = _decided("Here", pdf, text="Here, @here")

    assert (held.kind, held.pictures) == (Kind.HELD, ("F-a.jpg",))
    assert held.told == (
        "Not sent yet: a.pdf is no JPEG or PNG picture. "
        "Send the rest, with the other picture, without it?"
    )
    assert both.kind is Kind.HELD
    assert "among colleagues" in (both.told or "")
    assert "a.pdf" in (both.told or "")


def test_a_note_with_a_picture_stays_inside_with_it() -> None:
    """It keeps its files, should it be sent after all."""
    note = _decided("// the plan", _file(), text="// the plan")

    assert (note.kind, note.pictures) == (Kind.NOTE, ("F-a.jpg",))
