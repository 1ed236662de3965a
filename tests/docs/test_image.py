"""What the image installs is pinned whole, and the alert rules are valid PromQL."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import promql_parser
import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
PINS = ROOT / "deploy" / "image"


def _pinned(name: str) -> dict[str, tuple[str, int]]:
    """Read the packages of a file of pins: version, and how many hashes."""
    text = (PINS / name).read_text("utf-8")
    blocks = re.findall(
        r"^([\w.-]+)==(\S+) \\\n((?:    --hash=sha256:\w{64}.*\n)+)", text, re.MULTILINE
    )
    assert len(blocks) == text.count("==")
    return {package: (version, hashes.count("sha256:")) for package, version, hashes in blocks}


def test_the_image_pins_all_that_the_package_asks_for() -> None:
    """Each requirement, those of the extras it has too, is there in a version that fits."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    pinned, build = _pinned("requirements.txt"), _pinned("build.txt")
    installed = [each for name in ("postgres", "otel", "report") for each in extras[name]]
    asked = [*project["project"]["dependencies"], *installed]

    for each in map(Requirement, asked):
        assert each.name in pinned, f"{each}: run scripts/pins"
        assert each.specifier.contains(pinned[each.name][0]), f"{each}: run scripts/pins"
    assert set(project["build-system"]["requires"]) <= set(build)
    assert all(hashes for _, hashes in (pinned | build).values())


def test_the_image_installs_nothing_that_is_not_pinned() -> None:
    """No step of the image lets pip choose, and the pins name no place to fetch from."""
    steps = re.findall(r"pip (?:install|wheel) .*", (ROOT / "Dockerfile").read_text("utf-8"))

    assert len(steps) == 4
    for step in steps:
        assert "--no-deps" in step
        assert any(
            word in step for word in ("--require-hashes", "--no-index", "--no-build-isolation")
        )
    assert not any("://" in file.read_text("utf-8") for file in PINS.iterdir())


def _expressions() -> list[str]:
    rules = yaml.safe_load((ROOT / "deploy/prometheus/bridgebot.yml").read_text("utf-8"))
    panels = json.loads((ROOT / "deploy/grafana/bridgebot.json").read_text("utf-8"))["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]] + shown


@pytest.mark.parametrize("expression", _expressions())
def test_an_expression_is_valid_promql(expression: str) -> None:
    """Prometheus' own grammar takes each alert's and each panel's expression, types included."""
    # Grafana puts a time in place of its variables before it asks.
    promql_parser.parse(expression.replace("$__rate_interval", "5m"))
