"""Lists of two thousand messages stay smooth: only what is near the eye is in the page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest
from playwright.async_api import Browser, expect

from bridgebot.sandbox import world
from bridgebot.sandbox.chain import Chain
from bridgebot.sandbox.server import serve
from tests.browser.sandbox import Sandbox, see

pytestmark = pytest.mark.browser

_MANY: Final = 2000
# All lists together; two thousand messages drawn whole would be some fifteen thousand elements.
_MOST_NODES: Final = 4500
_EMILY: Final = world.stay_of("Emily")


def _fill(chain: Chain) -> None:
    """Write a long conversation on the phone, in its thread, and in the channel."""
    channel = chain.workspace.channels[world.GUESTS.channel_id]
    payload = {"conversation_id": _EMILY.conversation_id}
    root = {
        "user": world.BOT_USER,
        "bot_id": world.BOT,
        "text": "card",
        "metadata": {"event_type": "bridgebot_thread", "event_payload": payload},
    }
    for number in range(_MANY):
        chain.guest_writes(_EMILY, f"message {number:04d}")
        post = {"user": world.ANNA.user_id, "text": f"channel {number:04d}"}
        chain.workspace.add_message(channel, post, thread_ts=None)
    thread = str(chain.workspace.add_message(channel, root, thread_ts=None)["ts"])
    for number in range(_MANY):
        post = {"user": world.ANNA.user_id, "text": f"reply {number:04d}"}
        chain.workspace.add_message(channel, post, thread_ts=thread)


@pytest.fixture
async def long_page(browser: Browser) -> AsyncIterator[tuple[Chain, Sandbox]]:
    """Open the page on a sandbox with six thousand messages and no bot."""
    async with serve(0) as chain:
        _fill(chain)
        made = Sandbox(await browser.new_page(viewport={"width": 1440, "height": 900}))
        await made.page.goto(chain.address)
        await made.choose(_EMILY.guest)
        await see(made.replies.filter(has_text="reply 1999"))
        yield chain, made
        assert made.errors == []


async def _nodes(sandbox: Sandbox) -> int:
    return int(await sandbox.page.evaluate("document.querySelectorAll('*').length"))


async def test_page_holds_few_elements(long_page: tuple[Chain, Sandbox]) -> None:
    """However many messages there are, the page holds those near the end of each list."""
    chain, sandbox = long_page
    await see(sandbox.bubbles.filter(has_text="message 1999"))
    assert await _nodes(sandbox) < _MOST_NODES
    chain.guest_writes(_EMILY, "one more")
    await see(sandbox.bubbles.filter(has_text="one more"))
    assert await _nodes(sandbox) < _MOST_NODES


@pytest.mark.parametrize(
    ("list_id", "first", "last"),
    [
        ("bubbles", "message 0000", "one more"),
        ("replies", "card", "reply 1999"),
        ("posts", "channel 0000", "card"),
    ],
)
async def test_every_message_can_be_reached(
    long_page: tuple[Chain, Sandbox], list_id: str, first: str, last: str
) -> None:
    """Home and End lead to both ends, with few elements all the way."""
    chain, sandbox = long_page
    chain.guest_writes(_EMILY, "one more")
    place = sandbox.page.locator(f"#{list_id}")
    await place.focus()
    await place.press("Home")
    await expect(place.locator(":scope > *").first).to_contain_text(first)
    assert await _nodes(sandbox) < _MOST_NODES
    await place.press("End")
    await expect(place.locator(":scope > *").last).to_contain_text(last)


async def test_scrolling_goes_on_without_jumps(long_page: tuple[Chain, Sandbox]) -> None:
    """Scrolling upwards with the wheel passes each message once, none left out."""
    _, sandbox = long_page
    await sandbox.bubbles.last.hover()
    seen: set[str] = set()
    for _ in range(300):
        await sandbox.page.mouse.wheel(0, -300)
        await sandbox.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        seen |= set(
            await sandbox.page.evaluate(
                """() => {
                    const list = document.getElementById("bubbles");
                    const box = list.getBoundingClientRect();
                    return [...list.children].filter((child) => {
                        const place = child.getBoundingClientRect();
                        return place.bottom > box.top && place.top < box.bottom;
                    }).map((child) => child.querySelector("p").textContent);
                }"""
            )
        )
        if "message 1700" in seen:
            break
    # The first turn of the wheel passes the last few at once.
    assert {f"message {number}" for number in range(1701, 1990)} <= seen


async def test_many_messages_are_drawn_quickly(long_page: tuple[Chain, Sandbox]) -> None:
    """Drawing again after a change takes a small part of a second."""
    _, sandbox = long_page
    took = await sandbox.page.evaluate(
        """async () => {
            const { ui } = await import("/sandbox/static/ui.js");
            const frame = () => new Promise((done) => requestAnimationFrame(done));
            let most = Infinity;
            for (let round = 0; round < 5; round += 1) {
                const start = performance.now();
                ui.redraw();
                await frame();
                await frame();
                most = Math.min(most, performance.now() - start);
            }
            return most;
        }"""
    )
    assert took < 500
