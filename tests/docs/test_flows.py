"""What is compared with flows: n8n takes part where it is installed, and is shown as the others."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from benchmarks import tables
from benchmarks.n8n import FLOW
from benchmarks.nodered import TRIALS, Places
from benchmarks.report import command

HERE = Path("/somewhere")


def test_n8n_takes_part_only_where_it_is_told() -> None:
    """The comparison with Node-RED needs no n8n."""
    assert Places(HERE).kinds == ("bridgebot", "careful", "afternoon")
    assert Places(HERE, HERE).kinds == ("bridgebot", "careful", "afternoon", "n8n")


def test_the_versions_are_those_installed(tmp_path: Path) -> None:
    """Each is read from its package."""
    for name, number in (("node-red", "4.1"), ("n8n", "1.2")):
        package = tmp_path / "node_modules" / name / "package.json"
        package.parent.mkdir(parents=True)
        package.write_text(json.dumps({"version": number}), encoding="utf-8")

    assert Places(tmp_path).versions() == {"node_red": "4.1"}
    assert Places(tmp_path, tmp_path).versions() == {"node_red": "4.1", "n8n": "1.2"}


def test_the_command_names_no_place_of_n8n() -> None:
    """The directory is this machine's; without one, the option is not there."""
    told = Namespace(node_red=HERE, n8n=HERE, short=False)

    assert command("nodered", told) == (
        "python -m benchmarks.nodered --n8n N8N --node-red NODE_RED"
    )
    told.n8n = None
    assert "n8n" not in command("nodered", told)


def test_the_table_has_a_column_for_n8n() -> None:
    """And says which version it was."""
    kinds = Places(HERE, HERE).kinds
    counts = {"threads": 1, "lost": 0, "twice": 0}
    figures = {
        "throughput": {kind: {"rate": 1.5, "cpu_ms": 2.0, "peak_mb": 3.0} for kind in kinds},
        "trials": {name: dict.fromkeys(kinds, counts) for name in TRIALS},
        "node_red": "4.1",
    }

    assert "Node-RED 4.1.\n" in tables.nodered(figures)
    shown = tables.nodered({**figures, "n8n": "1.2"})
    assert "|  | bridgebot | careful | afternoon | n8n |" in shown
    assert shown.endswith("Node-RED 4.1, n8n 1.2.\n")


def test_every_node_of_the_n8n_flow_is_reached() -> None:
    """From the trigger, along connections that name nodes which are there."""
    flow = json.loads(FLOW.read_text(encoding="utf-8"))
    names = {node["name"] for node in flow["nodes"]}
    reached, look = set(), ["Each second"]
    while look:
        name = look.pop()
        reached.add(name)
        for output in flow["connections"].get(name, {"main": []})["main"]:
            look += [to["node"] for to in output if to["node"] not in reached]

    assert reached == names
    assert set(flow["connections"]) <= names
