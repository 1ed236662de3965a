"""The page on performance shows what was measured, and nothing else."""

from __future__ import annotations

import json

import pytest

from benchmarks.report import RESULTS
from benchmarks.tables import MARK, PAGE, TABLES, drawn


def test_the_tables_are_those_of_the_results() -> None:
    """Draw them anew with ``python -m benchmarks.tables``."""
    page = PAGE.read_text(encoding="utf-8")

    assert page == drawn(page)


def test_every_measurement_has_its_table() -> None:
    """None is made and then not shown."""
    shown = {found[2] for found in MARK.finditer(PAGE.read_text(encoding="utf-8"))}

    assert shown == set(TABLES)
    assert {path.stem for path in RESULTS.glob("*.json")} <= shown


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_result_names_its_command_and_machine_and_no_place(name: str) -> None:
    """No password, no directory."""
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return
    result = json.loads(path.read_text(encoding="utf-8"))

    assert result["command"].startswith(f"python -m benchmarks.{name}")
    assert "://" not in result["command"]
    assert "/tmp" not in path.read_text(encoding="utf-8")  # noqa: S108
    assert {"cpus", "python", "sqlite", "load"} <= result["machine"].keys()
