"""The parts that interactive payloads share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bridgebot.sandbox.slack.state import App, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace

_TOLD = ("action_id", "type", "text", "value", "style", "url")


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


def pressed(workspace: Workspace, blocks: object, action_id: str) -> dict[str, Any]:
    """Describe a button among blocks as a click tells of it."""
    for button in _buttons(blocks):
        if button.get("action_id") == action_id:
            return {**button, "action_ts": workspace.event_ts()}
    raise SlackRefusalError("no_such_button")


def chosen(workspace: Workspace, blocks: object, action_id: str, value: str) -> dict[str, Any]:
    """Describe an option of a menu among blocks as a choice tells of it."""
    for block, menu in _elements(blocks):
        options = menu.get("options") or ()
        found = next((each for each in options if each["value"] == value), None)
        if menu.get("action_id") == action_id and found is not None:
            told = {"type": menu["type"], "action_id": action_id, "block_id": block["block_id"]}
            return told | {"selected_option": found, "action_ts": workspace.event_ts()}
    raise SlackRefusalError("no_such_option")


def _buttons(blocks: object) -> Iterator[dict[str, Any]]:
    for block, element in _elements(blocks):
        if element.get("type") == "button":
            told = {key: element[key] for key in _TOLD if key in element}
            yield told | {"block_id": block["block_id"]}


def _elements(blocks: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:  # noqa: ANN401 - blocks are JSON
    for block in blocks or ():
        for element in [*(block.get("elements") or ()), block.get("accessory") or {}]:
            yield block, element


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
