"""Pictures go both ways on the page, and are seen on both sides."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser import stories
from tests.browser.sandbox import Sandbox, see
from tests.browser.test_accessibility import violations

pytestmark = pytest.mark.browser


async def test_pictures_go_both_ways(sandbox: Sandbox) -> None:
    """A guest's stands in the thread, the hotel's on the phone; each is really shown."""
    await stories.pictures_are_sent(sandbox)
    for place in (sandbox.bubbles, sandbox.replies):
        pictures = place.locator(".file img")
        await see(pictures, count=2)
        for number in range(2):
            shown = pictures.nth(number)
            await expect(shown).to_have_js_property("complete", value=True)
            assert await shown.evaluate("one => one.naturalWidth") > 0
    assert await violations(sandbox) == []
    await sandbox.choose("Ravi Menon")
    await expect(sandbox.page.locator("#phone-attach")).to_be_hidden()
    await sandbox.choose("Emily Hartwell")
    await sandbox.page.locator("#phone-file").set_input_files(stories.picture("a.png", "red"))
    chosen = sandbox.page.locator("#phone-chosen")
    await expect(chosen).to_contain_text(re.compile("a.png · 1 kB"))
    await chosen.get_by_role("button", name="Remove").click()
    await expect(chosen).to_be_hidden()
