"""What people do in channels besides writing: slash commands, buttons, message shortcuts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridgebot.sandbox.slack.payloads import about, container, pressed
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
        payload = {
            **self._who("block_actions", response),
            "container": container(channel_id, message, ephemeral=shown is not None),
            "state": {"values": {}},
            "actions": [pressed(self.workspace, message.get("blocks"), action_id)],
        }
        if shown is None:
            payload["message"] = message
        self._send("interactive", payload, response)

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

        self.sockets.send(Envelope(response.app.app_id, kind, payload, answered))

    def _app_of(self, message: Mapping[str, Any]) -> App:
        """Find the app whose message it is; old bots have none, and their buttons do nothing."""
        for app in self.workspace.apps.values():
            if message.get("bot_id") == app.bot_id or message.get("app") == app.app_id:
                return app
        raise SlackRefusalError("no_such_button")
