"""Traces of the shipped process, as a collector gets them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bridgebot.otel import ids_of
from bridgebot.sandbox.messaging.attachments import guest_sends
from bridgebot.sandbox.slack.files import person_uploads
from bridgebot.tracing import Subject, incoming, outgoing
from tests.e2e.snaps import jpeg, png
from tests.e2e.world import ANNA, GUESTS, PROPERTY, World

pytestmark = pytest.mark.e2e


@dataclass(slots=True)
class Collector:
    """Takes OTLP over HTTP and keeps the spans, each with the process that made it."""

    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    spans: list[tuple[str, Span]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        """Keep what is sent."""
        self.bodies.append(await request.read())
        for each in ExportTraceServiceRequest.FromString(self.bodies[-1]).resource_spans:
            about = {kept.key: kept.value.string_value for kept in each.resource.attributes}
            node = about["service.instance.id"]
            self.spans += [(node, span) for part in each.scope_spans for span in part.spans]
        return web.Response(content_type="application/x-protobuf")

    def of(self, subject: Subject) -> list[tuple[str, Span]]:
        """List a trace's spans by their beginning."""
        trace = ids_of(subject)[0].to_bytes(16)
        found = [(node, span) for node, span in self.spans if span.trace_id == trace]
        return sorted(found, key=lambda each: each[1].start_time_unix_nano)

    def names(self, subject: Subject) -> list[str]:
        """Name a trace's steps in order."""
        return [span.name for _, span in self.of(subject)]

    def orphans(self) -> list[str]:
        """Name steps whose trace has no beginning, and traces with two."""
        firsts = [(s.trace_id, s.span_id) for _, s in self.spans if not s.parent_span_id]
        begun = [trace for trace, _ in firsts]
        lost = [
            span.name
            for _, span in self.spans
            if span.parent_span_id and (span.trace_id, span.parent_span_id) not in firsts
        ]
        return [
            *lost,
            *(f"{begun.count(each)} beginnings" for each in begun if begun.count(each) > 1),
        ]


@pytest.fixture
async def collector(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """Give a collector; the processes that are started send to it at once."""
    made, app = Collector(), web.Application()
    app.router.add_post("/v1/traces", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", made.url)
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    yield made
    await runner.cleanup()


async def test_one_trace_from_the_guest_to_slack_and_one_back_across_a_restart(
    world: World, collector: Collector
) -> None:
    """A message killed on its way is posted by another process, in the trace that was begun."""
    world.slack.faults.add("chat.postMessage", "503", times=1000)
    message = world.guest("c1", "Is the zeppelin included?")
    coming = incoming("booking", message)
    await world.start()
    await world.until(lambda: {"store", "confirm", "post"} <= set(collector.names(coming)))
    await world.kill()
    world.slack.faults.clear()
    await world.start()
    await world.until(lambda: world.shown(message))
    ts = world.staff("c1", "Only the gyrocopter is.")
    await world.until(lambda: world.got("c1") == ["Only the gyrocopter is."])
    assert await world.stop() == 0

    steps = collector.of(coming)
    names = [span.name for _, span in steps]
    assert (names[0], names[-1]) == ("receive", "post")
    assert {"store", "confirm"} <= set(names)
    assert not steps[-1][1].status.code
    assert steps[0][0] != steps[-1][0], "both processes are in it"
    assert {span.parent_span_id for _, span in steps[1:]} == {steps[0][1].span_id}
    assert collector.names(outgoing(GUESTS, ts)) == ["capture", "decide", "send"]
    assert collector.orphans() == []
    said = b"".join(collector.bodies)
    for words in (b"zeppelin", b"gyrocopter", b"Ada", b"xoxb", b"xapp"):
        assert words not in said


async def test_pictures_are_in_the_traces_of_their_messages(
    world: World, collector: Collector
) -> None:
    """A guest's in the one to Slack, with what was looked up; staff's in the one to the guest."""
    data = jpeg()
    message, _ = guest_sends(world.booking.booking, *_picture(world, data))
    coming = incoming("booking", message)
    world.slack.faults.add("files.completeUploadExternal", "drop_after")
    await world.start()
    await world.until(lambda: any("files" in post for post in world.thread("c1")))
    files = [person_uploads(world.slack.workspace, ANNA, "map.png", png())]
    going = outgoing(GUESTS, world.staff("c1", "Here is a map.", files=files))
    await world.until(lambda: world.got("c1") == ["Here is a map."])
    assert await world.stop() == 0

    names = collector.names(coming)
    assert names[0] == "receive"
    assert {"post", "picture", "look up"} <= set(names)
    assert collector.names(going) == ["capture", "decide", "send", "enclose"]
    assert collector.orphans() == []
    said = b"".join(collector.bodies)
    for words in (b"view.jpg", b"map.png", b"Is this"):
        assert words not in said


def _picture(world: World, data: bytes) -> tuple[str, str, bytes, str]:
    return world.conversation("c1"), "view.jpg", data, "Is this your door?"


async def test_what_an_absence_and_a_history_brought_has_whole_traces(
    world: World, collector: Collector
) -> None:
    """A reply that was found in its thread, and older messages that somebody asked for."""
    old = world.guest("c1", "Long ago")
    world.booking.booking.conversations["c1"].messages[0].at -= timedelta(days=40)
    world.booking.booking.accounts["id"].queue.clear()
    new = world.guest("c1", "And now")
    await world.start()
    await world.until(lambda: world.shown(new))
    assert await world.stop() == 0
    world.slack.sockets.retries = ()
    ts = world.staff("c1", "Written while you were away")
    await world.until_dropped(1)
    await world.start()
    await world.until(lambda: world.got("c1") == ["Written while you were away"])
    root = world.root("c1")
    assert root is not None
    world.slack.interactions.press_button(ANNA, GUESTS, root["ts"], "older_show")
    await world.until(lambda: world.shown(old))
    assert await world.stop() == 0

    assert collector.names(outgoing(GUESTS, ts)) == ["capture", "decide", "send"]
    assert collector.names(incoming("booking", old)) == ["receive", "store", "post"]
    assert collector.orphans() == []


async def test_what_was_searched_has_whole_traces(world: World, collector: Collector) -> None:
    """A backfill that somebody asks for begins a trace of each message it finds."""
    world.more["BOOKING_PROPERTIES"] = f'["{PROPERTY}"]'
    found = world.guest("c1", "Nobody saw this")
    world.booking.booking.accounts["id"].queue.clear()
    await world.start()
    since = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    world.slack.interactions.slash_command(ANNA, GUESTS, "/bridgebot", f"backfill {since}")
    await world.until(lambda: world.shown(found))
    assert await world.stop() == 0

    assert collector.names(incoming("booking", found)) == ["receive", "store", "post"]
    assert collector.orphans() == []


async def test_a_collector_that_is_away_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages go both ways, the process stops in order, and the log stays free of it."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    message = world.guest("c1", "Hello?")
    await world.start()
    await world.until(lambda: world.shown(message))
    world.staff("c1", "Hello!")
    await world.until(lambda: world.got("c1") == ["Hello!"])

    assert await world.stop() == 0
    assert "127.0.0.1:9" not in world.log.read_text("utf-8")
