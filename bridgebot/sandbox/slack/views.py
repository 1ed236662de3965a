"""Modals and Home tabs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from bridgebot.sandbox.slack.arguments import Arguments, as_json
from bridgebot.sandbox.slack.checks import VIEW_BLOCKS, check_blocks
from bridgebot.sandbox.slack.elements import values
from bridgebot.sandbox.slack.state import App, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace

STACK, TITLE, PRIVATE, LARGEST = 3, 24, 3000, 250_000


def open_view(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Open a modal for the person behind a ``trigger_id``."""
    user, view = _exchanged(workspace, app, arguments)
    close_from(workspace, user, None)
    return {"view": push(workspace, user, view)}


def push_view(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Put a modal upon the one that is open."""
    user, view = _exchanged(workspace, app, arguments)
    stack = workspace.stacks.get(user)
    if not stack or stack[-1]["app_id"] != app.app_id:
        raise SlackRefusalError("not_found")
    return {"view": push(workspace, user, view)}


def _exchanged(workspace: Workspace, app: App, arguments: Arguments) -> tuple[str, dict[str, Any]]:
    view = new_view(workspace, app, as_json(arguments.get("view")), "modal")
    return workspace.triggers.exchange(app, str(arguments.get("trigger_id"))), view


def push(workspace: Workspace, user: str, view: dict[str, Any]) -> dict[str, Any]:
    """Put a view on top of somebody's stack."""
    stack = workspace.stacks.setdefault(user, [])
    if len(stack) >= STACK:
        raise SlackRefusalError("push_limit_reached")
    view["root_view_id"] = stack[0]["id"] if stack else view["id"]
    view["previous_view_id"] = stack[-1]["id"] if stack else None
    stack.append(view)
    workspace.views[view["id"]] = view
    workspace.changed(type="view", user=user)
    return view


def close_from(
    workspace: Workspace, user: str, view: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Close a view and all that lie upon it (``None``: all); return what was closed."""
    stack = workspace.stacks.get(user, [])
    ids = [each["id"] for each in stack]
    start = 0 if view is None else ids.index(view["id"]) if view["id"] in ids else len(stack)
    closed = stack[start:]
    del stack[start:]
    for each in closed:
        del workspace.views[each["id"]]
    workspace.changed(type="view", user=user)
    return closed


def update_view(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Change a view that is open; ``hash`` guards against lost updates."""
    view_id, name = arguments.get("view_id"), arguments.get("external_id")
    found = next(
        (
            each
            for each in workspace.views.values()
            if each["app_id"] == app.app_id
            and (each["id"] == view_id or (name and each["external_id"] == name))
        ),
        None,
    )
    if found is None:
        raise SlackRefusalError("not_found")
    check_hash(arguments, found)
    replace(workspace, app, found, as_json(arguments.get("view")))
    return {"view": found}


def replace(workspace: Workspace, app: App, found: dict[str, Any], sent: object) -> None:
    """Put other contents into an open view."""
    fresh = new_view(workspace, app, sent, str(found["type"]), instead_of=found["id"])
    kept = {key: found[key] for key in ("id", "root_view_id", "previous_view_id")}
    # What a person typed stays where block and action keep their names.
    state = {"values": values(fresh["blocks"], found["state"]["values"])}
    found.update({**fresh, **kept, "state": state})
    workspace.changed(type="view", view=found["id"])


def publish_view(workspace: Workspace, app: App, arguments: Arguments) -> dict[str, Any]:
    """Publish somebody's Home tab."""
    user = str(arguments.get("user_id"))
    if user not in workspace.people:
        raise SlackRefusalError("user_not_found")
    before = workspace.homes.get((app.app_id, user))
    if before is not None:
        check_hash(arguments, before)
    view = new_view(workspace, app, as_json(arguments.get("view")), "home")
    view |= {"root_view_id": view["id"], "previous_view_id": None}
    if before is not None:
        view |= {"id": before["id"], "root_view_id": before["id"]}
    workspace.homes[app.app_id, user] = view
    workspace.changed(type="home", user=user)
    return {"view": view}


def check_hash(arguments: Arguments, before: Mapping[str, Any]) -> None:
    """Refuse what was made from an older state of a view."""
    if arguments.get("hash") and arguments["hash"] != before["hash"]:
        raise SlackRefusalError("hash_conflict")


def new_view(
    workspace: Workspace, app: App, sent: object, kind: str, *, instead_of: str = ""
) -> dict[str, Any]:
    """Read a view that was sent, and give it what Slack gives it."""
    if not isinstance(sent, dict) or sent.get("type") != kind:
        raise SlackRefusalError("invalid_arguments")
    _check(sent)
    name = sent.get("external_id") or ""
    others = (each for each in workspace.views.values() if each["id"] != instead_of)
    if name and any(name == each["external_id"] for each in others):
        raise SlackRefusalError("duplicate_external_id")
    defaults = {
        "private_metadata": "",
        "callback_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
    }
    return (
        defaults
        | sent
        | {
            "id": f"V{workspace.number():010d}",
            "team_id": workspace.team_id,
            "blocks": workspace.with_ids(sent.get("blocks") or ()),
            "external_id": name,
            "state": {"values": {}},
            "hash": f"{workspace.now():.0f}.{uuid.uuid4().hex[:8]}",
            "app_id": app.app_id,
            "app_installed_team_id": workspace.team_id,
            "bot_id": app.bot_id,
        }
    )


def _check(sent: Mapping[str, Any]) -> None:
    check_blocks(sent.get("blocks"), most=VIEW_BLOCKS)
    if len(json.dumps(sent)) > LARGEST:
        raise SlackRefusalError("view_too_large")
    if len(str(sent.get("private_metadata") or "")) > PRIVATE:
        raise SlackRefusalError("invalid_arguments")
    titles = [sent[key] for key in ("title", "submit", "close") if sent.get(key)]
    if sent["type"] == "modal" and not sent.get("title"):
        raise SlackRefusalError("invalid_arguments")
    if not all(map(_is_title, titles)):
        raise SlackRefusalError("invalid_arguments")


def _is_title(title: object) -> bool:
    text = title.get("text") if isinstance(title, dict) else None
    return isinstance(text, str) and 1 <= len(text) <= TITLE
