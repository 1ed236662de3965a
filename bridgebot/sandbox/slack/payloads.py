"""The parts that interactive payloads share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridgebot.sandbox.slack.state import App
from bridgebot.sandbox.slack.workspace import Workspace


def about(workspace: Workspace, app: App, kind: str, user: str) -> dict[str, Any]:
    """Say which app is meant, and who did it."""
    person = workspace.people[user]
    return {
        "type": kind,
        "token": "sandbox",
        "api_app_id": app.app_id,
        "team": {"id": workspace.team_id, "domain": "sandbox"},
        "user": {
            "id": user,
            "username": person.name,
            "name": person.name,
            "team_id": person.team_id,
        },
        "is_enterprise_install": False,
    }


def container(channel: str, message: Mapping[str, Any], *, ephemeral: bool) -> dict[str, Any]:
    """Say in which message a button stands."""
    place = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel,
        "is_ephemeral": ephemeral,
    }
    thread_ts = message.get("thread_ts")
    return place | ({"thread_ts": thread_ts} if thread_ts else {})
