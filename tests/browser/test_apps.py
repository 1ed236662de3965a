"""Home tabs, forms and menus in a real browser: the bridge's own, and those of another app."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Locator, expect
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bridgebot.sandbox import world
from tests.browser import stories
from tests.browser.sandbox import Sandbox, see
from tests.browser.test_accessibility import violations

pytestmark = pytest.mark.browser

MANIFEST = {
    "display_information": {"name": "Concierge"},
    "features": {
        "slash_commands": [
            {"command": "/room", "description": "Book a room", "usage_hint": "[name]"}
        ]
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands"]}},
}


def text(words: str) -> dict[str, Any]:
    """Make a plain text."""
    return {"type": "plain_text", "text": words}


def options(*names: str) -> list[dict[str, Any]]:
    """Make options."""
    return [{"text": text(name), "value": name.lower()} for name in names]


def field(
    block_id: str, label: str, kind: str, *, optional: bool = False, **more: Any
) -> dict[str, Any]:
    """Make a field of a form."""
    element = {"type": kind, "action_id": "a", **more}
    block = {"type": "input", "block_id": block_id, "label": text(label), "element": element}
    return {**block, "optional": optional}


FORM = {
    "type": "modal",
    "callback_id": "room",
    "title": text("Book a room"),
    "submit": text("Book"),
    "blocks": [
        field("name", "Name", "plain_text_input"),
        field("day", "Arrival", "datepicker", initial_date="2026-12-24"),
        field("time", "Time", "timepicker", optional=True),
        field("room", "Room", "static_select", options=options("Double", "Single")),
        field("extras", "Extras", "checkboxes", optional=True, options=options("Lunch", "Cot")),
        field("bed", "Bed", "radio_buttons", optional=True, options=options("Wide", "Twin")),
        field("who", "Who", "users_select", optional=True),
        {
            "type": "section",
            "text": text("Anything else?"),
            "accessory": {
                "type": "overflow",
                "action_id": "more",
                "options": options("Prices", "Help"),
            },
        },
    ],
}
# Past the last element the focus goes to the browser's own, which a test sees as the body.
_INSIDE = """document.activeElement === document.body
    || document.activeElement.closest("dialog") !== null"""


@asynccontextmanager
async def concierge(address: str, taken: list[Any]) -> AsyncIterator[None]:
    """Run another Bolt app beside the bridge; it refuses a guest called Nobody."""
    body = {"manifest": MANIFEST, "channels": [world.GUESTS.channel_id]}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{address}sandbox/apps", json=body) as answer,
    ):
        made = await answer.json()
    app = AsyncApp(client=AsyncWebClient(made["bot_token"], base_url=f"{address}slack/api/"))

    @app.command("/room")
    async def opens(ack: Any, client: Any, command: Mapping[str, Any]) -> None:
        await ack()
        await client.views_open(trigger_id=command["trigger_id"], view=FORM)

    @app.action("more")
    async def more(ack: Any, action: Mapping[str, Any]) -> None:
        await ack()
        taken.append(action["selected_option"]["value"])

    @app.view("room")
    async def takes(ack: Any, view: Mapping[str, Any]) -> None:
        values = view["state"]["values"]
        if values["name"]["a"]["value"] == "Nobody":
            await ack(response_action="errors", errors={"name": "Nobody is called that."})
            return
        await ack()
        taken.append(values)

    handler: Any = AsyncSocketModeHandler(app, made["app_token"])
    await handler.connect_async()
    try:
        yield
    finally:
        await handler.close_async()


async def open_form(sandbox: Sandbox) -> Locator:
    """Open the form by its command; its first field has the focus."""
    await sandbox.channel("guests")
    await sandbox.page.locator("#channel-text").fill("/room ")
    await expect(sandbox.page.locator("#channel-usage")).to_contain_text("[name]")
    await sandbox.page.locator("#channel-text").press("Enter")
    form = sandbox.page.get_by_role("dialog", name="Book a room")
    await expect(form.get_by_label("Name")).to_be_focused()
    return form


async def fill_in(form: Locator) -> None:
    """Choose something in every kind of field."""
    await form.get_by_label("More actions").select_option(label="Help")
    await form.get_by_label("Room", exact=True).select_option(label="Double")
    await form.get_by_label("Cot").check()
    await form.get_by_label("Twin").check()
    await form.get_by_label("Who").select_option(label="Greta Lund")


async def test_form_is_filled_in_by_keyboard(sandbox: Sandbox, address: str) -> None:
    """The focus stays inside; what is wrong is said beside its field; the app gets the values."""
    keys = sandbox.page.keyboard
    taken: list[Any] = []
    async with concierge(address, taken):
        form = await open_form(sandbox)
        await keys.press("Enter")
        await expect(form.get_by_text("Please complete")).to_have_count(2)
        await expect(form.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
        assert await violations(sandbox) == []
        for _ in range(20):
            await keys.press("Tab")
            assert await sandbox.page.evaluate(_INSIDE)
        await fill_in(form)
        for name in ("Nobody", "Ada"):
            await form.get_by_label("Name").fill(name)
            await keys.press("Enter")
            if name == "Nobody":
                refused = form.get_by_text("Nobody is called that.")
                await expect(refused).to_be_visible()
        await expect(form).to_be_hidden()
        await open_form(sandbox)
        await keys.press("Escape")
        await expect(form).to_be_hidden()
        await expect(sandbox.page.locator("#channel-text")).to_be_focused()
    assert [taken[0], len(taken)] == ["help", 2]
    told = {name: {**inside["a"], "type": ""} for name, inside in taken[1].items()}
    assert (told["name"]["value"], told["day"]["selected_date"]) == ("Ada", "2026-12-24")
    assert told["room"]["selected_option"]["value"] == "double"
    assert [each["value"] for each in told["extras"]["selected_options"]] == ["cot"]
    assert told["bed"]["selected_option"]["value"] == "twin"
    assert told["who"]["selected_user"] == world.GRETA.user_id


async def test_home_tab_shows_who_waits(sandbox: Sandbox) -> None:
    """Its filter and buttons work, it stays up to date, and it opens a guest's thread."""
    home = await sandbox.home()
    await expect(home).to_contain_text("15 waiting")
    assert await violations(sandbox) == []
    await home.locator("select").select_option(label="Property 4410023")
    await expect(home).to_contain_text("4 waiting at property 4410023")
    await home.get_by_role("button", name="No reply needed").first.click()
    await expect(home).to_contain_text("3 waiting at property 4410023")
    await home.get_by_role("link", name="Open thread").first.click()
    await see(sandbox.page.locator("#replies .post").first)
    await sandbox.staff_write("Sì, dalle sette.")
    await expect(home).to_contain_text("2 waiting at property 4410023")
    await sandbox.page.locator("#you").select_option(label="Tomas Reyes, workspace guest")
    await expect(home).not_to_contain_text("waiting")


async def test_held_reply_is_reworded_in_a_form(sandbox: Sandbox) -> None:
    """*Edit* below the bridge's question opens its form; the guest gets the changed words."""
    await sandbox.choose("Klara Wiesner")
    await sandbox.staff_write("Greta, can you look at this?")
    asked = sandbox.replies.filter(has=sandbox.page.get_by_role("button", name="Edit"))
    await asked.get_by_role("button", name="Edit").click()
    form = sandbox.page.get_by_role("dialog", name="Edit the reply")
    await form.get_by_label("Reply").fill("We look at it at once.")
    await form.get_by_role("button", name="Send to guest").click()
    await see(sandbox.bubbles.filter(has_text="We look at it at once."))
    await expect(form).to_be_hidden()


async def test_night_is_told_on_the_page(sandbox: Sandbox) -> None:
    """Nobody answers: an alert is raised, the manager is called below it, and it closes."""
    alert = await stories.night_passes(sandbox)
    await alert.locator(".reply-line").click()
    await see(sandbox.replies.locator(".mention", has_text="@Greta Lund").first)
    await expect(alert).to_contain_text("Answered by")
    await sandbox.choose("Giulia Morandi")
    await see(sandbox.bubbles.filter(has_text="Arrivo subito"))
