"""The Web API's methods about the team, bots, groups and direct messages."""

from __future__ import annotations

from typing import Any

from bridgebot.sandbox.slack.arguments import Arguments, yes
from bridgebot.sandbox.slack.chat import LINK
from bridgebot.sandbox.slack.state import App, Channel, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace


def team_info(workspace: Workspace, _app: App, _arguments: Arguments) -> dict[str, Any]:
    """Tell about the workspace."""
    team = {
        "id": workspace.team_id,
        "name": workspace.team_name,
        "domain": "sandbox",
        "email_domain": "",
        "url": "https://sandbox.slack.example/",
        "is_verified": False,
    }
    return {"team": team}


def bots_info(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Tell about a bot, by default the caller's own."""
    wanted = str(arguments.get("bot") or app.bot_id)
    found = next((each for each in workspace.apps.values() if each.bot_id == wanted), None)
    if found is None:
        raise SlackRefusalError("bot_not_found")
    bot = {
        "id": found.bot_id,
        "deleted": False,
        "name": found.name,
        "updated": 1700000000,
        "app_id": found.app_id,
        "user_id": found.user_id,
    }
    return {"bot": bot}


def usergroups(workspace: Workspace, _app: App, arguments: Arguments) -> dict[str, Any]:
    """List the groups of people, with their members if asked to."""
    hidden = set() if yes(arguments.get("include_users")) else {"users"}
    disabled = yes(arguments.get("include_disabled"))
    shown = [
        {key: value for key, value in group.items() if key not in hidden}
        for group in workspace.groups.values()
        if disabled or not group.get("date_delete")
    ]
    return {"usergroups": shown}


def usergroup_users(workspace: Workspace, _app: App, arguments: Arguments) -> dict[str, Any]:
    """List the people of a group; one that is switched off is only known if it is asked for."""
    group = workspace.groups.get(str(arguments.get("usergroup")))
    hidden = group and group.get("date_delete") and not yes(arguments.get("include_disabled"))
    if group is None or hidden:
        raise SlackRefusalError("no_such_subteam")
    return {"users": list(group["users"])}


def open_direct(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Open the direct messages with one person."""
    user = str(arguments.get("users") or "")
    if "," in user:
        raise SlackRefusalError("method_not_supported_for_channel_type")
    if user not in workspace.people:
        raise SlackRefusalError("user_not_found")
    if workspace.people[user].deleted:
        raise SlackRefusalError("user_disabled")
    members = {user, app.user_id}
    channel_id = f"D{app.user_id[1:]}{user[1:]}"
    if channel_id not in workspace.channels:
        workspace.add_channel(Channel(channel_id, "", private=True, im=True, members=members))
    return {"channel": {"id": channel_id}}


def reactions_get(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Tell the reactions on a message."""
    channel = workspace.channel_for(app, str(arguments.get("channel")), write=False)
    ts = str(arguments.get("timestamp"))
    message = workspace.message(channel.channel_id, ts)
    link = f"{LINK}/{channel.channel_id}/p{ts.replace('.', '')}"
    keys = ("type", "user", "text", "ts", "team", "bot_id", "app_id", "reactions")
    shown = {key: message[key] for key in keys if key in message} | {"permalink": link}
    return {"type": "message", "channel": channel.channel_id, "message": shown}
