"""Hostel Mate's payloads, its documents' examples among them, read tolerantly."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridgebot.bridge.inbound import is_answer
from bridgebot.model import Message, PropertyId, SenderKind
from bridgebot.providers.hostelmate_payloads import (
    MessageEntry,
    ThreadEntry,
    read_messages,
    read_threads,
    to_glimpse,
    to_message,
)
from bridgebot.rendering.words import about_kind, conversation_type
from tests.providers.contract import Account, HostelMateAccount, account_at

THREAD: dict[str, Any] = {"id": "t1", "channel": "AIRBNB", "guest_name": "Ada"}
MESSAGE: dict[str, Any] = {
    "id": "m1",
    "content": "Hello",
    "direction": "INBOUND",
    "source": "GUEST",
    "sender": "guest",
    "is_read": False,
    "created_at": "2025-11-04T14:22:10Z",
}


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    """Give an account at Hostel Mate."""
    async with account_at("hostelmate") as made:
        yield made


def _message(
    change: Mapping[str, object], *, channel: str = "AIRBNB", subject: str | None = None
) -> Message:
    thread = {**THREAD, "channel": channel}
    entry = MessageEntry.model_validate({**MESSAGE, **change})
    return to_message(entry, ThreadEntry.model_validate(thread), subject)


@pytest.mark.shared
def test_the_documents_examples_are_read(shared_dir: Path) -> None:
    """The list's example and the messages' example, as they stand there."""
    text = (shared_dir / "seeds" / "hostelmate-conversations-and-messages.md").read_text("utf-8")
    listed, whole = (json.loads(each) for each in re.findall(r"```json\n(.*?)```", text, re.DOTALL))

    (thread,), nothing = read_threads(listed["results"])
    messages, none = read_messages(whole["results"], thread.id)

    assert (nothing, none) == ([], [])
    glimpse = to_glimpse(thread, frozenset({"AIRBNB"}))
    assert (glimpse.pending, glimpse.left_out) == (True, False)
    assert glimpse.active_at == datetime(2025, 11, 4, 14, 22, 10, tzinfo=UTC)
    read = [to_message(entry, thread, None) for entry, _ in messages]
    assert [each.sender for each in read] == [SenderKind.PROPERTY, SenderKind.GUEST]
    assert [each.content for each in read] == [each["content"] for each in whole["results"]]


@pytest.mark.parametrize(
    "change",
    [
        {"content": "Other"},
        {"direction": "OUTBOUND"},
        {"created_at": "2025-11-04T14:22:11Z"},
    ],
)
def test_whatever_changes_in_the_preview_changes_the_mark(change: dict[str, str]) -> None:
    """Each field of the last message counts."""
    last = {"content": "Hello", "direction": "INBOUND", "created_at": "2025-11-04T14:22:10Z"}

    marks = {_mark(last_message=last), _mark(last_message={**last, **change})}

    assert len(marks) == 2


@pytest.mark.parametrize(
    "change",
    [{"unread_count": 1}, {"is_read": False}, {"status": "ARCHIVED"}, {"guest_name": "Grace"}],
)
def test_whatever_changes_in_an_entry_changes_the_mark(change: dict[str, object]) -> None:
    """A message whose preview is the same as the last one's is noticed by the figures."""
    assert _mark() != _mark(**change)


def test_what_is_not_known_does_not_change_the_mark() -> None:
    """A field that moves by itself must not make every look a reading of everything."""
    assert _mark() == _mark(server_time="now")


def _mark(**change: object) -> str:
    entry = ThreadEntry.model_validate({**THREAD, **change})
    return to_glimpse(entry, frozenset()).mark


@pytest.mark.parametrize(
    "odd",
    [
        {"last_message": None, "booking_id": None, "guest_name": None, "subject": None},
        {"last_message": "Hello", "unread_count": "many", "is_read": None, "status": 7},
        {"created_at": "yesterday", "channel": ["AIRBNB"]},
        {"new_field": {"of": "theirs"}, "channel": "SMOKE_SIGNAL"},
    ],
)
def test_an_odd_thread_is_a_thread(odd: dict[str, object]) -> None:
    """Only its id is needed."""
    (thread,), unreadable = read_threads([{**THREAD, **odd}])

    assert unreadable == []
    assert to_glimpse(thread, frozenset({"BOOKING_COM"})).conversation_id == "t1"


@pytest.mark.parametrize("entry", [None, 7, "t1", {}, {"id": None}, {"id": []}])
def test_a_thread_without_an_id_is_put_aside(entry: object) -> None:
    """It is named, and its neighbours go on."""
    threads, (unreadable,) = read_threads([entry, THREAD])

    assert [each.id for each in threads] == ["t1"]
    assert json.loads(unreadable.raw) == entry


@pytest.mark.parametrize(
    "change",
    [{"content": None}, {"direction": None}, {"source": None, "sender": None}, {"is_read": "no"}],
)
def test_an_odd_message_is_a_message(change: dict[str, object]) -> None:
    """Only id and time are needed."""
    assert _message(change).message_id == "m1"


@pytest.mark.parametrize(
    "change", [{"id": None}, {"created_at": None}, {"created_at": "soon"}, {"content": {"a": 1}}]
)
def test_a_message_that_cannot_be_read_is_put_aside(change: dict[str, object]) -> None:
    """Its key stays when somebody reads it in the inbox."""
    before, after = {**MESSAGE, **change}, {**MESSAGE, **change, "is_read": True}
    (one,), (other,) = (read_messages([each], "t1")[1] for each in (before, after))

    assert json.loads(one.raw) == before
    assert "Hello" not in one.reason
    assert (one.key == other.key) or not change.get("id", "m1")


@pytest.mark.parametrize(
    ("change", "sender", "answers", "words"),
    [
        ({}, SenderKind.GUEST, False, []),
        ({"direction": "OUTBOUND", "source": "MANUAL"}, SenderKind.PROPERTY, True, []),
        (
            {"direction": "OUTBOUND", "source": "AUTOMATED"},
            SenderKind.PROPERTY,
            False,
            ["Automatic template: Automated"],
        ),
        (
            {"direction": "OUTBOUND", "source": "VERIFICATION"},
            SenderKind.PROPERTY,
            False,
            ["Automatic template: Verification"],
        ),
        (
            {"direction": "OUTBOUND", "source": "CHECK_IN"},
            SenderKind.PROPERTY,
            False,
            ["Automatic template: Check in"],
        ),
        (
            {"direction": "OUTBOUND", "source": "MAGIC"},
            SenderKind.PROPERTY,
            False,
            ["Automatic template: Magic"],
        ),
        ({"direction": "SIDEWAYS"}, SenderKind.UNKNOWN, False, []),
        # the documents' own example: a property's message with an e-mail address as its sender
        (
            {"direction": "OUTBOUND", "source": "MANUAL", "sender": "guest"},
            SenderKind.PROPERTY,
            True,
            [],
        ),
    ],
)
def test_sources_tell_people_from_automatic_messages(
    change: dict[str, str], sender: SenderKind, answers: bool, words: list[str]
) -> None:
    """Only what a person of the property wrote answers a guest."""
    message = _message(change)

    assert (message.sender, is_answer(message)) == (sender, answers)
    assert about_kind(message, "Hostel Mate") == words


def test_an_e_mail_names_its_subject() -> None:
    """Quoted tails are folded as an e-mail's, and the subject stands above."""
    message = _message({}, channel="EMAIL", subject="Our stay")

    assert message.kind == "email"
    assert about_kind(message, "Hostel Mate") == ["E-mail: Our stay"]


@pytest.mark.parametrize(
    ("channel", "words"),
    [
        ("AIRBNB", "Airbnb"),
        ("BOOKING_COM", "Booking.com"),
        ("EMAIL", "e-mail"),
        ("HOSTELWORLD", "Hostelworld"),
        ("WHATSAPP", "WhatsApp"),
        ("SMOKE_SIGNAL", "SMOKE SIGNAL"),
    ],
)
def test_channels_are_named_in_plain_words(channel: str, words: str) -> None:
    """A channel that is not known is shown as it is called."""
    assert conversation_type(channel) == words


async def test_a_booking_finds_its_thread(account: Account) -> None:
    """By Hostel Mate's own booking id; anything else is not asked for."""
    assert isinstance(account, HostelMateAccount)
    booking = "e7b7f6bb-6c0c-4e2c-9b3e-9c6f2a1c0a77"
    account.open("Grace")
    thread = account.open_for(booking)
    account.guest(thread, "Hello")
    history = account.provider.history
    assert history is not None

    found = await history.by_reference(PropertyId("hostelmate"), "reservation", booking)

    assert found is not None
    assert (found.conversation.conversation_id, found.conversation.reference) == (thread, booking)
    assert await history.by_reference(PropertyId("hostelmate"), "reservation", "4312539001") is None
