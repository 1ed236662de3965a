"""What a check found, and how findings are shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How a check ended; a ``note`` cannot be checked from outside and is a person's to look at."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """What one check found; ``remedy`` says what to do where something is to be done."""

    check: str
    level: Level
    text: str
    remedy: str = ""


def good(check: str, text: str) -> Finding:
    """Say that all is well."""
    return Finding(check=check, level=Level.OK, text=text)


def note(check: str, text: str, remedy: str) -> Finding:
    """Remind of what cannot be checked from here."""
    return Finding(check=check, level=Level.NOTE, text=text, remedy=remedy)


def warning(check: str, text: str, remedy: str) -> Finding:
    """Say what is not as it should be, though the bridge can run."""
    return Finding(check=check, level=Level.WARNING, text=text, remedy=remedy)


def wrong(check: str, text: str, remedy: str = "") -> Finding:
    """Say what keeps the bridge from running."""
    return Finding(check=check, level=Level.ERROR, text=text, remedy=remedy)


def status(findings: Sequence[Finding]) -> int:
    """Return the exit status: 1 where something is wrong."""
    return int(any(each.level is Level.ERROR for each in findings))


def report(findings: Sequence[Finding], *, for_machines: bool = False) -> str:
    """Write one line each, the remedy behind it; or JSON."""
    if for_machines:
        body = {"ok": not status(findings), "checks": [asdict(each) for each in findings]}
        return json.dumps(body, ensure_ascii=False, indent=2)
    width = max((len(each.check) for each in findings), default=0)
    lines = []
    for each in findings:
        remedy = f" → {each.remedy}" if each.remedy else ""
        lines.append(f"{each.level:<7}  {each.check:<{width}}  {each.text}{remedy}")
    return "\n".join(lines)
