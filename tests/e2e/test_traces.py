"""Traces of the shipped process, as a collector gets them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bridgebot.otel import ids_of
from bridgebot.tracing import Subject, incoming, outgoing
from tests.e2e.world import GUESTS, World

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
    world.slack.faults.add("chat.postMessage", "internal_error", times=1000)
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
    said = b"".join(collector.bodies)
    for words in (b"zeppelin", b"gyrocopter", b"Ada", b"xoxb", b"xapp"):
        assert words not in said


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
