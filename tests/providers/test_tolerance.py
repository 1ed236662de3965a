"""Every row of the reference's table of inconsistencies (section 18) is accepted."""

from __future__ import annotations

from typing import Any

import pytest

from bridgebot.model import ProviderName, SenderKind
from bridgebot.providers.booking_payloads import (
    ThreadConversation,
    as_flag,
    is_ok,
    next_page,
    read_entries,
    to_conversation,
    to_messages,
)

BOOKING = ProviderName("booking")


def _entry(**change: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "message_id": "m1",
        "content": "Hello",
        "timestamp": "2025-05-20T07:57:55.000Z",
        "attachment_ids": [],
        "sender": {"participant_id": "p", "metadata": {"participant_type": "GUEST"}},
        "conversation": {"conversation_id": "c1", "conversation_type": "reservation"},
    }
    return {**entry, **change}


def _sender(**metadata: Any) -> dict[str, Any]:
    return {"sender": {"participant_id": "p", "metadata": metadata}}


def _about(**change: Any) -> dict[str, Any]:
    return {"conversation": {"conversation_id": "c1", **change}}


@pytest.mark.parametrize(
    "value", [True, "true", "TRUE ".strip(), None], ids=["boolean", "word", "capitals", "absent"]
)
def test_ok_in_all_its_forms(value: object) -> None:
    """``ok`` comes as a boolean, a word, or not at all."""
    assert is_ok(value)
    assert not is_ok("false")


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), ("true", True), ("false", False)],
    ids=["boolean", "word", "no"],
)
def test_guest_has_account_in_both_forms(value: object, flag: bool) -> None:
    """``guest_has_account`` comes as a boolean or a word."""
    assert as_flag(value) is flag
    assert as_flag(None) is None


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({"participant_type": "GUEST"}, SenderKind.GUEST),
        ({"participant_type": "guest"}, SenderKind.GUEST),
        ({"participant_type": "property"}, SenderKind.PROPERTY),
        ({"participant_type": "hotel"}, SenderKind.PROPERTY),
        ({"type": "guest"}, SenderKind.GUEST),
        # words that are not known are not a guest
        ({"participant_type": "robot"}, SenderKind.UNKNOWN),
        ({}, SenderKind.UNKNOWN),
    ],
)
def test_who_wrote_in_all_words(metadata: dict[str, str], kind: SenderKind) -> None:
    """The sender's kind has several keys and words; case does not count."""
    (received,), _ = read_entries([_entry(**_sender(**metadata))], BOOKING)

    assert received.message.sender is kind


@pytest.mark.parametrize(
    ("change", "property_id"),
    [
        (_about(property_id=1383087), "1383087"),
        (_about(property_id="1383087"), "1383087"),
        ({"property_id": "8011855"}, "8011855"),
        ({}, None),
    ],
)
def test_the_property_in_all_its_places(change: dict[str, Any], property_id: str | None) -> None:
    """The property is a number or a string, in one of two places, or nowhere."""
    (received,), _ = read_entries([_entry(**change)], BOOKING)

    assert received.conversation.property_id == property_id


@pytest.mark.parametrize(
    "change",
    [
        _about(conversation_reference=4312539378),
        _about(conversation_reference="4312539378"),
    ],
)
def test_the_reference_is_a_number_or_a_string(change: dict[str, Any]) -> None:
    """``conversation_reference`` is kept as text."""
    (received,), _ = read_entries([_entry(**change)], BOOKING)

    assert received.conversation.reference == "4312539378"


@pytest.mark.parametrize(
    "change",
    [
        {"attachment_ids": None},
        {"attachment_ids": ["a", 5]},
        {"content": None},
        {"message_id": "5ertwf11e445t06ewfe3fgh50094"},
        {"surprise": {"nested": [1]}},
        {"message_type": "hologram", "attributes": {"new": {"a": 1}, "none": None}},
        {"sender": {}},
        {"reply_to": "p2"},
        _sender(participant_type="GUEST", email_alias="a@example.org"),
        {"timestamp": "2020-08-18T14:59:26.41"},
    ],
)
def test_what_else_may_come(change: dict[str, Any]) -> None:
    """Unknown keys and kinds, missing lists and odd ids are no errors."""
    received, unreadable = read_entries([_entry(**change)], BOOKING)

    assert (len(received), len(unreadable)) == (1, 0)


@pytest.mark.parametrize(
    ("change", "redacted"),
    [
        ({"is_redacted": True}, "true"),
        ({"is_redacted": "True"}, "true"),
        ({"attributes": {"is_redacted": True}}, "true"),
        ({"is_redacted": False}, None),
        ({"is_redacted": {"odd": 1}}, None),
    ],
)
def test_what_was_redacted_is_known_wherever_it_is_said(
    change: dict[str, Any], redacted: str | None
) -> None:
    """No document says where version 1.3 puts the field, nor of which type it is."""
    (received,), _ = read_entries([_entry(**change)], BOOKING)
    thread = {"message_id": "m", "timestamp": "2020-01-01T00:00:00Z", **change}
    payload = ThreadConversation.model_validate({"conversation_id": "c1", "messages": [thread]})

    assert received.message.attributes.get("is_redacted") == redacted
    assert to_messages(payload)[0].attributes.get("is_redacted") == redacted


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (_entry(timestamp="yesterday"), "timestamp"),
        (_entry(message_id=None), "message_id"),
        (_entry(conversation={}), "conversation.conversation_id"),
        ("not even an object", "the entry"),
    ],
)
def test_an_entry_that_cannot_be_read_is_kept_beside_the_others(entry: Any, field: str) -> None:
    """The reason names the field and never what stands in it; neighbours are read."""
    received, (unreadable,) = read_entries([_entry(), entry, _entry(message_id="m2")], BOOKING)

    assert len(received) == 2
    assert unreadable.reason.startswith(field)
    assert "yesterday" not in unreadable.reason


@pytest.mark.parametrize("data", [{}, {"next_page_id": None}, {"next_page_id": ""}])
def test_the_last_page_in_all_its_forms(data: dict[str, Any]) -> None:
    """Absent, null and empty all mean the last page."""
    assert next_page(data) is None


def test_entries_with_tags_alone_are_no_messages() -> None:
    """A tag-only entry behind a message, or tags inside it, say who read it, if they name one."""
    payload = ThreadConversation.model_validate(
        {
            "conversation_id": "c1",
            "participants": [
                {"participant_id": "g", "metadata": {"type": "guest", "name": ""}},
                {"participant_id": "h", "metadata": {"type": "property", "id": 5}},
            ],
            "messages": [
                {
                    "message_id": "m",
                    "timestamp": "2020-01-01T00:00:00Z",
                    "sender_id": "g",
                    "tags": {"read": {"set": True, "participants": ["h"]}},
                },
                {"tags": {"read": {"set": True, "participants": True}}},
            ],
            "tags": {"no_reply_needed": {"set": True}, "pending_guest": {}},
        }
    )

    conversation = to_conversation(payload, BOOKING, "9")
    (only,) = to_messages(payload)
    assert (only.sender, only.read_by) == (SenderKind.GUEST, ("h",))
    assert (conversation.property_id, conversation.no_reply_needed) == ("5", True)
    assert conversation.guest_name is None
    empty = ThreadConversation.model_validate({"conversation_id": "c2"})
    assert to_messages(empty) == []
