"""What the page does with menus, forms, Home tabs and apps, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.sandbox import world
from tests.sandbox.slack.test_views import home, modal
from tests.sandbox.test_console import GUESTS, Desk, desk

__all__ = ["desk"]

ANNA = world.ANNA.user_id
MENU = {
    "type": "static_select",
    "action_id": "when",
    "options": [{"text": {"type": "plain_text", "text": "Late"}, "value": "late"}],
}
MANIFEST = {
    "display_information": {"name": "Taxi"},
    "features": {
        "slash_commands": [{"command": "/taxi", "description": "Call a car", "usage_hint": "[to]"}],
        "shortcuts": [
            {"name": "Call a taxi", "type": "global", "callback_id": "taxi", "description": "Now"}
        ],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_home_opened"]}},
}


def client(desk: Desk, token: str = world.BOT_TOKEN) -> AsyncWebClient:
    """Make a client of an app's."""
    base = f"{desk.chain.address}slack/api/"
    return AsyncWebClient(token, base_url=base, session=desk.http, retry_handlers=[])


async def rows(desk: Desk, name: str) -> dict[str, Any]:
    """Read a table of the page."""
    found: Any = (await desk.get("state"))[name]
    return dict(found)


async def test_a_home_tab_is_on_the_page_of_who_it_is_for(desk: Desk) -> None:
    """What an app publishes stands in the state; its menus and buttons can be used."""
    view = home() | {"blocks": [{"type": "actions", "elements": [MENU]}]}
    await client(desk).views_publish(user_id=ANNA, view=view)
    place = {"app": world.APP, "action_id": "when"}

    table = await rows(desk, "homes")
    assert list(table) == [f"{world.APP}:{ANNA}"]
    assert table[f"{world.APP}:{ANNA}"]["blocks"][0]["elements"][0]["action_id"] == "when"
    assert (await desk.post(f"people/{ANNA}/home", {"app": world.APP}))[0] == 200
    assert (await desk.post(f"people/{ANNA}/actions", {**place, "value": "late"}))[0] == 200
    status, told = await desk.post(f"people/{ANNA}/actions", {**place, "value": "never"})
    assert (status, told["error"]) == (400, "this is not among the options")


async def test_a_form_is_filled_in_and_closed(desk: Desk) -> None:
    """It stands in the state with what is wrong beside its fields, until it is closed."""
    workspace = desk.chain.workspace
    trigger = workspace.triggers.give(workspace.apps[world.APP], ANNA)
    await client(desk).views_open(trigger_id=trigger, view=modal())

    sent = await desk.post(f"people/{ANNA}/modal", {"act": "submit", "values": {}})
    (row,) = (await rows(desk, "modals")).values()
    assert sent == (200, {"ok": True, "sent": False})
    assert (row["views"][0]["title"], row["user"]) == ("One", ANNA)
    assert list(row["errors"]) == ["f"]
    pressed = {"modal": True, "action_id": "go", "block_id": "s"}
    assert (await desk.post(f"people/{ANNA}/actions", pressed))[0] == 200
    assert (await desk.post(f"people/{ANNA}/modal", {"act": "close"}))[0] == 200
    assert await rows(desk, "modals") == {}


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (f"people/{ANNA}/modal", {"act": "close"}, "nothing is open any more"),
        (f"people/{ANNA}/modal", {"act": "dance"}, "act must be"),
        (f"people/{ANNA}/actions", {"action_id": "x"}, "say where"),
        (f"people/{ANNA}/actions", {"action_id": "x", "channel": "C0", "ts": "1"}, "no such"),
        (f"people/{ANNA}/home", {"app": "A0"}, "no such app"),
        ("people/U0/home", {"app": world.APP}, "no such person"),
        ("apps", {"manifest": []}, "the manifest cannot be read"),
        ("apps", {"manifest": {}, "channels": ["C0"]}, "channel ids"),
        (f"apps/{world.APP}/request_url", {"url": "https://a.example/"}, "on this machine"),
        (f"apps/{world.APP}/request_url", {"url": "http://127.0.0.1:9/"}, "challenge"),
    ],
)
async def test_what_cannot_be_done_is_said_in_words(
    desk: Desk, path: str, body: dict[str, object], words: str
) -> None:
    """The page shows the reason to the person."""
    status, told = await desk.post(path, body)

    assert status == 400
    assert words in str(told["error"])


async def test_another_app_is_installed_beside_the_bridge(desk: Desk) -> None:
    """Its tokens work at once, its commands are offered, and it hears what is its own."""
    body = {"manifest": MANIFEST, "channels": [GUESTS]}
    _, made = await desk.post("apps", body)
    app = (await rows(desk, "apps"))[str(made["app_id"])]

    assert (app["name"], app["home"], app["connected"]) == ("Taxi", True, False)
    assert [(each["kind"], each["key"]) for each in app["offers"]] == [
        ("command", "/taxi"),
        ("global", "taxi"),
    ]
    posted = await client(desk, str(made["bot_token"])).chat_postMessage(channel=GUESTS, text="Hi")
    assert posted["ok"]
    assert (await desk.post(f"people/{ANNA}/shortcuts", {"callback_id": "taxi"}))[0] == 200
