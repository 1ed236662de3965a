"""docs/privacy.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from bridgebot.privacy import FORMAT
from bridgebot.store.audit import ACTS
from bridgebot.store.holdings import HOLDINGS, Fate
from bridgebot.store.personal import PARTS

PAGE = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")


def _columns(table: str, fate: Fate) -> str:
    names = [name for name, what in HOLDINGS[table].items() if what is fate]
    return ", ".join(f"`{name}`" for name in names) or "-"


def test_the_columns_that_are_erased_are_those_of_the_code() -> None:
    """Each table of which something is erased has its row, and no other has."""
    rows = [
        f"| `{table}` | {_columns(table, Fate.ERASED)} | {_columns(table, Fate.FORGOTTEN)} |"
        for table in sorted(HOLDINGS)
        if Fate.ERASED in HOLDINGS[table].values() or Fate.FORGOTTEN in HOLDINGS[table].values()
    ]
    section = PAGE.partition("### Column by column")[2].partition("\n## ")[0]

    assert re.findall(r"^\| `.+$", section, re.MULTILINE) == rows


def test_every_act_of_the_audit_trail_is_explained() -> None:
    """In the words of the code."""
    section = PAGE.partition("## The audit trail")[2]

    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE)) == dict(ACTS)


def test_the_exports_keys_are_explained() -> None:
    """The format is documented with its number."""
    section = PAGE.partition("### What do you hold")[2].partition("###")[0]

    assert f'"format": {FORMAT},' in section
    for name in [part[0] for part in PARTS]:
        assert f"`{name}`" in section
