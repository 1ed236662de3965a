"""Forms of saved replies keep Slack's limits, and a reply from one is shown whole."""

from __future__ import annotations

from typing import Any

import pytest

from bridgebot.rendering import saved
from bridgebot.rendering.blocks import formed
from bridgebot.rendering.post import Block
from bridgebot.sandbox.slack.checks import VIEW_BLOCKS, check_blocks

EVIL = "<!channel> & " + "x" * 4000
MANY = [saved.Shown(id=number, name=f"{number} {EVIL}", text=EVIL) for number in range(100)]


def _blocks(view: Block) -> list[dict[str, Any]]:
    blocks = view["blocks"]
    assert isinstance(blocks, list)
    check_blocks(blocks, most=VIEW_BLOCKS)
    return blocks


@pytest.mark.parametrize("offset", [0, 20, 80])
def test_a_long_list_has_pages(offset: int) -> None:
    """Twenty at a time, with the way on and back."""
    shown = str(_blocks(saved.manage_view(MANY, offset=offset)))

    assert shown.count("saved_edit_") == shown.count("saved_delete_") == 20
    assert ("saved_turn_back" in shown) is (offset > 0)
    assert ("saved_turn_more" in shown) is (offset < 80)


def test_a_menu_holds_all_there_can_be() -> None:
    """Slack takes a hundred options, with seventy-five characters each."""
    (_, field, _) = _blocks(saved.choose_view(MANY, "7", EVIL))
    options = field["element"]["options"]

    assert len(options) == 100
    assert all(len(each["text"]["text"]) <= 75 for each in options)


def test_a_form_begins_with_nothing_rather_than_an_empty_text() -> None:
    """Slack refuses an empty initial value."""
    name, text, _ = _blocks(saved.form_view("", hint="{guest}"))

    assert "initial_value" not in name["element"]
    assert "initial_value" not in text["element"]
    assert saved.fits("x" * 3000)
    assert not saved.fits("x" * 3001)


def test_a_reply_from_a_form_is_shown_whole_and_as_letters() -> None:
    """What the guest gets is what the thread shows; nobody is called by it."""
    post = formed("U1", "<!here> " + "word " * 800)

    check_blocks([dict(block) for block in post.blocks])
    assert post.text.startswith("<@U1> to the guest: &lt;!here&gt;")
    assert post.text.count("word") == str(post.blocks).count("word") == 800
