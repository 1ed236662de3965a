"""Texts as Slack keeps them, and the rich text of what people type."""

from __future__ import annotations

from typing import Any

import pytest

from bridgebot.sandbox.slack.text import fallback, rich_text, stored


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("plain", "plain"),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("&lt;kept&gt; &amp; &nbsp;", "&lt;kept&gt; &amp; &amp;nbsp;"),
        ("<@U0ANNA> <#C0DESK|desk> <!here>", "<@U0ANNA> <#C0DESK|desk> <!here>"),
        ("<https://example.com|here> <b>", "<https://example.com|here> &lt;b&gt;"),
        ("caf\u00e9 \N{WAVING HAND SIGN}", "caf\u00e9 :wave:"),
        ("https://example.com", "https://example.com"),
    ],
)
def test_a_text_is_kept_with_its_entities(sent: str, kept: str) -> None:
    """Only what is no entity of Slack's is escaped; emoji become shortcodes."""
    assert stored(sent) == kept


def test_a_typed_address_is_put_in_brackets() -> None:
    """The one that already is stays as it is."""
    assert fallback("see https://example.com") == "see <https://example.com>"
    assert fallback("<https://example.com|x>") == "<https://example.com|x>"


@pytest.mark.parametrize(
    ("typed", "elements"),
    [
        ("plain &amp; <", [{"type": "text", "text": "plain & <"}]),
        (
            "a *b* c",
            [
                {"type": "text", "text": "a "},
                {"type": "text", "text": "b", "style": {"bold": True}},
                {"type": "text", "text": " c"},
            ],
        ),
        ("<@U0ANNA>", [{"type": "user", "user_id": "U0ANNA"}]),
        ("<#C0DESK|desk>", [{"type": "channel", "channel_id": "C0DESK"}]),
        ("<!subteam^S0STAFF|@staff>", [{"type": "usergroup", "usergroup_id": "S0STAFF"}]),
        ("<!here>", [{"type": "broadcast", "range": "here"}]),
        ("https://example.com", [{"type": "link", "url": "https://example.com"}]),
        (
            "<https://example.com?a=1&amp;b|there>",
            [{"type": "link", "url": "https://example.com?a=1&b", "text": "there"}],
        ),
        (
            "<mailto:a@example.com|a@example.com>",
            [{"type": "link", "url": "mailto:a@example.com", "text": "a@example.com"}],
        ),
        (":wave:", [{"type": "emoji", "name": "wave", "unicode": "1f44b"}]),
        (":our_logo:", [{"type": "emoji", "name": "our_logo"}]),
    ],
)
def test_what_is_typed_becomes_rich_text(typed: str, elements: list[dict[str, Any]]) -> None:
    """Names, links, emoji and bold words become elements of their own."""
    (block,) = rich_text(typed)

    assert block["type"] == "rich_text"
    assert block["elements"] == [{"type": "rich_text_section", "elements": elements}]


def test_lines_with_dots_become_a_list() -> None:
    """What stands before, between and behind lists is text."""
    (block,) = rich_text("Bring\n- a key\n\u2022 a lamp\nthen\n- go")

    kinds = [each["type"] for each in block["elements"]]
    section, listed = "rich_text_section", "rich_text_list"
    assert kinds == [section, listed, section, listed]
    items = block["elements"][1]["elements"]
    assert [each["elements"][0]["text"] for each in items] == ["a key", "a lamp"]
    assert block["elements"][2]["elements"] == [{"type": "text", "text": "then"}]
