"""What people do in modals and on Home tabs: open, press, submit, close."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridgebot.sandbox.slack import elements
from bridgebot.sandbox.slack.payloads import about
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

    def open_home(self, user: str, tab: str = "home", *, app_id: str = "") -> None:
        """Open the Home tab of an app, or of each; those that asked for it are told."""
        for app in self.workspace.apps.values():
            if app.hears("app_home_opened") and app_id in {"", app.app_id}:
                self._tell_opened(app, user, tab)

    def _tell_opened(self, app: App, user: str, tab: str) -> None:
        event: dict[str, Any] = {
            "type": "app_home_opened",
            "user": user,
            "channel": f"D{app.user_id[1:]}{user[1:]}",
            "tab": tab,
            "event_ts": self.workspace.event_ts(),
        }
        if home := self.workspace.homes.get((app.app_id, user)):
            event["view"] = home
        self.workspace.deliver(app, event)

    def press_at_home(self, user: str, app_id: str, action_id: str) -> None:
        """Press a button of an app's Home tab."""
        self.act_at_home(user, app_id, action_id)

    def act_at_home(
        self, user: str, app_id: str, action_id: str, value: object = None, *, block_id: str = ""
    ) -> None:
        """Press a button, or choose in a menu or picker, of an app's Home tab."""
        view = self.workspace.homes.get((app_id, user))
        if view is None:
            raise SlackRefusalError("no_view_is_open")
        self._act(user, view, action_id, value, block_id)

    def press(self, user: str, action_id: str) -> None:
        """Press a button of the modal that is on top."""
        self.act(user, action_id)

    def act(self, user: str, action_id: str, value: object = None, *, block_id: str = "") -> None:
        """Press a button, or choose in a menu or picker, of the modal that is on top."""
        self._act(user, self._top(user), action_id, value, block_id)

    def _act(
        self, user: str, view: dict[str, Any], action_id: str, value: object, block_id: str
    ) -> None:
        app = self.workspace.apps[view["app_id"]]
        at, blocks = self.workspace.event_ts(), view["blocks"]
        action = elements.acted(blocks, action_id, value, block_id=block_id, at=at)
        given = {action["block_id"]: {action_id: value}}
        view["state"] = {"values": elements.typed(blocks, given, view["state"]["values"])}
        payload = about(self.workspace, app, "block_actions", user) | {
            "container": {"type": "view", "view_id": view["id"]},
            "trigger_id": self.workspace.triggers.give(app, user),
            "view": view,
            "actions": [action],
        }
        self.sockets.send(Envelope(app.app_id, "interactive", payload))

    def fill(self, user: str, given: Mapping[str, Any]) -> bool:
        """Submit the modal on top with what a person typed and chose, raw, by block and action.

        What Slack's own form refuses is said beside the fields, and the app is not asked.
        """
        view = self._top(user)
        found = elements.typed(view["blocks"], given, view["state"]["values"])
        self.errors[user] = elements.problems(view["blocks"], found)
        view["state"] = {"values": found}
        if not self.errors[user]:
            self.submit(user, found)
        self.workspace.changed(type="view", user=user)
        return not self.errors[user]

    def submit(self, user: str, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Submit the modal that is on top, with what stands in its fields."""
        view = self._top(user)
        app = self.workspace.apps[view["app_id"]]
        view["state"] = {"values": values}
        self._note_texts(user, values)
        payload = about(self.workspace, app, "view_submission", user) | {
            "trigger_id": self.workspace.triggers.give(app, user),
            "view": view,
        }

        async def answered(body: Mapping[str, Any]) -> None:
            self._answered(app, user, view, body)

        def failed(_reason: str) -> None:
            # Slack shows it above the fields, and leaves the form as it is.
            self.errors[user] = {"": "We had some trouble connecting. Try again?"}
            self.workspace.changed(type="view", user=user)

        self.sockets.send(Envelope(app.app_id, "interactive", payload, answered, failed))

    def _note_texts(self, user: str, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Remember what a full member typed: it may be meant for somebody outside."""
        if self.workspace.people[user].guest:
            return
        fields = (each for block in values.values() for each in block.values())
        texts = (each.get("value") for each in fields)
        self.workspace.filled_in += [text.strip() for text in texts if isinstance(text, str)]

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

    def _answered(self, app: App, user: str, view: dict[str, Any], body: Mapping[str, Any]) -> None:
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
