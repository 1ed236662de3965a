"""The Web API's methods that read: messages, channels, people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridgebot.sandbox.slack.arguments import (
    Arguments,
    between,
    limit_of,
    rows,
    scoped,
    seen,
    start_of,
    types_of,
    yes,
)
from bridgebot.sandbox.slack.membership import joins
from bridgebot.sandbox.slack.state import App, Channel, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace


def auth_test(workspace: Workspace, app: App, _arguments: Arguments) -> dict[str, Any]:
    """Tell whose token it is."""
    return {
        "url": "https://sandbox.slack.example/",
        "team": workspace.team_name,
        "user": app.name,
        "team_id": workspace.team_id,
        "user_id": app.user_id,
        "bot_id": app.bot_id,
        "is_enterprise_install": False,
    }


def _readable(workspace: Workspace, app: App, arguments: Arguments) -> Channel:
    channel = workspace.channel_for(app, str(arguments.get("channel")), write=False)
    return scoped(app, channel, "history")


def history(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Read a channel, newest first: roots, unthreaded messages and broadcasts."""
    channel = _readable(workspace, app, arguments)
    wanted = [
        message
        for message in channel.messages.values()
        if message.get("thread_ts", message["ts"]) == message["ts"]
        or message.get("subtype") == "thread_broadcast"
    ]
    return _page(wanted[::-1], arguments)


def replies(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Read a thread: the root, then its replies, oldest first."""
    channel = _readable(workspace, app, arguments)
    asked = channel.messages.get(str(arguments.get("ts")))
    if asked is None:
        raise SlackRefusalError("thread_not_found")
    root = str(asked.get("thread_ts") or asked["ts"])
    thread = [channel.messages[ts] for ts in channel.threads.get(root, [])]
    return _page(thread, arguments, always=[channel.messages[root]], most=1000)


def _page(
    messages: list[dict[str, Any]],
    arguments: Arguments,
    always: list[dict[str, Any]] | None = None,
    most: int = 100,
) -> dict[str, Any]:
    """Cut a page: after ``oldest``, before ``latest``, from ``cursor`` on."""
    wanted = between(arguments)
    kept = [message for message in messages if wanted(message)]
    limit = limit_of(arguments, most)
    start = start_of(arguments)
    chosen = kept[start : start + limit]
    more = start + limit < len(kept)
    whole = yes(arguments.get("include_all_metadata"))
    first = (always or []) if start == 0 else []
    listed = [_shown(each, metadata=whole) for each in [*first, *chosen]]
    cursor = f"p:{start + limit}" if more else ""
    return {
        "messages": listed,
        "has_more": more,
        **({"response_metadata": {"next_cursor": cursor}} if more else {}),
    }


def _shown(message: Mapping[str, Any], *, metadata: bool = True) -> dict[str, Any]:
    if metadata or "metadata" not in message:
        return dict(message)
    return {**message, "metadata": {"event_type": message["metadata"]["event_type"]}}


def channel_info(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Tell about a channel."""
    channel = seen(workspace, app, arguments)
    shown = channel.show(app.user_id)
    if yes(arguments.get("include_num_members")):
        shown["num_members"] = len(channel.members)
    return {"channel": shown}


def channel_members(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """List a channel's members."""
    return rows("members", sorted(seen(workspace, app, arguments).members), arguments)


def channel_list(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """List the channels an app can see."""
    return rows("channels", _channels(workspace, app, arguments), arguments)


def own_channels(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """List the channels an app is in."""
    shown = [one for one in _channels(workspace, app, arguments) if one.pop("is_member")]
    return rows("channels", shown, arguments)


def _channels(workspace: Workspace, app: App, arguments: Arguments) -> list[dict[str, Any]]:
    types = types_of(app, arguments)
    return [
        each.show(app.user_id)
        for each in workspace.channels.values()
        if each.type in types
        and (not each.private or app.user_id in each.members)
        and not (each.archived and yes(arguments.get("exclude_archived")))
    ]


def channel_join(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Join a public channel."""
    channel: Channel | None = workspace.channels.get(str(arguments.get("channel")))
    if channel is None:
        raise SlackRefusalError("channel_not_found")
    if channel.private:
        raise SlackRefusalError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackRefusalError("is_archived")
    joins(workspace, app.user_id, channel)
    return {"channel": channel.show(app.user_id)}


def user_info(workspace: Workspace, _app: App, arguments: Arguments) -> dict[str, Any]:
    """Tell about a person."""
    person = workspace.people.get(str(arguments.get("user")))
    if person is None:
        raise SlackRefusalError("user_not_found")
    return {"user": person.show()}


def user_list(workspace: Workspace, _app: App, arguments: Arguments) -> dict[str, Any]:
    """List the workspace's own people."""
    shown = [p.show() for p in workspace.people.values() if p.team_id == workspace.team_id]
    for each in shown:
        del each["is_stranger"]
    return rows("members", shown, arguments)
