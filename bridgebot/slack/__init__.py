"""Everything that talks to Slack."""

from __future__ import annotations
