"""Spans by OpenTelemetry's SDK, sent by OTLP over HTTP from a thread of the SDK's own."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

FLUSH_SECONDS = 2.0
CALLS = frozenset({"confirm", "post", "picture", "enclose", "send", "look up"})
"""Steps that ask another service."""


class Ids(RandomIdGenerator):
    """Gives the first span of a trace the ids it was told, any other one by chance."""

    def __init__(self) -> None:
        self.trace = self.span = 0

    def generate_trace_id(self) -> int:
        """Make the id of a trace."""
        return self.trace or super().generate_trace_id()

    def generate_span_id(self) -> int:
        """Make the id of a span."""
        return self.span or super().generate_span_id()


class SpanRecorder:
    """Makes a span of each step; the SDK's processor hands them on."""

    def __init__(self, processor: SpanProcessor, *, version: str = "", node: str = "") -> None:
        self._ids = Ids()
        about = {SERVICE_NAME: "bridgebot", "service.version": version, "service.instance.id": node}
        self._provider = TracerProvider(
            id_generator=self._ids,
            # What the environment says about the resource counts more than what we do.
            resource=Resource.create(about).merge(OTELResourceDetector().detect()),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("bridgebot", version)

    def record(
        self,
        name: str,
        subject: tuple[str, str, str],
        attributes: Mapping[str, str | int],
        *,
        began: int,
        ended: int,
        first: bool,
        failed: bool,
    ) -> None:
        """Keep one span; its times are milliseconds since 1970."""
        trace, root = ids_of(subject)
        self._ids.trace, self._ids.span = (trace, root) if first else (0, 0)
        span = self._tracer.start_span(
            name,
            context=Context() if first else self._below(trace, root),
            kind=SpanKind.CLIENT if name in CALLS else SpanKind.INTERNAL,
            attributes={f"bridgebot.{key}": value for key, value in attributes.items()},
            start_time=began * 1_000_000,
        )
        if failed:
            span.set_status(Status(StatusCode.ERROR))
        span.end(ended * 1_000_000)

    def _below(self, trace: int, root: int) -> Context:
        """Make the place below a first span that perhaps another process made.

        Whether it was sampled is asked of the sampler again, which decides by the trace's id.
        """
        decision = self._provider.sampler.should_sample(Context(), trace, "").decision
        kept = decision is Decision.RECORD_AND_SAMPLE
        flags = TraceFlags(TraceFlags.SAMPLED if kept else TraceFlags.DEFAULT)
        parent = SpanContext(trace, root, is_remote=True, trace_flags=flags)
        return set_span_in_context(NonRecordingSpan(parent), Context())

    def close(self) -> None:
        """Hand on what is kept; a collector that is away does not hold up the end for long."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(FLUSH_SECONDS)


def ids_of(subject: tuple[str, str, str]) -> tuple[int, int]:
    """Make the ids of a subject's trace and of its first span; never 0, which stands for none."""
    digest = hashlib.sha256("\0".join(subject).encode()).digest()
    return int.from_bytes(digest[:16]) or 1, int.from_bytes(digest[16:24]) or 1


def open_recorder(*, version: str, node: str) -> SpanRecorder:
    """Send spans to the endpoint that the variables ``OTEL_…`` name."""
    # It writes a line for each try to reach a collector that is away.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    processor = BatchSpanProcessor(OTLPSpanExporter())
    return SpanRecorder(processor, version=version, node=node)
