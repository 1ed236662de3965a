"""Lays the site out as the repository is, so that every relative link holds in both."""

from __future__ import annotations

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Show the pages beside README and what they link to, at the places they have here."""
    ours = [*ROOT.glob("*.md"), ROOT / "LICENSE", ROOT / "compose.yaml", ROOT / "manifest.yml"]
    for folder in ("docs", "deploy"):
        ours += [each for each in (ROOT / folder).rglob("*") if each.is_file()]
    theme = [each for each in files if not _from_docs(each)]
    shown = [
        File.generated(config, each.relative_to(ROOT).as_posix(), abs_src_path=str(each))
        for each in ours
    ]
    return Files([*theme, *shown])


def _from_docs(each: File) -> bool:
    return Path(each.abs_src_path or "").is_relative_to(ROOT / "docs")
