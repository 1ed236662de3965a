"""Stand-ins for the outside systems, their page, and the demo."""

from __future__ import annotations
