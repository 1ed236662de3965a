"""Judges whether the app can work in Slack: at the start, while it runs, and for the doctor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridgebot.manifest import bot_scopes

CLOCK_DOUBTFUL, CLOCK_WRONG = 30.0, 300.0
"""Seconds; Slack's signatures and Booking.com's tokens bear five minutes."""

SYNCHRONISE = "switch on time synchronisation (timedatectl set-ntp true)"
REINSTALL = "api.slack.com/apps → your app → OAuth & Permissions → add them, then Reinstall"


def missing_scopes(granted: frozenset[str]) -> list[str]:
    """List the scopes of the manifest that a token was not granted."""
    return sorted(bot_scopes() - granted)


def channel_problem(about: Mapping[str, Any]) -> tuple[str, str] | None:
    """Say why the bot cannot write in a channel, and the remedy; ``None`` where it can."""
    name = f"#{about.get('name', about.get('id'))}"
    if about.get("is_archived"):
        return f"{name} is archived", "restore it, or name another one in the settings"
    if not about.get("is_member"):
        return f"{name} is without the bot", "invite it there: /invite @bridgebot"
    return None


def clock_off(stated: datetime | None, now: datetime) -> float:
    """Tell by how many seconds this machine's clock differs from Slack's."""
    return 0.0 if stated is None else abs((now - stated).total_seconds())
