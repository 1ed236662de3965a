"""Every JSON example of the vendor's documents is read as a payload, in both versions."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bridgebot.model import ProviderName, SenderKind
from bridgebot.providers.booking_payloads import (
    ThreadConversation,
    is_ok,
    next_page,
    read_entries,
    to_conversation,
    to_messages,
)
from bridgebot.providers.reading import parse_time

pytestmark = pytest.mark.shared
BOOKING = ProviderName("booking")
FILES = {
    "booking-managing-conversations-v1.2.md": 8,
    "booking-managing-conversations-v1.0.txt": 5,
    "booking-managing-messages.txt": 2,
    "booking-searching-messages.txt": 3,
}


def _examples(text: str) -> list[Any]:
    """Find all JSON objects that begin at the start of a line."""
    found, at, decoder = [], 0, json.JSONDecoder()
    while (start := text.find("\n{", at)) >= 0:
        try:
            example, end = decoder.raw_decode(text, start + 1)
        except ValueError:
            at = start + 2
            continue
        found.append(example)
        at = end
    return found


def _read(example: dict[str, Any]) -> str:
    """Read an example by what it is; return that."""
    if "message" in example:
        assert example["message"]["content"]
        return "request"
    data = example["data"]
    assert is_ok(data.get("ok"))
    if "messages" in data:
        received, unreadable = read_entries(data["messages"], BOOKING)
        assert not unreadable
        assert all(each.message.sender is SenderKind.PROPERTY for each in received)
        return "messages"
    conversations = data.get("conversations") or [data.get("conversation")]
    if conversations == [None]:
        return "search" if "job_id" in data else "written" if "message_id" in data else "confirmed"
    for each in map(ThreadConversation.model_validate, conversations):
        assert to_conversation(each, BOOKING, "1").property_id == "6378711"
        # The second entry of the examples carries tags alone and is no message.
        assert len(to_messages(each)) == 1
    return "conversations"


@pytest.mark.parametrize("name", sorted(FILES))
def test_each_example_of_the_documents_is_read(name: str, shared_dir: Path) -> None:
    """No example fails, and none is overlooked."""
    examples = _examples((shared_dir / "seeds" / name).read_text("utf-8"))

    kinds = Counter(_read(each) for each in examples)

    assert sum(kinds.values()) == FILES[name], kinds


def test_version_1_2_tells_more(shared_dir: Path) -> None:
    """Names, types and templates come with version 1.2 and are absent before."""
    seeds = shared_dir / "seeds"
    text = (seeds / "booking-managing-conversations-v1.2.md").read_text("utf-8")
    lists = [each["data"] for each in _examples(text) if "conversations" in each.get("data", {})]
    new, old = ([ThreadConversation.model_validate(c) for c in d["conversations"]] for d in lists)

    assert to_conversation(new[0], BOOKING, "1").guest_name == "Test Booker"
    assert to_conversation(old[0], BOOKING, "1").guest_name is None
    template = to_messages(new[1])[0]
    assert template.kind == "automatically_sent_template"
    assert template.attributes["template_name"] == "Welcome Template"
    assert to_messages(old[1])[0].kind == ""
    assert next_page(lists[0]) == "0bec3400-ec41-11ea-8080-808080808080"


def test_times_of_the_documents_are_read() -> None:
    """All forms of section 18 give the same kind of time."""
    for text, millis in (
        ("2020-08-17T16:54:19.270Z", 270),
        ("2020-08-18T14:59:26.41", 410),
        ("2021-01-01T14:52:38.860Z[GMT]", 860),
        ("2020-08-18T14:59:26", 0),
        ("2020-08-18T16:59:26.5+02:00", 500),
    ):
        at = parse_time(text)
        assert at.microsecond == millis * 1000
        assert at.utcoffset() is not None
