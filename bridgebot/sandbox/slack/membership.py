"""Who is in a channel, which channels are open, and which apps are installed."""

from __future__ import annotations

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
