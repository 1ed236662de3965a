"""Hostel Mate's webhook: a hint, whatever it holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from bridgebot.push.hints import Hints
from bridgebot.sandbox.hostelmate.webhook import HookSwitches, Webhook, variants
from bridgebot.workers.reader import Reader
from tests.workers.bench import HOSTEL, Bench, bench_on

SECRET = "fedcba9876543210fedcba9876543210"
VARIANTS = dict(variants())


class Hinted:
    """A reader that is hastened by what the stand-in's webhook says."""

    def __init__(self, bench: Bench, base: str, reader: Reader) -> None:
        self.bench = bench
        self.base = base
        self.reader = reader
        self.hook = Webhook(bench.mate)
        self.hook.url = f"{base}/hostelmate/events/{SECRET}"

    async def posted(self) -> None:
        """Wait until all events are sent."""
        await asyncio.gather(*self.hook._tasks)


@pytest.fixture
async def hinted(tmp_path: Path) -> AsyncIterator[Hinted]:
    """Serve the webhook of an account whose list is looked at once an hour."""
    async with bench_on(tmp_path) as bench:
        reader = bench.reader(poll_seconds=3600.0)
        app = web.Application()
        Hints(SECRET, reader.hasten).add_routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await bench.work(reader)
        made = Hinted(bench, f"http://127.0.0.1:{runner.addresses[0][1]}", reader)
        yield made
        await made.hook.stop()
        await runner.cleanup()


@pytest.mark.parametrize("name", sorted(VARIANTS))
async def test_a_message_is_shown_once_whatever_the_webhook_says(hinted: Hinted, name: str) -> None:
    """Signed or not, with content or none, twice or never: it comes by the list alone."""
    bench, hinted.hook.switches = hinted.bench, VARIANTS[name]
    sent = bench.mate.guest_writes(bench.mate.open_thread(HOSTEL).thread_id, "Hello")
    await hinted.posted()
    await bench.look(hinted.reader, seconds=1)
    assert await bench.shown() == ([sent] if VARIANTS[name].copies else [])

    await bench.look(hinted.reader, seconds=3600)

    assert await bench.shown() == [sent]
    assert set(hinted.hook.statuses) <= {200}


async def test_a_hint_during_a_look_is_followed_by_another_look(hinted: Hinted) -> None:
    """The thread may stand on a page that was read already."""
    bench = hinted.bench
    thread = bench.mate.open_thread(HOSTEL).thread_id
    hinted.reader.hasten()
    sent: list[str] = []

    def write() -> None:
        sent.append(bench.mate.guest_writes(thread, "Hello"))
        hinted.reader.hasten()

    hinted.hook.url = ""
    bench.stand_in.after("conversations.list", write)
    await bench.look(hinted.reader, seconds=1)

    assert await bench.shown() == sent


async def test_who_does_not_know_the_address_hastens_nothing(hinted: Hinted) -> None:
    """A wrong secret, another method, junk, another event, the same event twice."""
    looks = len(hinted.bench.mate.wire)
    event = {"id": "e1", "type": "message.received"}
    path = f"/hostelmate/events/{SECRET}"
    async with httpx.AsyncClient(base_url=hinted.base, trust_env=False) as http:
        statuses = [
            (await http.post(f"{path[:-1]}x", json=event)).status_code,
            (await http.post(path[:-1], json=event)).status_code,
            (await http.get(path)).status_code,
            (await http.post(path, content=b"junk")).status_code,
            (await http.post(path, content=b"[" * 70_000)).status_code,
            (await http.post(path, json={"type": "booking.created"})).status_code,
        ]
        await hinted.bench.look(hinted.reader, seconds=1)
        assert len(hinted.bench.mate.wire) == looks
        answers = [(await http.post(path, json=event)).json()["status"] for _ in range(2)]

    assert statuses == [404, 404, 405, 400, 413, 200]
    assert answers == ["hastened", "repeated"]


def test_the_switches_are_varied_and_explained() -> None:
    """Each setting is tried above, and said in words."""
    names = {name.partition("=")[0] for name in VARIANTS}
    fields = set(HookSwitches.__dataclass_fields__)

    assert names == fields | {"default"}
    assert {name for name in fields if f"``{name}``" not in str(HookSwitches.__doc__)} == set()
