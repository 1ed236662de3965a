"""The documentation as a site, and the commands it tells people to type."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.main import get_command

from bridgebot.cli import app

ROOT = Path(__file__).parents[2]


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """No link and no section leads nowhere, in any page, as the generator sees it."""
    built = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", tmp_path],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert built.returncode == 0, built.stdout + built.stderr
    assert (tmp_path / "index.html").exists()


def test_every_page_stands_in_the_navigation() -> None:
    """A page that nobody is led to is not read."""
    named = set(re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE))
    pages = {each.relative_to(ROOT).as_posix() for each in (ROOT / "docs").glob("*.md")}

    assert pages <= named


def _commands() -> dict[str, set[str] | None]:
    """List the commands with their options; ``None`` for one that has commands of its own."""
    program: Any = get_command(app)
    return {
        name: None
        if hasattr(each, "commands")
        else {option for parameter in each.params for option in parameter.opts}
        for name, each in program.commands.items()
    }


def test_the_commands_in_the_documents_exist() -> None:
    """Each ``bridgebot …`` in a page is a command of the program, with options it has."""
    commands = _commands()
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    typed = {
        found
        for page in pages
        for found in re.findall(r"(?:^|`|&& )bridgebot ([a-z]+)([^`\n#]*)", page.read_text("utf-8"))
    }

    assert {"init", "doctor", "run"} <= {name for name, _ in typed}
    for name, rest in typed:
        assert name in commands, name
        options = commands[name]
        if options is not None:
            assert set(re.findall(r"--[a-z]+", rest)) <= options, f"{name}{rest}"
