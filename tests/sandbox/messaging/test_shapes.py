"""Every answer has only the keys and types of the vendor's own examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.messaging.side import LIST, ONE, Side

pytestmark = pytest.mark.shared

SEEDS = ("booking-managing-messages.txt", "booking-managing-conversations-v1.2.md")
Shape = set[tuple[str, str]]
# What the tables beside the examples have, and the examples do not.
_ATTRIBUTES = ("self_service_topic", "template_id", "template_name")
_MESSAGES = ("data.messages[]", "data.conversation.messages[]", "data.conversations[].messages[]")
TABLES: Shape = {
    ("data.messages[].message_type", "str"),
    ("data.messages[].sender.metadata.name", "str"),
    ("data.messages[].reply_to", "str"),
    # A number in the table, a string in the version history.
    ("data.messages[].conversation.property_id", "int"),
    ("data.messages[].conversation.property_id", "str"),
    ("data.conversations[].tags", "dict"),
    ("data.conversations[].tags.no_reply_needed", "dict"),
    ("data.conversations[].tags.no_reply_needed.set", "bool"),
    # Shown where a conversation is read whole, and assumed for the list.
    ("data.conversations[].messages[].attachment_ids", "list"),
    ("data.conversations[].messages[].attachment_ids[]", "str"),
    *((f"{each}.attributes", "dict") for each in _MESSAGES),
    *((f"{each}.attributes.{name}", "str") for each in _MESSAGES for name in _ATTRIBUTES),
}


def _examples(text: str) -> Iterator[Any]:
    """Read the JSON objects that stand at the beginning of a line."""
    for found in re.finditer(r"^\{", text, re.MULTILINE):
        yield json.JSONDecoder().raw_decode(text, found.start())[0]


def _shape(value: object, path: str = "") -> Shape:
    """List the paths of a value with their types."""
    if isinstance(value, dict):
        inside = {
            each
            for key, part in value.items()
            for each in _shape(part, f"{path}.{key}".removeprefix("."))
        }
        return {(path, "dict"), *inside}
    if isinstance(value, list):
        return {(path, "list"), *(each for part in value for each in _shape(part, f"{path}[]"))}
    return {(path, type(value).__name__)}


@pytest.fixture
def documented(shared_dir: Path) -> Shape:
    """Gather what the vendor's examples show."""
    shape = set(TABLES)
    for name in SEEDS:
        text = (shared_dir / "seeds" / name).read_text("utf-8")
        for example in _examples(text):
            shape |= _shape(example)
    return shape


@pytest.mark.parametrize("version", ["1.0", "1.2"])
@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/messages/latest", {}),
        ("PUT", "/messages", {"params": {"number_of_messages": "1"}}),
        ("GET", LIST, {}),
        ("GET", ONE, {}),
        ("GET", f"{LIST}/type/reservation", {"params": {"conversation_reference": "931"}}),
        ("POST", ONE, {"json": {"message": {"content": "Welcome", "attachment_ids": ["a1"]}}}),
    ],
)
async def test_an_answer_has_no_key_or_type_of_its_own(
    side: Side, documented: Shape, method: str, path: str, more: dict[str, Any], version: str
) -> None:
    """What the stand-in serves is a part of what the documents show."""
    side.keep_file("a1")
    for number in range(60):
        side.booking.guest_writes("c1", f"Hello {number}", attachment_ids=["a1"])
    template = {"template_id": "12345", "template_name": "Welcome"}
    side.booking.property_writes(
        "c1", "Welcome", kind="automatically_sent_template", attributes=template
    )
    topic = {"self_service_topic": "checkin"}
    side.booking.guest_writes("c1", "When?", kind="self_service_event", attributes=topic)
    side.booking.conversations["c1"].no_reply_needed = True
    answer = await side.call(method, path, version=version, **more)

    assert answer.status_code == 200
    assert _shape(answer.json()) - documented == set()


async def test_the_examples_are_read(documented: Shape) -> None:
    """The comparison would notice a wrong type, since it knows the right one."""
    assert ("data.conversation.participants[].metadata.id", "int") in documented
    assert ("data.conversation.participants[].metadata.id", "str") not in documented
