"""Apps are installed from their manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bridgebot.sandbox.console import views
from bridgebot.sandbox.slack.manifests import install
from bridgebot.sandbox.slack.state import SlackRefusalError
from tests.sandbox.slack.stand import Stand

OWN = Path(__file__).parents[3] / "manifest.yml"


async def test_the_projects_own_manifest_is_installed(stand: Stand) -> None:
    """Scopes, events, commands and shortcuts are those of the file, and the tokens work."""
    app = install(stand.workspace, yaml.safe_load(OWN.read_text("utf-8")))

    assert {"chat:write", "users:read"} <= app.scopes
    assert {"message.channels", "app_home_opened"} <= app.events
    shortcuts = [each.key for each in app.offers if each.kind == "message"]
    commands = [(each.name, each.hint, each.about) for each in app.offers if each.kind == "command"]
    assert app.shortcuts == frozenset(shortcuts)
    assert {"/reservation", "/unanswered"} < (app.commands or frozenset())
    # What the page offers of the bridge's own is what the bridge really has.
    assert [one["callback_id"] for one in views.SHORTCUTS] == shortcuts
    assert [(one["name"], one["hint"], one["about"]) for one in views.COMMANDS] == commands
    answer = await stand.as_(app.bot_token).auth_test()
    assert answer["bot_id"] == app.bot_id


@pytest.mark.parametrize(
    "manifest",
    [
        None,
        {"features": []},
        {"features": {"slash_commands": {"command": "/x"}}},
        {"features": {"slash_commands": [{"command": "no slash"}]}},
        {"oauth_config": {"scopes": {"bot": "chat:write"}}},
    ],
)
async def test_what_is_no_manifest_is_refused(stand: Stand, manifest: Any) -> None:
    """Nothing is installed."""
    before = set(stand.workspace.apps)
    with pytest.raises(SlackRefusalError, match="invalid_manifest"):
        install(stand.workspace, manifest)
    assert set(stand.workspace.apps) == before
