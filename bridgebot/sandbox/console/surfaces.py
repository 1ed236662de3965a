"""Shows apps, Home tabs and forms as tables for the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridgebot.sandbox.console.stream import State, Table
from bridgebot.sandbox.slack.standin import SlackStandIn
from bridgebot.sandbox.slack.workspace import Workspace


def surfaces(slack: SlackStandIn) -> State:
    """Show what apps there are, and what they show to whom."""
    workspace = slack.workspace
    return {
        "apps": _apps(slack),
        "homes": _homes(workspace),
        "modals": {
            user: {
                "user": user,
                "views": [_view(workspace, view) for view in stack],
                "errors": dict(slack.modals.errors.get(user) or {}),
            }
            for user, stack in workspace.stacks.items()
            if stack
        },
    }


def _apps(slack: SlackStandIn) -> Table:
    return {
        key: {
            "id": key,
            "name": app.name,
            "user": app.user_id,
            "connected": slack.sockets.connected(key) or bool(app.request_url),
            "over_http": bool(app.request_url),
            "home": app.hears("app_home_opened"),
            "offers": [
                {"kind": one.kind, "key": one.key, "name": one.name}
                | {"about": one.about, "hint": one.hint}
                for one in app.offers
            ],
        }
        for key, app in slack.workspace.apps.items()
        if app.bot_token not in slack.workspace.revoked
    }


def _homes(workspace: Workspace) -> Table:
    return {
        f"{app_id}:{user}": {"app": app_id, "user": user, **_view(workspace, view)}
        for (app_id, user), view in workspace.homes.items()
    }


def _view(workspace: Workspace, view: Mapping[str, Any]) -> dict[str, object]:
    words = {name: (view.get(name) or {}).get("text", "") for name in ("title", "submit", "close")}
    return {
        "id": view["id"],
        "app_name": workspace.apps[view["app_id"]].name,
        "hash": view["hash"],
        "blocks": view["blocks"],
        "values": dict(view["state"]["values"]),
        **words,
    }
