"""The page can be used by everybody: axe-core finds nothing, and the keyboard reaches all of it."""

from __future__ import annotations

from typing import Final, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.browser.sandbox import Sandbox, see

pytestmark = pytest.mark.browser

_RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


async def violations(sandbox: Sandbox) -> list[str]:
    """Run axe-core on the page as it stands, in light and in dark; say what it finds."""
    found: list[str] = []
    for scheme in _SCHEMES:
        await sandbox.page.emulate_media(color_scheme=scheme)
        options = {"runOnly": {"type": "tag", "values": _RULES}, "resultTypes": ["violations"]}
        answer = (await Axe().run(sandbox.page, options=options)).response
        assert answer["passes"], "axe-core looked at nothing"
        found += [
            f"{scheme}: {rule['id']}: {node['html']}: {node['failureSummary']}"
            for rule in answer["violations"]
            for node in rule["nodes"]
        ]
    return found


async def test_desk_is_accessible(sandbox: Sandbox) -> None:
    """Nothing is wrong with the whole page, marks and private words included."""
    await sandbox.choose("Emily Hartwell")
    await sandbox.staff_write("// *A note* with `code` for @Greta Lund")
    await see(sandbox.replies.last.locator(".reaction"))
    await sandbox.channel("guests")
    await sandbox.command("/unanswered")
    await see(sandbox.page.locator("#posts .post.ephemeral"))
    await sandbox.page.locator("#channel-text").press_sequentially("/")
    await see(sandbox.page.locator("#channel-hints").get_by_role("option"), count=3)
    assert await violations(sandbox) == []


async def test_drawer_is_accessible(sandbox: Sandbox) -> None:
    """Nothing is wrong with the faults, one of them on, and with the wire, one entry open."""
    await sandbox.pane("faults")
    await sandbox.fault("Slack is down")
    found = await violations(sandbox)
    await sandbox.pane("scenes")
    found += await violations(sandbox)
    wire = await sandbox.pane("wire")
    await wire.locator("summary").last.click()
    assert found + await violations(sandbox) == []


async def test_menu_is_accessible(sandbox: Sandbox) -> None:
    """Nothing is wrong with the menu of a message while it is open."""
    await sandbox.choose("Emily Hartwell")
    await sandbox.replies.last.locator(".more").click()
    await see(sandbox.page.get_by_role("menuitem", name="Keep internal"))
    assert await violations(sandbox) == []


async def _tab_to(sandbox: Sandbox, element: str) -> None:
    for _ in range(80):
        if await sandbox.page.evaluate("document.activeElement.id") == element:
            return
        await sandbox.page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not lead to {element}")


async def test_story_is_played_by_keyboard_alone(sandbox: Sandbox) -> None:
    """Tab, F6 and Enter write as a guest, answer in the thread, open and close the drawer."""
    keys = sandbox.page.keyboard
    await _tab_to(sandbox, "phone-text")
    await keys.type("Is there a lift?")
    await keys.press("Enter")
    await see(sandbox.replies.filter(has_text="Is there a lift?"))
    for part in ("you", "channel-text", "thread-text"):
        await keys.press("F6")
        await expect(sandbox.page.locator(f"#{part}")).to_be_focused()
    await keys.type("Yes, behind the stairs.")
    await keys.press("Enter")
    await see(sandbox.bubbles.filter(has_text="behind the stairs"))
    await _tab_to(sandbox, "open-faults")
    await keys.press("Enter")
    await _tab_to(sandbox, "bench-close")
    await keys.press("Escape")
    await expect(sandbox.page.locator("#open-faults")).to_be_focused()
    await expect(sandbox.page.locator("#bench")).to_be_hidden()


async def test_skip_link_leads_to_slack(sandbox: Sandbox) -> None:
    """The first Tab offers to go to Slack past the phones."""
    await sandbox.page.keyboard.press("Tab")
    await sandbox.page.keyboard.press("Enter")
    await expect(sandbox.page.locator("#slack")).to_be_focused()


async def test_menu_is_walked_by_arrows(sandbox: Sandbox) -> None:
    """The menu of a message takes the focus, arrows walk in it, Escape gives the focus back."""
    await sandbox.choose("Emily Hartwell")
    more = sandbox.replies.last.locator(".more")
    await more.focus()
    await more.press("Enter")
    items = sandbox.page.get_by_role("menuitem")
    await expect(items.first).to_be_focused()
    await sandbox.page.keyboard.press("ArrowUp")
    await expect(items.last).to_be_focused()
    await sandbox.page.keyboard.press("Escape")
    await expect(more).to_be_focused()


async def test_phones_width_is_accessible(phone_sandbox: Sandbox) -> None:
    """Nothing is wrong with any of the panes that a telephone shows one at a time."""
    found = await violations(phone_sandbox)
    await phone_sandbox.choose("Lucía Ferrán")
    found += await violations(phone_sandbox)
    await phone_sandbox.side("slack")
    found += await violations(phone_sandbox)
    await phone_sandbox.channel("guests")
    found += await violations(phone_sandbox)
    await phone_sandbox.page.locator("#posts .reply-line").first.click()
    found += await violations(phone_sandbox)
    assert found == []
