"""What is loaded at the start, counted in modules: a guard for the time a command takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "aiohttp",
    "aiosqlite",
    "alembic",
    "asyncpg",
    "bridgebot.sandbox",
    "emoji",
    "httpx",
    "prometheus_client",
    "pydantic",
    "slack_bolt",
    "slack_sdk",
    "sqlalchemy",
    "structlog",
}


def _loaded(code: str) -> set[str]:
    told = f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("command", ["--help", "--version"])
def test_a_command_that_only_prints_loads_none_of_the_large_libraries(command: str) -> None:
    """Help is there at once."""
    found = _loaded(
        f"sys.argv = ['bridgebot', {command!r}]\n"
        "from bridgebot.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )

    assert not found & HEAVY


def test_the_demo_says_where_its_page_is_before_the_large_libraries_are_loaded() -> None:
    """A browser starts meanwhile: what serves the page, and what reads a scenario, come apart."""
    found = _loaded(
        "import bridgebot.cli, bridgebot.sandbox.front\n"
        "from bridgebot.sandbox.script import names, read\n"
        "for name in names():\n    read(name)"
    )

    assert not found & (HEAVY - {"bridgebot.sandbox"} | {"rich.console"})


def test_the_page_is_served_without_the_libraries_of_the_bridge() -> None:
    """What the stand-ins need is little; a demo's page does not wait for the bridge's own."""
    found = _loaded("import bridgebot.sandbox.demo")

    assert not found & (HEAVY - {"bridgebot.sandbox", "aiohttp", "emoji"} | {"rich.console"})


def test_the_bridge_loads_nothing_that_its_ordinary_start_does_not_need() -> None:
    """Migrations, the other database, the emoji's names and the sandbox are loaded when needed."""
    found = _loaded("import bridgebot.app")

    assert not found & {"alembic", "asyncpg", "bridgebot.sandbox", "emoji", "tests"}
    # Of the libraries alone: what measures coverage loads modules of Python as well.
    others = sys.stdlib_module_names | {"coverage", "$coverage", "bridgebot"}
    libraries = {name for name in found if name.partition(".")[0] not in others}
    assert len(libraries) < 790, len(libraries)
