"""A durable two-way bridge between hotel guests' messages and a team's Slack."""

from __future__ import annotations

__version__ = "0.1.0"
