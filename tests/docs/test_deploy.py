"""What is shipped to run and watch the bridge: rules, dashboard, unit, compose file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from bridgebot.bridge.delivery import REFUSED_DELAY
from bridgebot.metrics import describe, render
from bridgebot.settings import describe as settings
from bridgebot.workers import selfcheck

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "bridgebot.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "bridgebot.json"


def _exposed() -> set[str]:
    """List the names that a scrape can show: a histogram has three."""
    names = set(re.findall(r"^# TYPE (\S+)", render(()).decode(), re.MULTILINE))
    for name, kind, _, _ in describe():
        names |= {f"{name}_{end}" for end in ("bucket", "sum", "count") if kind == "histogram"}
    return names


def _rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def _expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    return [*(rule["expr"] for rule in _rules()), *shown]


def test_rules_and_dashboard_name_only_metrics_that_exist() -> None:
    """A renamed metric does not silence an alert."""
    named = {name for each in _expressions() for name in re.findall(r"\bbridgebot_\w+", each)}

    assert named
    assert named - _exposed() == set()


def test_rules_and_dashboard_name_only_labels_that_exist() -> None:
    """A renamed label does not silence an alert either."""
    labels = {name: set(labels) for name, _, labels, _ in describe()}
    wrong = [
        (name, label)
        for each in _expressions()
        for name, chosen in re.findall(r"(bridgebot_\w+)\{([^}]*)\}", each)
        for label in re.findall(r"(\w+)=", chosen)
        if label not in labels[name]
    ]

    assert wrong == []


def test_every_metric_is_on_the_dashboard_or_in_a_rule() -> None:
    """What is measured is looked at."""
    text = " ".join(_expressions())
    known_elsewhere = {"bridgebot_build_info"}

    assert {name for name, *_ in describe() if name not in text} == known_elsewhere


def test_all_names_begin_with_bridgebot() -> None:
    """The contract's prefix stands on every metric, the process's included."""
    assert {name for name in _exposed() if not name.startswith("bridgebot_")} == set()


def metrics_page() -> str:
    """Write the reference of all metrics."""
    lines = [
        "# Metrics",
        "",
        "At `/metrics` on `BRIDGEBOT_HTTP_BIND`, in Prometheus' text form. Beside these, the usual",
        "figures of the process (memory, processor, files) begin with `bridgebot_process_`. What",
        "to do when one looks wrong: [operations](operations.md).",
        "",
        "| name | kind | labels | meaning |",
        "| --- | --- | --- | --- |",
    ]
    for name, kind, labels, meaning in describe():
        shown = ", ".join(f"`{each}`" for each in labels) or "-"
        lines.append(f"| `{name}` | {kind} | {shown} | {meaning} |")
    return "\n".join(lines) + "\n"


def test_the_reference_of_metrics_is_that_of_the_code() -> None:
    """Each metric stands in the reference with its labels and meaning."""
    assert (ROOT / "docs" / "metrics.md").read_text("utf-8") == metrics_page()


def test_every_alert_has_a_runbook() -> None:
    """Each rule has a section of its name, and each section a rule."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    sections = re.findall(r"^### (Bridgebot\w+)$", page, re.MULTILINE)

    assert sorted(sections) == sorted(rule["alert"] for rule in _rules())


def test_what_is_uncertain_is_told_of_each_queue_apart() -> None:
    """A reply may be a question to a person, a post never is: each has its own runbook."""
    uncertain = [rule["expr"] for rule in _rules() if 'state="uncertain"' in rule["expr"]]

    assert [re.findall(r'queue="(\w+)"', each) for each in uncertain] == [["outbox"], ["inbox"]]


def test_the_runbook_says_how_often_the_footing_is_looked_at() -> None:
    """Its numbers are those of the code, how long forty channels take among them."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8").replace("\n", " ")

    assert selfcheck.AT_ONCE == 5
    assert f"looked at every {selfcheck.PAUSE:.0f} seconds; channels too, five at a time" in page
    assert 40 / selfcheck.AT_ONCE * selfcheck.PAUSE <= 180
    assert "of forty each comes round within three minutes" in page
    assert "(ten of these at most)" in page
    assert REFUSED_DELAY == 30


def test_every_kind_of_alert_in_slack_has_a_runbook() -> None:
    """What the bridge raises in the alerts channel stands in the table."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    code = "".join(each.read_text("utf-8") for each in (ROOT / "bridgebot").rglob("*.py"))
    raised = set(re.findall(r'raise_alert\([^=]*kind="(\w+)"', code))
    raised |= set(re.findall(r'(?:_tell|Aspect)\("(\w+)"', code))

    assert {"undelivered", "quarantined", "credentials", "provider_down"} <= raised
    assert raised <= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))


def _unit() -> dict[str, list[str]]:
    """Read the unit's lines by their names."""
    lines = (ROOT / "deploy" / "systemd" / "bridgebot.service").read_text("utf-8").splitlines()
    found: dict[str, list[str]] = {}
    for name, is_line, value in (line.partition("=") for line in lines if line[:1].isalpha()):
        if is_line:
            found.setdefault(name, []).append(value)
    return found


def test_the_unit_is_hardened() -> None:
    """A user of its own, nothing to write but its state, secrets as credentials."""
    unit = _unit()

    assert unit["DynamicUser"] == unit["NoNewPrivileges"] == unit["PrivateTmp"] == ["yes"]
    assert unit["ProtectSystem"] == ["strict"]
    assert unit["StateDirectory"] == ["bridgebot"]
    assert unit["UMask"] == ["0077"]
    assert unit["CapabilityBoundingSet"] == [""]
    assert unit["RestrictAddressFamilies"] == ["AF_INET AF_INET6 AF_UNIX"]


def test_the_unit_never_gives_up() -> None:
    """An outage longer than some starts take leaves nothing down; a wrong setting ends it."""
    unit = _unit()

    assert unit["Restart"] == ["on-failure"]
    assert unit["StartLimitIntervalSec"] == ["0"]
    assert "StartLimitBurst" not in unit
    assert unit["RestartPreventExitStatus"] == ["2"]


def test_what_is_shipped_can_draw_the_weekly_chart() -> None:
    """Image and unit have a place for the list of fonts, which nothing else may be written to."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")

    assert "MPLCONFIGDIR=/tmp/matplotlib" in _unit()["Environment"]
    assert "MPLCONFIGDIR=/tmp/matplotlib" in (ROOT / "Dockerfile").read_text("utf-8")
    assert _compose()["services"]["bridgebot"]["tmpfs"] == ["/tmp"]  # noqa: S108 - its own
    assert "/opt/bridgebot/bin/pip install '.[report]'" in page


def test_the_units_secrets_are_settings_that_come_from_files() -> None:
    """Each credential is named by a ``_FILE`` variable of a setting, and no secret by value."""
    unit = _unit()
    files = dict(re.findall(r"BRIDGEBOT_(\w+)_FILE=%d/(\S+)", "\n".join(unit["Environment"])))
    loaded = {each.partition(":")[0] for each in unit["LoadCredential"]}
    known = {row.name for row in settings()}

    assert set(files.values()) == loaded
    assert set(files) <= known
    assert not any(f"BRIDGEBOT_{name}=" in each for name in files for each in unit["Environment"])
    assert "RestartPreventExitStatus" in unit


def _compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return found


def test_the_compose_file_has_volume_health_check_and_profile() -> None:
    """The database outlives the container, and PostgreSQL comes on demand."""
    services = _compose()["services"]
    bot = services["bridgebot"]

    assert bot["volumes"] == ["data:/data"]
    assert set(_compose()["volumes"]) == {"data", "postgres"}
    assert bot["healthcheck"]["test"][0] == "CMD"
    assert bot["read_only"] is True
    assert all(each.startswith("127.0.0.1:") for each in bot["ports"])
    assert services["postgres"]["profiles"] == ["postgres"]
    assert bot["depends_on"]["postgres"]["required"] is False


def test_the_compose_file_and_the_image_agree() -> None:
    """One health check and one volume; the settings named exist."""
    image = (ROOT / "Dockerfile").read_text("utf-8")
    bot = _compose()["services"]["bridgebot"]
    named = {name.removeprefix("BRIDGEBOT_") for name in bot["environment"]}

    assert bot["healthcheck"]["test"][-1] in image
    assert "VOLUME /data" in image
    assert named <= {row.name for row in settings()}
