"""What a staff message in a thread is."""

from __future__ import annotations

from typing import Any

import pytest

from bridgebot.bridge.enclosures import Sorted
from bridgebot.bridge.replies import (
    OUTSIDE,
    UNCHECKED,
    Kind,
    Rules,
    Written,
    decide,
    is_note,
    is_reply_event,
    without_prefix,
)

REPLY = {"type": "message", "user": "U1", "ts": "2.0", "thread_ts": "1.0", "text": "Welcome"}


@pytest.mark.parametrize(
    ("change", "is_reply"),
    [
        ({}, True),
        ({"subtype": "thread_broadcast"}, True),
        ({"subtype": "file_share"}, True),
        ({"subtype": "me_message"}, True),
        # staff talking in the channel
        ({"thread_ts": None}, False),
        # the root itself
        ({"thread_ts": "2.0"}, False),
        # an app
        ({"bot_id": "B1"}, False),
        ({"user": None}, False),
        # edits, deletions, notices about the root, joins
        ({"subtype": "message_changed"}, False),
        ({"message": {}}, False),
        ({"subtype": "channel_join"}, False),
        ({"type": "reaction_added"}, False),
    ],
)
def test_which_events_are_replies(change: dict[str, Any], is_reply: bool) -> None:
    """A reply is a person's message inside a thread, by the table of the reference."""
    assert is_reply_event({**REPLY, **change}) is is_reply


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("// only us", True),
        ("  //only us", True),
        ("Note: towels", True),
        ("NOTE:towels", True),
        ("<@U2> can you?", True),
        ("<!here> look", True),
        # however it is formatted
        ("*note:* he is rude", True),
        ("_// only us_", True),
        ("&gt; note: towels", True),
        ("• <@U2> can you?", True),
        ("*<@U2>* can you?", True),
        ("Notebooks are in the lobby", False),
        ("See https://example.com // thanks", False),
        ("Ask <@U2> at the desk", False),
    ],
)
def test_which_messages_are_notes(text: str, note: bool) -> None:
    """A note begins with a prefix or with a mention; case and leading blanks are ignored."""
    assert is_note({"text": text}, ("//", "note:")) is note


def _written(**change: Any) -> Written:
    values: dict[str, Any] = {
        "event": REPLY,
        "author": "member",
        "content": "Welcome",
        "access": "read_write",
        "label": "Booking.com",
        "can_reply": True,
    }
    return Written(**{**values, **change})


def test_a_members_message_goes_to_the_guest() -> None:
    """The ordinary case: a member of the workspace writes in the thread."""
    decision = decide(_written(), Rules())

    assert (decision.kind, decision.content) == (Kind.REPLY, "Welcome")


@pytest.mark.parametrize("author", ["guest", "external", "bot", "gone", "unknown"])
def test_others_are_told_privately_and_nothing_is_sent(author: str) -> None:
    """Whoever is not a full member may not reply, and only they see that."""
    decision = decide(_written(author=author), Rules())

    assert decision.kind is Kind.REFUSED
    assert decision.private is not None
    assert decision.told is None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"access": "read_only"}, "read only"),
        ({"can_reply": False}, "only be read"),
        ({"content": " \n"}, "no text"),
        ({"content": "x" * 4001}, "4001"),
        ({"files": Sorted(wrong=("a.pdf is no picture",)), "content": ""}, "a.pdf is no picture."),
        # the signature counts, and is no text by itself
        ({"content": "x" * 3997, "signature": "Anna"}, "4003 characters with its signature"),
        ({"content": " ", "signature": "Anna"}, "no text"),
        ({"access": "read_only", "window": "Until 7 days after."}, "Until 7 days after."),
    ],
)
def test_what_cannot_be_sent_is_told_with_the_reason(change: dict[str, Any], word: str) -> None:
    """A refusal stands in the thread and names its reason."""
    decision = decide(_written(**change), Rules())

    assert decision.kind is Kind.REFUSED
    assert word in (decision.told or "")


@pytest.mark.parametrize("policy", ["explicit", "off"])
def test_other_policies_send_nothing_by_themselves(policy: str) -> None:
    """Where replies are released by hand, or not at all, a message is just talk."""
    assert decide(_written(), Rules(policy=policy)).kind is Kind.SILENT


def test_a_note_is_a_note_even_where_nothing_could_be_sent() -> None:
    """A note needs no leave to stay where it is."""
    event = {**REPLY, "text": "// hm"}

    assert decide(_written(event=event, access="read_only"), Rules()).kind is Kind.NOTE


@pytest.mark.parametrize("asks", [(), ("internal",)])
def test_a_reply_that_looks_internal_is_held_where_the_hotel_wants_it(
    asks: tuple[str, ...],
) -> None:
    """A question in place of sending, and the text is kept for afterwards."""
    written = _written(event={**REPLY, "text": "@here he is back"}, content="@here he is back")
    decision = decide(written, Rules(asks=asks))

    assert decision.kind is (Kind.HELD if asks else Kind.REPLY)
    assert decision.content == "@here he is back"
    assert (decision.told or "").endswith("?") is bool(asks)


def test_a_reply_found_late_is_asked_about_once() -> None:
    """One question per reply, also where there would be two."""
    written = _written(event={**REPLY, "text": "@here hm"}, age_seconds=86_400)
    decision = decide(written, Rules())

    assert decision.kind is Kind.HELD
    assert (decision.told or "").count("?") == 1


@pytest.mark.parametrize("named", ["U1", "B1", "A1"])
def test_an_app_that_the_owner_named_may_reply(named: str) -> None:
    """Its message counts by its user, bot or app id; other apps are not heard."""
    event = {**REPLY, "bot_id": "B1", "app_id": "A1"}

    assert is_reply_event(event, (named,))
    assert not is_reply_event(event, ("U2", "B2", "A2"))
    assert decide(_written(author="named"), Rules()).kind is Kind.REPLY


def test_a_signature_stands_below_whatever_may_go_out() -> None:
    """What is released later is signed as well; what is asked about is the text alone."""
    number = "+31 20 123 4567"
    asks = Rules(asks=("contacts",))

    assert decide(_written(signature="Anna"), Rules()).content == "Welcome\n\nAnna"
    assert decide(_written(signature="Anna"), Rules(policy="explicit")).content.endswith("Anna")
    assert decide(_written(signature=number), asks).kind is Kind.REPLY
    assert decide(_written(content=number), asks).kind is Kind.HELD


def test_what_was_seen_in_a_form_is_asked_about_only_when_it_is_old() -> None:
    """The form was the question; nobody has answered one about yesterday."""
    link = _written(content="See https://hotel.example", seen=True)
    old = _written(seen=True, age_seconds=24 * 3600.0)

    assert decide(link, Rules(asks=("links",))).kind is Kind.REPLY
    assert decide(old, Rules()).kind is Kind.HELD


@pytest.mark.parametrize(("may_send", "told"), [(False, OUTSIDE), (None, UNCHECKED)])
def test_who_is_not_in_the_group_keeps_it_internal_and_is_told(
    may_send: bool | None, told: str
) -> None:
    """Nothing is sent, nothing is thrown away; where membership is never told, the same."""
    decision = decide(_written(may_send=may_send), Rules())

    assert (decision.kind, decision.content) == (Kind.SILENT, "Welcome")
    assert (decision.private, decision.told) == (told, None)


def test_the_group_is_not_asked_for_where_nothing_would_be_sent() -> None:
    """Notes are everybody's, and so is talk where replies are released by hand."""
    note = _written(event={**REPLY, "text": "// hm"}, may_send=False)
    talk = decide(_written(may_send=False), Rules(policy="explicit"))

    assert decide(note, Rules()).kind is Kind.NOTE
    assert (talk.kind, talk.private) == (Kind.SILENT, None)


def test_a_correction_that_was_released_goes_out() -> None:
    """Who pressed the button was asked for the group already."""
    written = _written(event={**REPLY, "released": True}, may_send=False)

    form = _written(event={**REPLY, "released": True}, may_send=False, seen=True)

    assert decide(written, Rules()).kind is Kind.REPLY
    assert decide(form, Rules()).kind is Kind.SILENT


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        ("// We call you", "We call you"),
        ("> NOTE: towels", "towels"),
        ("  Note:towels", "towels"),
        ("https://a.example", "https://a.example"),
        ("//", ""),
    ],
)
def test_a_note_that_is_sent_loses_its_mark(content: str, sent: str) -> None:
    """Only what marked it is taken off; what the guest would read otherwise stays as it is."""
    assert without_prefix(content, Rules()) == sent
