"""Blocks and metadata beyond Slack's limits are refused with a pointer to the place."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack.stand import DESK, Stand


def text(words: str) -> dict[str, Any]:
    """Make a plain text."""
    return {"type": "plain_text", "text": words}


def button(**more: object) -> dict[str, Any]:
    """Make a button in a block of its own."""
    return {"type": "actions", "elements": [{"type": "button", "text": text("Go"), **more}]}


def element(kind: str, *elements: object) -> dict[str, Any]:
    """Make a block of elements."""
    return {"type": kind, "elements": list(elements)}


PICTURE = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}


@pytest.mark.parametrize(
    "block",
    [
        {"type": "divider"},
        {"type": "header", "text": text("x" * 150)},
        {"type": "section", "text": text("x" * 3000)},
        {"type": "section", "fields": [text("x" * 2000)] * 10},
        {"type": "section", "text": text("x"), "accessory": PICTURE},
        element("context", *[text("x")] * 9, PICTURE),
        element("rich_text"),
        {"type": "markdown", "text": "x" * 12_000},
        button(value="x" * 2000, url="x" * 3000, action_id="x" * 255),
        button(text=text("x" * 75)),
        PICTURE,
    ],
)
async def test_blocks_at_slacks_limits_are_taken(stand: Stand, block: dict[str, Any]) -> None:
    """The longest that Slack takes."""
    assert await stand.refusal("chat.postMessage", channel=DESK, blocks=[block]) == "ok"


@pytest.mark.parametrize(
    ("block", "words", "pointer"),
    [
        ("text", "missing required field: type", ""),
        ({"text": "x"}, "missing required field: type", ""),
        ({"type": "heading"}, "unsupported type: heading", "/type"),
        ({"type": "divider", "block_id": "x" * 256}, "less than 256", "/block_id"),
        ({"type": "header", "text": text("x" * 151)}, "less than 151", "/text"),
        ({"type": "header"}, "missing required field: text", "/text"),
        ({"type": "header", "text": "x"}, "missing required field: text", "/text"),
        ({"type": "section"}, "must have text or fields", ""),
        ({"type": "section", "text": text("")}, "more than 0 characters", "/text"),
        ({"type": "section", "fields": [text("x")] * 11}, "no more than 10", "/fields"),
        ({"type": "section", "fields": [text("x" * 2001)]}, "less than 2001", "/fields"),
        (
            {"type": "section", "text": text("x"), "accessory": {"a": 1}},
            "missing required field: type",
            "/accessory",
        ),
        (element("context"), "1 to 10 items", "/elements"),
        (element("context", *[text("x")] * 11), "1 to 10 items", "/elements"),
        (element("context", "x"), "missing required field: type", "/elements"),
        (element("actions", *button()["elements"] * 26), "1 to 25 items", "/elements"),
        (button(text=text("x" * 76)), "less than 76", "/elements/text"),
        (button(value="x" * 2001), "less than 2001", "/elements/value"),
        (button(url="x" * 3001), "less than 3001", "/elements/url"),
        (button(action_id="x" * 256), "less than 256", "/elements/action_id"),
        ({"type": "rich_text"}, "missing required field: elements", ""),
        ({"type": "input", "label": text("x")}, "missing required field: type", "/element"),
        ({"type": "markdown", "text": "x" * 12_001}, "less than 12001", ""),
        (PICTURE | {"alt_text": ""}, "missing required field: alt_text", ""),
        (PICTURE | {"image_url": "x" * 3001}, "less than 3001", "/image_url"),
    ],
)
async def test_blocks_beyond_slacks_limits_are_refused(
    stand: Stand, block: object, words: str, pointer: str
) -> None:
    """The answer names what is wrong, and where."""
    with pytest.raises(SlackApiError) as told:
        await stand.client.api_call("chat.postMessage", json={"channel": DESK, "blocks": [block]})

    response = told.value.response
    assert response["error"] == "invalid_blocks"
    (message,) = response["response_metadata"]["messages"]
    assert words in message
    assert message.endswith(f"[json-pointer:/blocks/0{pointer}]")


async def test_two_blocks_have_two_ids(stand: Stand) -> None:
    """The same ``block_id`` twice is refused."""
    blocks = [{"type": "divider", "block_id": "same"}] * 2

    assert await stand.refusal("chat.postMessage", channel=DESK, blocks=blocks) == "invalid_blocks"


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"event_type": "e"}, "invalid_metadata_format"),
        ("text", "invalid_arguments"),
        ({"event_type": "e", "event_payload": {"x": "y" * 8000}}, "metadata_too_large"),
    ],
)
async def test_metadata_has_a_form_and_a_size(stand: Stand, metadata: object, error: str) -> None:
    """It has a type and a payload, and is no store."""
    refused = await stand.refusal("chat.postMessage", channel=DESK, text="x", metadata=metadata)

    assert refused == error
