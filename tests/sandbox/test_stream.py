"""Pages are kept in step by server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from bridgebot.sandbox.console.stream import State, Stream, changes

Client = TestClient[web.Request, web.Application]


class Page:
    """A stream over a state that a test can change, and a client that reads it."""

    def __init__(self, backlog: int) -> None:
        self.state: State = {"posts": {"a": 1}}
        self.stream = Stream(
            lambda: {name: dict(rows) for name, rows in self.state.items()}, backlog=backlog
        )
        app = web.Application()
        app.router.add_get("/events", self.stream.serve)
        self.client: Client = TestClient(TestServer(app))


async def frame(response: ClientResponse) -> tuple[str, object]:
    """Read the next event: its name and its data."""
    event = (await asyncio.wait_for(response.content.readline(), 5)).decode().strip()
    data = (await response.content.readline()).decode().strip()
    await response.content.readline()
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """Serve a page with a short backlog."""
    page = Page(backlog=2)
    await page.client.start_server()
    yield page
    await page.stream.close()
    await page.client.close()


def test_changes_name_what_is_new_and_what_is_gone() -> None:
    """A patch holds new and changed rows and the keys of those that went."""
    before: State = {"posts": {"a": 1, "b": 2, "c": 3}}
    after: State = {"posts": {"a": 1, "b": 5, "d": 4}}
    assert changes(before, after) == {
        "set": {"posts": {"b": 5, "d": 4}},
        "drop": {"posts": ["c"]},
    }
    assert changes(after, after) == {}


async def test_reader_gets_a_whole_state_then_patches(page: Page) -> None:
    """The first event is everything, the next ones are what changed."""
    response = await page.client.get("/events")
    assert await frame(response) == ("state", {"posts": {"a": 1}})
    page.state["posts"]["b"] = 2
    page.stream.tell()
    assert await frame(response) == ("patch", {"set": {"posts": {"b": 2}}})
    response.close()


async def test_second_reader_starts_from_now(page: Page) -> None:
    """A page opened later, or again, gets the present state and the first one misses nothing."""
    first = await page.client.get("/events")
    await frame(first)
    page.state["posts"]["b"] = 2
    second = await page.client.get("/events")
    assert await frame(second) == ("state", {"posts": {"a": 1, "b": 2}})
    assert await frame(first) == ("patch", {"set": {"posts": {"b": 2}}})
    first.close()
    second.close()


async def test_slow_reader_is_dropped(page: Page) -> None:
    """A reader whose backlog is full is let go, so that it holds up nobody."""
    response = await page.client.get("/events")
    await frame(response)
    for number in range(4):
        page.state["posts"]["b"] = number
        page.stream.tell()
    assert page.stream.readers == 0
    response.close()


async def test_touch_reaches_the_page(page: Page) -> None:
    """A change that was only announced is told by the running stream."""
    task = asyncio.create_task(page.stream.run())
    response = await page.client.get("/events")
    await frame(response)
    page.state["posts"].clear()
    page.stream.touch()
    assert await frame(response) == ("patch", {"drop": {"posts": ["a"]}})
    task.cancel()
    response.close()
