"""Who is in a channel, which channels are open, and which apps are installed."""

from __future__ import annotations

from typing import Any

from bridgebot.sandbox.slack.state import Channel
from bridgebot.sandbox.slack.workspace import Workspace


def joins(workspace: Workspace, user: str, channel: Channel) -> None:
    """Let somebody into a channel."""
    if user in channel.members:
        return
    channel.members.add(user)
    text = f"<@{user}> has joined the channel"
    joined = {"subtype": "channel_join", "user": user, "text": text}
    workspace.add_message(channel, joined, thread_ts=None)
    _tell(workspace, channel, "member_joined_channel", user)


def leaves(workspace: Workspace, user: str, channel: Channel) -> None:
    """Let somebody out of a channel; an app that is taken out is still told."""
    if user not in channel.members:
        return
    text = f"<@{user}> has left the channel"
    left = {"subtype": "channel_leave", "user": user, "text": text}
    workspace.add_message(channel, left, thread_ts=None)
    _tell(workspace, channel, "member_left_channel", user)
    channel.members.discard(user)


def _tell(workspace: Workspace, channel: Channel, kind: str, user: str) -> None:
    event = {
        "type": kind,
        "user": user,
        "channel": channel.channel_id,
        "channel_type": "G" if channel.private else "C",
        "team": workspace.people[user].team_id,
        "event_ts": workspace.event_ts(),
    }
    workspace.emit(channel, event)
    workspace.changed(type=kind, channel=channel.channel_id, user=user)


def regroups(workspace: Workspace, group_id: str, users: list[str], *, off: bool = False) -> None:
    """Put other people into a user group, which is made if need be, or switch it off."""
    now = int(workspace.now())
    new = {"id": group_id, "team_id": workspace.team_id, "is_usergroup": True, "users": []}
    group = workspace.groups.setdefault(group_id, new)
    before = list(group["users"])
    group |= {"users": users, "user_count": len(users), "date_update": now}
    group["date_delete"] = now if off else 0
    added = [each for each in users if each not in before]
    removed = [each for each in before if each not in users]
    delta: dict[str, Any] = {
        "type": "subteam_members_changed",
        "subteam_id": group_id,
        "team_id": workspace.team_id,
        "date_previous_update": now,
        "date_update": now,
        "added_users": added,
        "added_users_count": str(len(added)),
        "removed_users": removed,
        "removed_users_count": str(len(removed)),
        "event_ts": workspace.event_ts(),
    }
    whole: dict[str, Any] = {
        "type": "subteam_updated",
        "subteam": group,
        "event_ts": workspace.event_ts(),
    }
    for app in workspace.apps.values():
        for event in [*([delta] if added or removed else []), whole]:
            if app.hears(str(event["type"])):
                workspace.deliver(app, event)
    workspace.changed(type="group", group=group_id)


def archives(workspace: Workspace, user: str, channel: Channel) -> None:
    """Close a channel: it can be read, and nothing can be written."""
    channel.archived = True
    event = {
        "type": "group_archive" if channel.private else "channel_archive",
        "channel": channel.channel_id,
        "user": user,
        "event_ts": workspace.event_ts(),
    }
    workspace.emit(channel, event)
    workspace.changed(type="archived", channel=channel.channel_id)


def uninstalls(workspace: Workspace, app_id: str) -> None:
    """Take an app out of the workspace: it is told, and its tokens are worth nothing any more."""
    app = workspace.apps[app_id]
    workspace.revoked |= {app.bot_token, app.app_token}
    tokens = {"oauth": [], "bot": [app.user_id]}
    for event in ({"type": "tokens_revoked", "tokens": tokens}, {"type": "app_uninstalled"}):
        if app.hears(str(event["type"])):
            workspace.deliver(app, event)
    workspace.changed(type="uninstalled", app=app_id)
