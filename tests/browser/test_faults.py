"""Faults by click and the wire, in a real browser: what goes wrong comes right by itself."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from bridgebot.sandbox import world
from bridgebot.sandbox.console.catalogue import TROUBLES
from tests.browser import stories
from tests.browser.sandbox import Sandbox, see, see_mark

pytestmark = pytest.mark.browser


async def nothing_wrong(sandbox: Sandbox) -> None:
    """See that nothing is on its way any more, lost, or twice."""
    for name in ("waiting", "lost", "twice"):
        await expect(sandbox.figure(name)).to_have_text("0")


async def test_lost_answers_are_made_good(sandbox: Sandbox) -> None:
    """With an answer lost on each side, everything arrives once."""
    await sandbox.pane("faults")
    card = await sandbox.fault("The answer gets lost")
    await expect(card.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    await see(await sandbox.guest_writes("Emily Hartwell", "Is there a lift?"))
    answer = await sandbox.staff_write("Yes, behind the stairs.")
    await see_mark(answer, "white_check_mark")
    await see(sandbox.bubbles.filter(has_text="behind the stairs"))
    await expect(card.get_by_role("button")).to_have_attribute("aria-pressed", "false")
    await nothing_wrong(sandbox)


async def test_every_fault_that_passes_is_set_by_a_click(sandbox: Sandbox) -> None:
    """Each card says what to expect; with all of them at once nothing is lost or comes twice."""
    await sandbox.pane("faults")
    passing = [one for one in TROUBLES.values() if not one.standing and not one.source]
    for one in passing:
        card = await sandbox.fault(one.label)
        await expect(card).to_contain_text(one.expect)
        if one.strikes:
            await expect(card.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    await see(await sandbox.guest_writes("Emily Hartwell", "Is there a lift?"))
    answer = await sandbox.staff_write("Yes, behind the stairs.")
    await see_mark(answer, "white_check_mark")
    await sandbox.fault("End all")
    await nothing_wrong(sandbox)


async def test_slack_goes_down_and_comes_back(sandbox: Sandbox) -> None:
    """While Slack is down a message waits; when Slack is back it arrives."""
    arrived = await stories.slack_is_down(sandbox)
    await sandbox.fault("End all")
    await see(arrived)
    await nothing_wrong(sandbox)


async def test_alert_is_raised_and_closed(sandbox: Sandbox) -> None:
    """A refused login raises an alert in its channel; the alert is closed when it is over."""
    await sandbox.pane("faults")
    await sandbox.fault("Login refused")
    await sandbox.channel("bridgebot-alerts")
    posts = sandbox.page.locator("#posts .post")
    # One stands already: the entry that nobody can read.
    await see(posts, count=2)
    await expect(posts.last).not_to_contain_text("Closed:")
    await sandbox.fault("End all")
    await expect(posts.last).to_contain_text("Closed:")
    await expect(posts.last.locator(".edited")).to_be_visible()


async def test_bridge_is_killed_and_started_again(sandbox: Sandbox) -> None:
    """What a guest writes while the bridge is dead arrives when it lives again."""
    await sandbox.pane("faults")
    await sandbox.fault("Kill the bridge")
    await expect(sandbox.page.locator("#apps")).to_contain_text("is not connected")
    arrived = await sandbox.guest_writes("Owen Maddox", "Anybody there?")
    answer = await sandbox.staff_write("We are here.")
    await sandbox.fault("Start the bridge again")
    await see(arrived)
    await see_mark(answer, "white_check_mark")
    await see(sandbox.bubbles.filter(has_text="We are here."))
    await nothing_wrong(sandbox)


async def test_wire_tells_what_happens(sandbox: Sandbox) -> None:
    """The whole way of a message is on the wire, about its guest, without any secret."""
    wire = await stories.wire_is_read(sandbox)
    rows = wire.locator(".wire-entry")
    for words in ("fetch the queue", "chat.postMessage", "socket envelope", "acknowledge"):
        await expect(rows.filter(has_text=words).first).to_be_visible()
    await expect(rows.filter(has_text="Emily Hartwell")).to_have_count(0)
    await wire.locator("#wire-guest").select_option(label="everybody")
    await expect(rows.filter(has_text=re.compile("confirm · 1")).first).to_be_visible()


async def test_wire_holds_no_secret(sandbox: Sandbox, address: str) -> None:
    """Nothing that the wire sends to the page holds a token or the machine account's secret."""
    await sandbox.pane("wire")
    await see(sandbox.page.locator(".wire-entry", has_text="log in"))
    text = await sandbox.page.evaluate(
        """() => new Promise((done) => {
            const source = new EventSource("/sandbox/wire");
            source.addEventListener("state", (event) => { source.close(); done(event.data); });
        })"""
    )
    assert "apps.connections.open" in text
    for secret in (world.BOT_TOKEN, world.APP_TOKEN, world.MACHINE_SECRET):
        assert secret not in text
    assert "ticket=…" in text


async def test_lost_notifications_are_found_another_way(sandbox: Sandbox) -> None:
    """Where the bridge is notified, a click loses three notifications, another sends them twice."""
    pane = await sandbox.pane("faults")
    await see(pane.get_by_role("button", name="Notifications get lost"), count=0)
    scenes = await sandbox.pane("scenes")
    # Slowly: what the scenario lets go wrong by itself is not to come in between.
    await scenes.locator("#scene-speed").select_option(label="as in life")
    await scenes.get_by_role("button", name="Notified instead of asked").click()
    await sandbox.pane("faults")
    await see(pane.get_by_role("button", name="The queue is emptied"), count=0)
    for label, words in (("get lost", "Is there a lift?"), ("come twice", "And a stair?")):
        card = await sandbox.fault(f"Notifications {label}")
        await expect(card).to_contain_text("3 to come")
        await see(await sandbox.guest_writes("Emily Hartwell", words))
        # The message may come by the other source before it is notified of.
        await expect(card).to_contain_text("2 to come")
        await sandbox.fault(f"Notifications {label}")
        await expect(card).not_to_contain_text("to come")
    await nothing_wrong(sandbox)
