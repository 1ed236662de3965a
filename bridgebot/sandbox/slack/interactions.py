"""What people do in channels besides writing: slash commands, buttons, message shortcuts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridgebot.sandbox.slack import elements
from bridgebot.sandbox.slack.payloads import about, container
from bridgebot.sandbox.slack.responses import Response, Responses
from bridgebot.sandbox.slack.socket import Envelope, SocketMode
from bridgebot.sandbox.slack.state import App, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace


class Interactions:
    """Sends commands and clicks to apps and takes their answers."""

    def __init__(self, workspace: Workspace, sockets: SocketMode, responses: Responses) -> None:
        self.workspace = workspace
        self.sockets = sockets
        self.responses = responses
        # What each person chose in the menus of a message, which Slack keeps for them alone.
        self._chosen: dict[tuple[str, str, str], elements.Values] = {}

    def slash_command(self, user: str, channel_id: str, command: str, text: str) -> None:
        """Type a slash command in a channel; Slack knows no commands in threads."""
        self._at_home(user)
        # Where several apps own a name, the one that was installed last has it.
        apps = reversed(self.workspace.apps.values())
        app = next((each for each in apps if each.owns(command, each.commands)), None)
        if app is None:
            raise SlackRefusalError("not_a_valid_command")
        response = Response(app, user, channel_id, self.workspace.now())
        payload = {
            "token": "sandbox",
            "team_id": self.workspace.team_id,
            "team_domain": "sandbox",
            "channel_id": channel_id,
            "channel_name": self.workspace.channels[channel_id].name,
            "user_id": user,
            "user_name": self.workspace.people[user].name,
            "command": command,
            "text": text,
            "api_app_id": app.app_id,
            "is_enterprise_install": False,
            "response_url": self.responses.url(response),
            "trigger_id": self.workspace.triggers.give(app, user),
        }
        self._send("slash_commands", payload, response)

    def press_button(self, user: str, channel_id: str, ts: str, action_id: str) -> None:
        """Press a button of a message."""
        self.act(user, channel_id, ts, action_id)

    def act(
        self,
        user: str,
        channel_id: str,
        ts: str,
        action_id: str,
        value: object = None,
        *,
        block_id: str = "",
    ) -> None:
        """Press a button of a message, or choose in one of its menus and pickers."""
        shown = self.responses.ephemeral(user, channel_id, ts)
        message = shown or self.workspace.message(channel_id, ts)
        response = Response(
            self._app_of(message),
            user,
            channel_id,
            self.workspace.now(),
            thread_ts=message.get("thread_ts"),
            message_ts=ts,
        )
        at, blocks = self.workspace.event_ts(), message.get("blocks")
        action = elements.acted(blocks, action_id, value, block_id=block_id, at=at)
        payload = {
            **self._who("block_actions", response),
            "container": container(channel_id, message, ephemeral=shown is not None),
            "state": {"values": self._state((user, channel_id, ts), blocks, action, value)},
            "actions": [action],
        }
        if shown is None:
            payload["message"] = message
        self.workspace.pressed.append((channel_id, str(message.get("thread_ts")), action_id))
        self._send("interactive", payload, response)

    def _state(
        self, place: tuple[str, str, str], blocks: object, action: Mapping[str, Any], value: object
    ) -> elements.Values:
        """Tell what stands in a message's menus for this person, the newest choice included."""
        given = {action["block_id"]: {action["action_id"]: value}}
        known = self._chosen.get(place)
        self._chosen[place] = found = elements.typed(blocks, given, known)
        return found

    def _at_home(self, user: str) -> None:
        """See that somebody is of the workspace: others have no commands and no shortcuts."""
        if self.workspace.people[user].team_id != self.workspace.team_id:
            raise SlackRefusalError("not_a_member_of_this_workspace")

    def message_shortcut(self, user: str, channel_id: str, ts: str, callback_id: str) -> None:
        """Use a shortcut on a message."""
        self._at_home(user)
        message = self.workspace.message(channel_id, ts)
        apps = reversed(self.workspace.apps.values())
        app = next((each for each in apps if each.owns(callback_id, each.shortcuts)), None)
        if app is None:
            raise SlackRefusalError("no_such_shortcut")
        now = self.workspace.now()
        response = Response(app, user, channel_id, now, thread_ts=message.get("thread_ts"))
        payload = {
            **self._who("message_action", response),
            "callback_id": callback_id,
            "message_ts": ts,
            "message": message,
            "action_ts": self.workspace.event_ts(),
        }
        # Slack leaves these two out here.
        del payload["api_app_id"], payload["user"]["username"]
        self._send("interactive", payload, response)

    def global_shortcut(self, user: str, callback_id: str) -> None:
        """Use a shortcut that belongs to no message: it has no channel and no ``response_url``."""
        self._at_home(user)
        apps = reversed(self.workspace.apps.values())
        app = next((each for each in apps if each.owns(callback_id, each.shortcuts)), None)
        if app is None:
            raise SlackRefusalError("no_such_shortcut")
        payload = about(self.workspace, app, "shortcut", user) | {
            "callback_id": callback_id,
            "trigger_id": self.workspace.triggers.give(app, user),
            "action_ts": self.workspace.event_ts(),
        }
        del payload["api_app_id"], payload["user"]["name"]
        self.sockets.send(Envelope(app.app_id, "interactive", payload))

    def _who(self, kind: str, response: Response) -> dict[str, Any]:
        name = self.workspace.channels[response.channel].name
        return about(self.workspace, response.app, kind, response.user) | {
            "channel": {"id": response.channel, "name": name},
            "trigger_id": self.workspace.triggers.give(response.app, response.user),
            "response_url": self.responses.url(response),
        }

    def _send(self, kind: str, payload: dict[str, Any], response: Response) -> None:
        async def answered(body: Mapping[str, Any]) -> None:
            if body.get("text") or body.get("blocks"):
                self.responses.show(response, body)

        def failed(reason: str) -> None:
            if kind == "slash_commands":
                self._tell_failure(response, str(payload["command"]), reason)

        self.sockets.send(Envelope(response.app.app_id, kind, payload, answered, failed))

    def _tell_failure(self, response: Response, command: str, reason: str) -> None:
        """Let Slackbot tell somebody privately that a command was not taken."""
        error = {"http_timeout": "operation_timeout"}.get(reason, reason)
        text = f'`{command}` failed with the error "{error}"'
        self.responses.show(response, {"text": text}, by_slackbot=True)

    def _app_of(self, message: Mapping[str, Any]) -> App:
        """Find the app whose message it is; old bots have none, and their buttons do nothing."""
        for app in self.workspace.apps.values():
            if message.get("bot_id") == app.bot_id or message.get("app") == app.app_id:
                return app
        raise SlackRefusalError("no_such_button")
