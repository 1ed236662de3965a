"""Prints what happens in the sandbox so that a person can follow: who, where, what.

The library that colours is loaded when it is needed: a demo that only says where its page is has
that line out before.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

_SIDES: Final = {
    "guest": ("guest", "cyan"),
    "hotel": ("hotel", "blue"),
    "slack": ("slack", "magenta"),
    "bot": ("bot", "green"),
    "fault": ("fault", "red"),
    "demo": ("demo", "bold"),
}
_LONGEST: Final = 110


def shorten(text: str, longest: int = _LONGEST) -> str:
    """Put a text on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


class Transcript:
    """Writes lines as things happen, coloured on a terminal and plain elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        self._given = console
        self._start = time.monotonic()

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console  # noqa: PLC0415

        return self._given or Console(highlight=False)

    def line(self, side: str, who: str, what: str) -> None:
        """Write one line; ``side`` is guest, hotel, slack, bot, fault or demo."""
        from rich.text import Text  # noqa: PLC0415

        label, style = _SIDES[side]
        text = Text(f"{time.monotonic() - self._start:6.1f}s  ")
        text.append(f"{label:<6}", style=style)
        text.append(f"{who}: " if who else "", style="bold")
        text.append(shorten(what))
        self._console.print(text, soft_wrap=True)

    def say(self, text: str) -> None:
        """Write a sentence of the demo itself, whole."""
        print(text, file=self._given.file if self._given else None, flush=True)

    def figures(self, rows: Mapping[str, int]) -> None:
        """Write the figures as a table."""
        from rich import box  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415

        plain = None if self._console.is_terminal else box.ASCII
        table = Table(title="Figures", box=plain or box.ROUNDED, title_justify="left")
        table.add_column("what")
        table.add_column("number", justify="right")
        for name, number in rows.items():
            table.add_row(name, str(number))
        self._console.print(table)

    def complaints(self, heading: str, lines: Iterable[str]) -> None:
        """Write what is wrong, one thing a line."""
        from rich.text import Text  # noqa: PLC0415

        self._console.print(Text(heading, style="bold red"), soft_wrap=True)
        for one in lines:
            self._console.print(Text(f"  - {one}"), soft_wrap=True)
