"""A running demo and a browser on its page."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.sandbox import Sandbox, chromium, demo, find_chromium


@pytest.fixture(scope="session")
def executable() -> str:
    """Name the browser, or skip where there is none."""
    found = find_chromium()
    if found is None:
        if os.environ.get("BRIDGEBOT_REQUIRE_ALL") == "1":
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed (Debian's package: chromium)")
    return found


@pytest.fixture
async def browser(executable: str) -> AsyncIterator[Browser]:
    """Run a browser for one test."""
    async with chromium(executable) as running:
        yield running


@pytest.fixture
def scenario() -> str:
    """Name the file of the day that the demo plays; a test may have another."""
    return "quiet.toml"


@pytest.fixture
async def address(tmp_path: Path, executable: str, scenario: str) -> AsyncIterator[str]:
    """Run a demo for one test."""
    async with demo(tmp_path, "--scenario", str(Path(__file__).with_name(scenario))) as found:
        yield found


@pytest.fixture
async def sandbox(browser: Browser, address: str) -> AsyncIterator[Sandbox]:
    """Open the page on a desk's screen; its console must stay silent to the end."""
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    made = Sandbox(page)
    await made.open(address)
    yield made
    assert made.errors == []


@pytest.fixture
async def phone_sandbox(browser: Browser, address: str) -> AsyncIterator[Sandbox]:
    """Open the page on a telephone; its console must stay silent to the end."""
    page = await browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    made = Sandbox(page)
    await made.open(address)
    yield made
    assert made.errors == []
