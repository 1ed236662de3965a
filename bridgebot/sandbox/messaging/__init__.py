"""Stand-ins for the guests' messaging services."""

from __future__ import annotations
