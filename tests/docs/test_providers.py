"""The page on providers says what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridgebot.providers import booking, hostelmate
from bridgebot.sandbox.hostelmate.switches import Switches
from bridgebot.sandbox.messaging.switches import Switches as BookingSwitches
from tests.docs import seeds

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "providers.md").read_text("utf-8")
TIERS = ("bronze", "silver", "gold", "platinum")
PROVIDERS = (booking.LABEL, hostelmate.LABEL)
QUALITY = PAGE.split("\n## Quality\n")[1].split("\n## ")[0]


def _rows(text: str) -> list[list[str]]:
    """Read a table's rows without its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows[1:] if set(row[0]) != {"-"}]


RULES = {rule: tier for tier, rule, _ in _rows(QUALITY.split("\n### ")[0])}


def _list(provider: str) -> str:
    return QUALITY.split(f"\n### {provider}\n")[1].split("\n### ")[0]


def _tests_named(text: str) -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)


def _is_there(path: str, name: str) -> bool:
    file = ROOT / path
    return file.is_file() and (not name or f"def {name}(" in file.read_text("utf-8"))


def test_the_rules_have_tiers() -> None:
    """Every rule belongs to one of four tiers."""
    assert set(RULES.values()) == set(TIERS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_provider_answers_to_every_rule(provider: str) -> None:
    """``done`` names a test, ``todo`` and ``exempt`` a reason."""
    rows = _rows(_list(provider))

    assert [rule for rule, _, _ in rows] == list(RULES)
    for rule, state, why in rows:
        assert state in {"done", "todo", "exempt"}, rule
        assert bool(_tests_named(why)) is (state == "done"), rule
        assert len(why) > 10, rule


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_tier_is_what_the_rules_say(provider: str) -> None:
    """The highest tier below which nothing is left to do."""
    open_tiers = {RULES[rule] for rule, state, _ in _rows(_list(provider)) if state == "todo"}
    first = min((TIERS.index(tier) for tier in open_tiers), default=len(TIERS))
    expected = TIERS[first - 1] if first else "none"

    assert f"\nTier: {expected}\n" in _list(provider)


def test_tests_that_are_named_exist() -> None:
    """No test is claimed that is not there."""
    named = _tests_named(PAGE)

    assert named
    assert [f"{path}::{name}" for path, name in named if not _is_there(path, name)] == []


def test_every_switch_is_listed_as_unverified() -> None:
    """What the stand-in guesses is said to be a guess."""
    part = PAGE.split("Unverified against the live service")[1].split("\n### ")[0]

    assert set(re.findall(r"`(\w+)`", part)) == set(Switches.__dataclass_fields__)


def test_every_switch_of_bookings_is_listed_as_unverified() -> None:
    """Nothing that is guessed about Booking.com passes for known."""
    part = PAGE.split("\n## Booking.com: not verified\n")[1].split("\n### ")[0]
    listed = {name for row in _rows(part) for name in re.findall(r"`(\w+)`", row[0])}

    assert listed == set(BookingSwitches.__dataclass_fields__)


@pytest.mark.shared
def test_everything_in_hostel_mates_document_is_covered(shared_dir: Path) -> None:
    """Every endpoint, parameter, field, value and error of its tables stands in ours."""
    seed = (shared_dir / "seeds" / "hostelmate-conversations-and-messages.md").read_text("utf-8")
    first_cells = re.findall(r"^\| (`[^|]+?`) +\|", seed, re.MULTILINE)
    endpoints = re.findall(r"```http\n(.+?)\n```", seed)
    values = re.findall(r"`([A-Z_]{4,})`", seed)
    errors = re.findall(r"^\| `(\d{3})`  +\| `(\w+)`", seed, re.MULTILINE)
    asked = {cell.strip("`") for cell in first_cells} | set(endpoints) | set(values)
    asked |= {word for pair in errors for word in pair}
    ours = PAGE.split("### What of Hostel Mate's documents is covered")[1]

    assert len(asked) > 40
    assert sorted(asked - set(re.findall(r"`([^`]+)`", ours))) == []


@pytest.mark.shared
def test_everything_in_bookings_documents_is_covered(shared_dir: Path) -> None:
    """Every endpoint, parameter, field, value and error that they name has a row with a test."""
    asked = seeds.elements(shared_dir / "seeds")

    assert len(asked) > 250
    assert sorted(asked - _covered_of_booking().keys()) == []


def test_each_row_about_bookings_documents_names_a_test() -> None:
    """What is not used says so with the reason, and a test shows that it does no harm."""
    covered = _covered_of_booking()

    assert covered
    assert [each for each, row in covered.items() if not _tests_named(row)] == []


def _covered_of_booking() -> dict[seeds.Element, str]:
    """Read the page's tables on Booking.com's documents, with what each row says of an element."""
    part = PAGE.split("### What of Booking.com's documents is covered")[1].split("\n## ")[0]
    folded = re.findall(r"<summary><code>(.+?)</code></summary>\n(.+?)</details>", part, re.DOTALL)
    return {
        seeds.Element(endpoint, where, name): shown_by
        for endpoint, table in folded
        for where, names, _, shown_by in _rows(table)
        for name in re.findall(r"`([^`]+)`", names)
    }
