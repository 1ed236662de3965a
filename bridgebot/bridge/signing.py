"""What stands below a reply: nothing, its author's first name, or the property's own line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """How replies are signed; ``how`` is ``none``, ``first_name`` or ``property``."""

    how: str = "none"
    lines: Mapping[str, str] = field(default_factory=dict)

    def line(self, first_name: str, property_id: str | None) -> str:
        """Tell the line below a reply; empty for none."""
        if self.how == "first_name":
            return first_name
        return self.lines.get(property_id or "", "") if self.how == "property" else ""

    def in_words(self, property_id: str | None) -> str | None:
        """Say to staff how replies at a property are signed; ``None`` where they are not."""
        if self.how == "first_name":
            return "Replies end with their author's first name"
        line = self.line("", property_id)
        return f"Replies end with: {line}" if line else None
