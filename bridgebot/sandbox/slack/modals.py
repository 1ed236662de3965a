"""What people do in modals and on Home tabs: open, press, submit, close."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridgebot.sandbox.slack.payloads import about, chosen, pressed
from bridgebot.sandbox.slack.socket import Envelope, SocketMode
from bridgebot.sandbox.slack.state import App, SlackRefusalError
from bridgebot.sandbox.slack.views import close_from, new_view, push, replace
from bridgebot.sandbox.slack.workspace import Workspace


class Modals:
    """Sends what people do in views to the app of the view, and does what it answers."""

    def __init__(self, workspace: Workspace, sockets: SocketMode) -> None:
        self.workspace = workspace
        self.sockets = sockets
        self.errors: dict[str, Mapping[str, str]] = {}

    def open_home(self, user: str, tab: str = "home") -> None:
        """Open the Home tab of each app that asked to be told."""
        for app in self.workspace.apps.values():
            event: dict[str, Any] = {
                "type": "app_home_opened",
                "user": user,
                "channel": f"D{app.user_id[1:]}{user[1:]}",
                "tab": tab,
                "event_ts": self.workspace.event_ts(),
            }
            if home := self.workspace.homes.get((app.app_id, user)):
                event["view"] = home
            if app.hears("app_home_opened"):
                self.workspace.deliver(app, event)

    def press_at_home(self, user: str, app_id: str, action_id: str) -> None:
        """Press a button of an app's Home tab."""
        view = self.workspace.homes.get((app_id, user))
        if view is None:
            raise SlackRefusalError("no_view_is_open")
        self._press(user, view, action_id)

    def choose_at_home(self, user: str, app_id: str, action_id: str, value: str) -> None:
        """Choose an option of a menu in an app's Home tab."""
        view = self.workspace.homes.get((app_id, user))
        if view is None:
            raise SlackRefusalError("no_view_is_open")
        self._send(user, view, chosen(self.workspace, view["blocks"], action_id, value))

    def press(self, user: str, action_id: str) -> None:
        """Press a button of the modal that is on top."""
        self._press(user, self._top(user), action_id)

    def _press(self, user: str, view: dict[str, Any], action_id: str) -> None:
        self._send(user, view, pressed(self.workspace, view["blocks"], action_id))

    def _send(self, user: str, view: dict[str, Any], action: Mapping[str, Any]) -> None:
        app = self.workspace.apps[view["app_id"]]
        payload = about(self.workspace, app, "block_actions", user) | {
            "container": {"type": "view", "view_id": view["id"]},
            "trigger_id": self.workspace.triggers.give(app, user),
            "view": view,
            "actions": [action],
        }
        self.sockets.send(Envelope(app.app_id, "interactive", payload))

    def submit(self, user: str, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Submit the modal that is on top, with what stands in its fields."""
        view = self._top(user)
        app = self.workspace.apps[view["app_id"]]
        view["state"] = {"values": values}
        payload = about(self.workspace, app, "view_submission", user) | {
            "trigger_id": self.workspace.triggers.give(app, user),
            "view": view,
        }

        async def answered(body: Mapping[str, Any]) -> None:
            self._act(app, user, view, body)

        self.sockets.send(Envelope(app.app_id, "interactive", payload, answered))

    def close(self, user: str, *, everything: bool = False) -> None:
        """Close the modal on top, or all; the app is told if the view asks for it."""
        top = self._top(user)
        view = self.workspace.stacks[user][0] if everything else top
        for closed in reversed(close_from(self.workspace, user, view)):
            if closed["notify_on_close"]:
                app = self.workspace.apps[closed["app_id"]]
                payload = about(self.workspace, app, "view_closed", user)
                payload |= {"view": closed, "is_cleared": everything}
                self.sockets.send(Envelope(app.app_id, "interactive", payload))

    def _top(self, user: str) -> dict[str, Any]:
        stack = self.workspace.stacks.get(user)
        if not stack:
            raise SlackRefusalError("no_view_is_open")
        return stack[-1]

    def _act(self, app: App, user: str, view: dict[str, Any], body: Mapping[str, Any]) -> None:
        """Do what an app's answer to a submission asks for; an empty one closes the view."""
        action = body.get("response_action")
        self.errors[user] = body.get("errors") or {} if action == "errors" else {}
        if action == "update":
            replace(self.workspace, app, view, body.get("view"))
        elif action == "push":
            push(self.workspace, user, new_view(self.workspace, app, body.get("view"), "modal"))
        elif action == "clear":
            close_from(self.workspace, user, None)
        elif action != "errors":
            close_from(self.workspace, user, view)
        self.workspace.changed(type="view", user=user)
