"""Traces: ids that every process makes alike, nothing said but ids, nothing loaded without need."""

from __future__ import annotations

import subprocess
import sys

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from bridgebot.otel import SpanRecorder, ids_of
from bridgebot.tracing import Traces, incoming, open_traces, outgoing

GUEST = incoming("booking", "m1")


def _listening() -> tuple[Traces, InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    return Traces(SpanRecorder(SimpleSpanProcessor(exporter), version="1", node="n")), exporter


def _ids(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    return span.context.trace_id, span.context.span_id


def test_two_processes_make_one_trace_of_a_message() -> None:
    """What one process begins, another goes on with, and nothing is kept for it."""
    (before, first), (after, second) = _listening(), _listening()

    before.step("receive", GUEST, first=True, began=1_000, ended=1_500)
    after.step("post", GUEST, began=9_000, ended=9_250, delivery=7)

    (root,), (post,) = first.get_finished_spans(), second.get_finished_spans()
    assert root.parent is None
    assert _ids(root) == ids_of(GUEST)
    assert post.parent is not None
    assert (post.parent.trace_id, post.parent.span_id) == ids_of(GUEST)
    assert _ids(post)[0] == _ids(root)[0]
    assert _ids(post)[1] != _ids(root)[1]
    assert (post.start_time, post.end_time) == (9_000_000_000, 9_250_000_000)


def test_messages_have_traces_of_their_own() -> None:
    """Neither another message, nor another provider, nor a reply shares one."""
    subjects = [
        GUEST,
        incoming("booking", "m2"),
        incoming("hostelmate", "m1"),
        outgoing("booking", "m1"),
        incoming("bookingm", "1"),
    ]

    assert len({ids_of(each) for each in subjects}) == len(subjects)


def test_a_span_says_ids_and_constant_words_alone() -> None:
    """Whatever else a step is given is left out."""
    traces, exporter = _listening()

    traces.step(
        "send", GUEST, began=1, ended=2, failed=True, delivery=7, text="Dear Ada", name="Ada",
        token="xoxb-1", ruid=None,
    )  # fmt: skip

    (span,) = exporter.get_finished_spans()
    assert dict(span.attributes or {}) == {"bridgebot.delivery": 7}
    assert span.status.status_code is StatusCode.ERROR


def test_a_clock_that_was_put_back_makes_no_span_that_ends_before_it_begins() -> None:
    """The beginning may be another process's."""
    traces, exporter = _listening()

    traces.step("post", GUEST, began=5_000, ended=4_000)

    (span,) = exporter.get_finished_spans()
    assert span.start_time == span.end_time == 4_000_000_000


def test_a_sampled_trace_is_kept_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """All steps of a message are kept, or none, whichever process makes them."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    (before, first), (after, second) = _listening(), _listening()

    for number in range(40):
        of = incoming("booking", f"m{number}")
        before.step("receive", of, first=True, began=1, ended=2)
        after.step("post", of, began=3, ended=4)

    begun = {_ids(span)[0] for span in first.get_finished_spans()}
    assert 0 < len(begun) < 40
    assert {_ids(span)[0] for span in second.get_finished_spans()} == begun


def test_the_environment_names_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """``OTEL_SERVICE_NAME`` counts more than our own name."""
    monkeypatch.setenv("OTEL_SERVICE_NAME", "front-desk")
    traces, exporter = _listening()

    traces.step("receive", GUEST, first=True, began=1, ended=2)

    (span,) = exporter.get_finished_spans()
    assert span.resource.attributes["service.name"] == "front-desk"
    assert span.resource.attributes["service.instance.id"] == "n"


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"},
    ],
)
def test_without_an_endpoint_nothing_is_traced(environ: dict[str, str]) -> None:
    """Tracing is asked for by OpenTelemetry's own variables."""
    assert not open_traces(environ, version="1", node="n").on


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded() -> None:
    """Who does not trace pays nothing."""
    script = (
        "import sys, bridgebot.app\n"
        "from bridgebot.tracing import open_traces\n"
        "open_traces({}, version='1', node='n')\n"
        "print(*[name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.split() == []


def test_without_the_extra_the_bridge_runs_untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """An endpoint without the packages costs the traces and nothing else."""
    monkeypatch.setitem(sys.modules, "bridgebot.otel", None)

    assert not open_traces(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, version="1", node="n"
    ).on


def test_a_variable_that_is_not_understood_costs_the_traces_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing about traces keeps the bridge from starting."""
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "1")

    assert not open_traces(
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, version="1", node="n"
    ).on
