"""Bolt's app, which can tell what it listens to."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncApp

Made = TypeVar("Made")


class HearingApp(AsyncApp):
    """Remembers which commands, shortcuts, buttons and forms were registered, by their kind.

    Each as a regular expression that their whole name fits.
    """

    def __init__(self, **more: Any) -> None:  # noqa: ANN401 - as Bolt has it
        self.hears: dict[str, list[str]] = {}
        super().__init__(**more)

    def command(self, command: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401 - as Bolt has it
        """Listen to a slash command."""
        return self._noted("command", command, super().command(command, *more, **named))

    def shortcut(self, constraints: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401 - as Bolt has it
        """Listen to a shortcut."""
        return self._noted("shortcut", constraints, super().shortcut(constraints, *more, **named))

    def action(self, constraints: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401 - as Bolt has it
        """Listen to a button or a menu."""
        return self._noted("action", constraints, super().action(constraints, *more, **named))

    def view(self, constraints: Any, *more: Any, **named: Any) -> Any:  # noqa: ANN401 - as Bolt has it
        """Listen to a form."""
        return self._noted("view", constraints, super().view(constraints, *more, **named))

    def _noted(self, kind: str, which: object, made: Made) -> Made:
        pattern = which.pattern if isinstance(which, re.Pattern) else re.escape(str(which))
        self.hears.setdefault(kind, []).append(str(pattern))
        return made
