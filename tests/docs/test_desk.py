"""What the page for receptionists says of notes and marks is what the code does."""

from __future__ import annotations

import re

from bridgebot.bridge.reconcile import MARKS
from bridgebot.bridge.replies import Rules, is_note
from bridgebot.manifest import manifest_text
from bridgebot.workers.presenter import SLOW
from tests.docs.test_package import ROOT


def _section() -> str:
    page = (ROOT / "docs" / "desk.md").read_text("utf-8")
    return page.partition("## A remark for colleagues")[2].partition("\n## ")[0]


def test_every_mark_is_explained() -> None:
    """The table has those that the bridge sets, and no others."""
    assert set(re.findall(r"^\| :([a-z_]+): \|", _section(), re.MULTILINE)) == {*MARKS, SLOW}


def test_a_note_is_written_as_the_page_says() -> None:
    """The signs are those that count unless the hotel sets others; the shortcuts exist."""
    prefixes = Rules().note_prefixes

    assert all(f"`{prefix}`" in _section() for prefix in prefixes)
    assert is_note({"text": "x", "subtype": "me_message"}, prefixes)
    for name in re.findall(r"^- \*\*(.+?)\*\*", _section(), re.MULTILINE):
        assert f"name: {name}" in manifest_text()
