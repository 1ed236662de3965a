"""The Web API's methods that write: messages and reactions."""

from __future__ import annotations

from typing import Any

from bridgebot.sandbox.slack import text as texts
from bridgebot.sandbox.slack.arguments import Arguments, as_json, missing_scope, yes
from bridgebot.sandbox.slack.checks import EDITABLE, LONGEST, check_blocks, check_metadata
from bridgebot.sandbox.slack.state import App, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace

_TOLD_OF_UPDATE = (
    "type",
    "user",
    "team",
    "bot_id",
    "app_id",
    "text",
    "blocks",
    "metadata",
    "edited",
)
LINK = "https://sandbox.slack.example/archives"


def post_message(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Post."""
    anywhere = "chat:write.public" in app.scopes
    channel = workspace.channel_for(app, str(arguments.get("channel")), public=anywhere)
    blocks, metadata = as_json(arguments.get("blocks")), as_json(arguments.get("metadata"))
    text = str(arguments.get("text") or "")
    if not text and not blocks:
        raise SlackRefusalError("no_text")
    check_blocks(blocks)
    check_metadata(metadata)
    message = _own(workspace, app, arguments, blocks)
    if metadata:
        message["metadata"] = metadata
    thread_ts = str(arguments.get("thread_ts") or "")
    if thread_ts and thread_ts not in channel.messages:
        raise SlackRefusalError("thread_not_found")
    if thread_ts and yes(arguments.get("reply_broadcast")):
        message["subtype"] = "thread_broadcast"
    kept = workspace.add_message(channel, message, thread_ts=thread_ts or None)
    return {"channel": channel.channel_id, "ts": kept["ts"], "message": dict(kept)}


def _text(arguments: Arguments, *, parse: str) -> str:
    """Write a text as it is kept; addresses become links unless ``parse`` is ``none``."""
    text = str(arguments.get("text") or "")[:LONGEST]
    return texts.stored(text, links=str(arguments.get("parse") or parse) != "none")


def _own(
    workspace: Workspace, app: App, arguments: Arguments, blocks: list[dict[str, Any]] | None
) -> dict[str, Any]:
    """Make a message of an app's bot."""
    message = workspace.of_bot(app) | {"text": _text(arguments, parse="client")}
    if blocks:
        message["blocks"] = workspace.with_ids(blocks)
    custom = {key: arguments[key] for key in ("username", "icon_emoji") if arguments.get(key)}
    if custom:
        if "chat:write.customize" not in app.scopes:
            raise missing_scope(app, "chat:write.customize")
        message["username"] = custom.get("username", app.name)
        message["subtype"] = "bot_message"
        if "icon_emoji" in custom:
            message["icons"] = {"emoji": custom["icon_emoji"]}
    return message


def update(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Change one of the bot's own messages."""
    channel = workspace.channel_for(app, str(arguments.get("channel")))
    message = workspace.message(channel.channel_id, str(arguments.get("ts")))
    if message.get("bot_id") != app.bot_id or message.get("subtype") == "tombstone":
        raise SlackRefusalError("cant_update_message")
    changes = _changes(workspace, arguments)
    if "metadata" in changes and not changes["metadata"]:
        del changes["metadata"]
        message.pop("metadata", None)
    changes["edited"] = {"user": app.bot_id, "ts": f"{workspace.now():.0f}.000000"}
    workspace.change(channel, message, changes)
    return {
        "channel": channel.channel_id,
        "ts": message["ts"],
        "text": message["text"],
        "message": {key: message[key] for key in _TOLD_OF_UPDATE if key in message},
    }


def _changes(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Read what is to change; text, blocks and metadata that are left out are kept."""
    if len(str(arguments.get("text") or "")) > EDITABLE:
        raise SlackRefusalError("msg_too_long")
    changes: dict[str, Any] = {}
    blocks, metadata = as_json(arguments.get("blocks")), as_json(arguments.get("metadata"))
    check_blocks(blocks)
    if arguments.get("text") is not None:
        changes["text"] = _text(arguments, parse="client")
    if blocks is not None:
        changes["blocks"] = workspace.with_ids(blocks)
    if metadata is not None:
        check_metadata(metadata or None)
        changes["metadata"] = metadata
    if not changes.keys() & {"text", "blocks"}:
        raise SlackRefusalError("no_text")
    return changes


def delete(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Delete one of the bot's own messages."""
    channel = workspace.channel_for(app, str(arguments.get("channel")))
    message = workspace.message(channel.channel_id, str(arguments.get("ts")))
    if message.get("bot_id") != app.bot_id:
        raise SlackRefusalError("cant_delete_message")
    workspace.person_deletes(channel.channel_id, message["ts"])
    return {"channel": channel.channel_id, "ts": message["ts"]}


def post_ephemeral(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Show something to one person."""
    channel = workspace.channel_for(app, str(arguments.get("channel")))
    user = str(arguments.get("user"))
    if user not in channel.members:
        raise SlackRefusalError("user_not_in_channel")
    blocks = as_json(arguments.get("blocks"))
    if not arguments.get("text") and not blocks:
        raise SlackRefusalError("no_text")
    check_blocks(blocks)
    ts = workspace.new_ts(channel)
    shown = {
        "ts": ts,
        "channel": channel.channel_id,
        "user": user,
        "thread_ts": arguments.get("thread_ts"),
        "text": _text(arguments, parse="none"),
        "blocks": workspace.with_ids(blocks or ()),
        "app": app.app_id,
    }
    workspace.ephemerals.append(shown)
    workspace.changed(type="ephemeral", channel=channel.channel_id, user=user)
    return {"message_ts": ts}


def permalink(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Give a message's address."""
    channel = workspace.channel_for(app, str(arguments.get("channel")), write=False)
    ts = str(arguments.get("message_ts"))
    workspace.message(channel.channel_id, ts)
    link = f"{LINK}/{channel.channel_id}/p{ts.replace('.', '')}"
    return {"channel": channel.channel_id, "permalink": link}


def reactions_add(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Put a reaction on a message."""
    channel = workspace.channel_for(app, str(arguments.get("channel")))
    name, ts = str(arguments.get("name")), str(arguments.get("timestamp"))
    workspace.react(app.user_id, channel.channel_id, ts, name)
    return {}


def reactions_remove(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Take a reaction away."""
    channel = workspace.channel_for(app, str(arguments.get("channel")))
    name, ts = str(arguments.get("name")), str(arguments.get("timestamp"))
    workspace.unreact(app.user_id, channel.channel_id, ts, name)
    return {}
