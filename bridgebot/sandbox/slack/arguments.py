"""Reads the arguments of a call, and writes pages of answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bridgebot.sandbox.slack.state import App, Channel, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace

Arguments = Mapping[str, Any]
_FAMILY = {
    "public_channel": "channels",
    "private_channel": "groups",
    "im": "im",
    "mpim": "mpim",
}
Method = Callable[[Workspace, App, Arguments], dict[str, Any]]


def as_json(value: object) -> Any:  # noqa: ANN401 - whatever was sent
    """Read an argument that may come as JSON text, as it does in forms and queries."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SlackRefusalError("invalid_arguments") from None


def yes(value: object) -> bool:
    """Read a boolean, which queries write as ``1``."""
    return str(value).lower() in {"1", "true"}


def between(arguments: Arguments) -> Callable[[Mapping[str, Any]], bool]:
    """Make the test of ``oldest`` and ``latest``; ``inclusive`` takes in the ends."""
    oldest = _moment(arguments.get("oldest") or "0", "invalid_ts_oldest")
    latest = _moment(arguments.get("latest") or "9" * 10, "invalid_ts_latest")
    if yes(arguments.get("inclusive")):
        return lambda message: oldest <= float(message["ts"]) <= latest
    return lambda message: oldest < float(message["ts"]) < latest


def _moment(value: object, error: str) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise SlackRefusalError(error) from None


def limit_of(arguments: Arguments, default: int = 100) -> int:
    """Read how many things a page may have."""
    try:
        return max(1, min(1000, int(str(arguments.get("limit") or default))))
    except ValueError:
        raise SlackRefusalError("invalid_limit") from None


def start_of(arguments: Arguments) -> int:
    """Read where a page begins."""
    cursor = str(arguments.get("cursor") or "p:0")
    if not cursor.startswith("p:") or not cursor[2:].isdigit():
        raise SlackRefusalError("invalid_cursor")
    return int(cursor[2:])


def rows(name: str, rows: list[Any], arguments: Arguments) -> dict[str, Any]:
    """Cut a page of a list."""
    start, limit = start_of(arguments), limit_of(arguments)
    cursor = f"p:{start + limit}" if start + limit < len(rows) else ""
    return {name: rows[start : start + limit], "response_metadata": {"next_cursor": cursor}}


def scoped(app: App, channel: Channel, verb: str) -> Channel:
    """See that an app has the scope for this type of channel: ``history`` or ``read``."""
    needed = f"{_FAMILY[channel.type]}:{verb}"
    if needed not in app.scopes:
        raise missing_scope(app, needed)
    return channel


def types_of(app: App, arguments: Arguments) -> set[str]:
    """Read which types of channels are asked for, each with its scope."""
    asked = set(str(arguments.get("types") or "public_channel").replace(" ", "").split(","))
    if not asked <= _FAMILY.keys():
        raise SlackRefusalError("invalid_types")
    for each in sorted(asked):
        if f"{_FAMILY[each]}:read" not in app.scopes:
            raise missing_scope(app, f"{_FAMILY[each]}:read")
    return asked


def seen(workspace: Workspace, app: App, arguments: Arguments) -> Channel:
    """Find a channel that an app can see; a private one only from inside."""
    channel = workspace.channels.get(str(arguments.get("channel")))
    if channel is None or (channel.private and app.user_id not in channel.members):
        raise SlackRefusalError("channel_not_found")
    return scoped(app, channel, "read")


def missing_scope(app: App, needed: str) -> SlackRefusalError:
    """Make the refusal that names the scope that is needed."""
    return SlackRefusalError("missing_scope", needed=needed, provided=",".join(sorted(app.scopes)))
