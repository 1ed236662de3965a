"""Installs an app from its manifest, as ``apps.manifest.create`` and a click would."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any, Final

from bridgebot.sandbox.slack.state import EVENT_SCOPES, App, Offer, SlackRefusalError
from bridgebot.sandbox.slack.workspace import Workspace

_COMMAND: Final = re.compile(r"/[a-z0-9_-]{1,31}")


def install(workspace: Workspace, manifest: object) -> App:
    """Install an app beside those that are there; its bot has to be invited to channels."""
    if not isinstance(manifest, Mapping):
        raise SlackRefusalError("invalid_manifest")
    features, about = _part(manifest, "features"), _part(manifest, "display_information")
    bot, own = _part(features, "bot_user"), uuid.uuid4().hex.upper()
    offers = (*_commands(features), *_shortcuts(features))
    subscriptions = _part(_part(manifest, "settings"), "event_subscriptions")
    app = App(
        app_id=f"A{own[:10]}",
        name=str(bot.get("display_name") or about.get("name") or "app"),
        bot_id=f"B{own[:10]}",
        user_id=f"U{own[:10]}",
        bot_token=f"xoxb-sandbox-{own.lower()}",
        app_token=f"xapp-1-A{own[:10]}-{own.lower()}",
        scopes=_names(_part(_part(manifest, "oauth_config"), "scopes").get("bot")),
        events=_names(subscriptions.get("bot_events")) & EVENT_SCOPES.keys(),
        commands=frozenset(each.key for each in offers if each.kind == "command"),
        shortcuts=frozenset(each.key for each in offers if each.kind != "command"),
        signing_secret=uuid.uuid4().hex,
        offers=offers,
    )
    workspace.add_app(app)
    workspace.changed(type="installed", app=app.app_id)
    return app


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    if part is not None and not isinstance(part, Mapping):
        raise SlackRefusalError("invalid_manifest")
    return part or {}


def _names(listed: object) -> frozenset[str]:
    if listed is not None and not isinstance(listed, list):
        raise SlackRefusalError("invalid_manifest")
    return frozenset(map(str, listed or ()))


def _listed(features: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    listed = features.get(name) or []
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        raise SlackRefusalError("invalid_manifest")
    return listed


def _commands(features: Mapping[str, Any]) -> list[Offer]:
    found = []
    for each in _listed(features, "slash_commands"):
        name = str(each.get("command") or "")
        if not _COMMAND.fullmatch(name):
            raise SlackRefusalError("invalid_manifest")
        about, hint = str(each.get("description") or ""), str(each.get("usage_hint") or "")
        found.append(Offer("command", name, name, about, hint))
    return found


def _shortcuts(features: Mapping[str, Any]) -> list[Offer]:
    """Read the shortcuts: those of messages stand in their menus, global ones among commands."""
    return [
        Offer(
            "message" if each.get("type") == "message" else "global",
            str(each.get("callback_id") or ""),
            str(each.get("name") or ""),
            str(each.get("description") or ""),
        )
        for each in _listed(features, "shortcuts")
    ]
