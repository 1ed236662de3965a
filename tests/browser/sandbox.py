"""The demo as a process, and its page as a person uses it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser, ConsoleMessage, Locator, Page, async_playwright, expect

# A reply waits five seconds for second thoughts; a loaded machine adds some.
PATIENCE: Final = 30_000
expect.set_options(timeout=PATIENCE)
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 20.0
_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d+/")
_NARROW: Final = 821
_ROOT: Final = Path(__file__).parents[2]


def find_chromium() -> str | None:
    """Find the browser that the distribution installed."""
    return shutil.which("chromium")


@asynccontextmanager
async def demo(directory: Path, *arguments: str) -> AsyncIterator[str]:
    """Run ``bridgebot demo`` as people do, on a free port; give the page's address."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridgebot", "demo", "--port", "0", "--no-browser", *arguments),
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(_START_SECONDS):
            address = await _address(process)
        yield address
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(_STOP_SECONDS):
            await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    said = ""
    while line := await process.stdout.readline():
        said += line.decode()
        if found := _ADDRESS.search(said):
            return found[0]
    raise AssertionError(f"the demo ended: {said}")


@asynccontextmanager
async def chromium(executable: str) -> AsyncIterator[Browser]:
    """Run a headless browser."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox"]
        )
        try:
            yield browser
        finally:
            await browser.close()


class Sandbox:
    """The page; ``errors`` is what its console complained about."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.bubbles = page.locator("#bubbles .bubble")
        self.replies = page.locator("#replies .post")

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(message.text)

    @property
    def narrow(self) -> bool:
        """Whether the page shows one pane at a time, as on a phone."""
        size = self.page.viewport_size
        return size is not None and size["width"] < _NARROW

    async def open(self, address: str) -> None:
        """Open the page and wait until every guest has a thread."""
        await self.page.goto(address)
        await expect(self.page.locator("#live")).to_have_text("live")
        await expect(self.figure("threads")).to_have_text("15")

    def figure(self, name: str) -> Locator:
        """Find a figure of the line on top."""
        return self.page.locator(f"#figures [data-figure='{name}'] b")

    async def side(self, name: Literal["phones", "slack"]) -> None:
        """Bring a side to the front, where only one has room."""
        if self.narrow:
            await self.page.locator(f"#tab-{name}").click()

    async def choose(self, guest: str) -> None:
        """Take a guest's phone; the guest's thread comes to the front in Slack."""
        await self.side("phones")
        back = self.page.locator("#phone-back")
        if await back.is_visible():
            await back.click()
        await self.page.locator(".inbox", has_text=guest).click()
        await expect(self.page.locator("#phone-title")).to_contain_text(guest)

    async def guest_writes(self, guest: str, text: str) -> Locator:
        """Write as a guest; give the message as it arrives in Slack."""
        await self.choose(guest)
        await self.page.locator("#phone-text").fill(text)
        await self.page.locator("#phone-text").press("Enter")
        return self.replies.filter(has_text=text)

    async def channel(self, name: str) -> None:
        """Open a channel."""
        await self.side("slack")
        await self.page.locator("#channels button", has_text=re.compile(rf"{name}\d*$")).click()

    async def staff_write(self, text: str) -> Locator:
        """Write into the thread in front; give the message."""
        await self.side("slack")
        await self.page.locator("#thread-text").fill(text)
        await self.page.locator("#thread-text").press("Enter")
        return self.replies.filter(has_text=text)

    async def command(self, words: str) -> None:
        """Type a slash command into the channel in front."""
        await self.page.locator("#channel-text").fill(words)
        await self.page.locator("#channel-text").press("Enter")

    async def home(self, app: str = "bridgebot") -> Locator:
        """Open an app's Home tab; give what the app drew there."""
        await self.side("slack")
        for back in ("#thread-back", "#channel-back"):
            if await self.page.locator(back).is_visible():
                await self.page.locator(back).click()
        await self.page.locator("#apps button", has_text=app).click()
        return self.page.locator("#home-body")

    async def pane(self, name: Literal["faults", "wire", "scenes"]) -> Locator:
        """Open a pane of the drawer below."""
        await self.page.locator(f"#open-{name}").click()
        return self.page.locator(f"#pane-{name}")

    async def fault(self, label: str) -> Locator:
        """Set a fault, or end it, by a click; give its card."""
        button = self.page.get_by_role("button", name=label)
        await button.click()
        return self.page.locator(".fault", has=button)

    async def use_menu(self, post: Locator, item: str) -> None:
        """Choose something from a message's menu."""
        await post.hover()
        await post.locator(".more").click()
        await self.page.get_by_role("menuitem", name=item).click()

    async def edit(self, post: Locator, text: str) -> None:
        """Change the words of a message of one's own."""
        await self.use_menu(post, "Edit message")
        await self.page.locator("#thread-text").fill(text)
        await self.page.locator("#thread-text").press("Enter")


async def see(place: Locator, *, count: int = 1) -> None:
    """Wait until something is on the page, so often."""
    await expect(place).to_have_count(count)


async def see_mark(post: Locator, name: str) -> None:
    """Wait until the bridge has put a mark on a message."""
    await see(post.locator(f".reaction [title=':{name}:']"))
