"""What Prometheus is told: counters kept here as things happen, and readings taken at each scrape.

All names begin with ``bridgebot_``. Labels never hold a guest's or a colleague's words or names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call]

KEPT = CollectorRegistry(auto_describe=True)
"""What is counted in this process as it happens."""

ProcessCollector(namespace="bridgebot", registry=KEPT)

RECEIVED = Counter(
    "bridgebot_received",
    "Entries received: new, kept (not shown), echoes, duplicates, unreadable",
    ["provider", "kind"],
    registry=KEPT,
)
DELIVERIES = Counter(
    "bridgebot_deliveries",
    "Attempts to deliver that ended, by queue (inbox: to Slack, outbox: to the guest) and outcome",
    ["queue", "outcome"],
    registry=KEPT,
)
for _queue in ("inbox", "outbox"):
    for _outcome in ("completed", "retryable", "uncertain", "discarded"):
        # A counter that begins at 1 has, to Prometheus, never increased.
        DELIVERIES.labels(_queue, _outcome)
PICTURES = Counter(
    "bridgebot_pictures",
    "Pictures: shown in Slack, sent to a guest, or refused, and why",
    ["way", "outcome"],
    registry=KEPT,
)
RATE_LIMITED = Counter(
    "bridgebot_rate_limited",
    "Answers 429: the other side asked to slow down",
    ["service", "call"],
    registry=KEPT,
)
PUSHES = Counter(
    "bridgebot_pushes",
    "Requests to the endpoints that others call, by endpoint (token, notification, hint) and what "
    "came of them",
    ["endpoint", "outcome"],
    registry=KEPT,
)
FIRST_REPLY = Histogram(
    "bridgebot_first_reply_seconds",
    "From a guest's message to the first answer delivered after it",
    buckets=(60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400),
    registry=KEPT,
)


@dataclass(frozen=True, slots=True)
class Spec:
    """A metric that is read at each scrape."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    counts: bool = False


READ = (
    Spec("bridgebot_build_info", "Always 1; the version as a label", ("version",)),
    Spec("bridgebot_ready", "1 where /readyz answers 200"),
    Spec("bridgebot_slack_connected", "1 where events from Slack can come in"),
    Spec("bridgebot_slack_reconnections", "How often the socket came back", counts=True),
    Spec("bridgebot_standby", "1 where another node polls this provider", ("provider",)),
    Spec(
        "bridgebot_last_poll_age_seconds",
        "Since the last successful poll, or since the start; missing in a node on standby",
        ("provider",),
    ),
    Spec(
        "bridgebot_last_notification_age_seconds",
        "Since the last notification that was kept; missing before the first",
        ("provider",),
    ),
    Spec("bridgebot_queue_depth", "Open deliveries", ("queue", "state")),
    Spec("bridgebot_queue_age_seconds", "Age of the oldest open delivery", ("queue",)),
    Spec("bridgebot_quarantined", "Entries that could not be read and were put aside"),
    Spec("bridgebot_unanswered", "Guests who wait for an answer"),
    Spec("bridgebot_unanswered_age_seconds", "How long the longest-waiting guest waits"),
    Spec("bridgebot_alerts_open", "Alerts that stand in the alerts channel", ("kind",)),
    Spec("bridgebot_disk_free_bytes", "Free where the SQLite database is"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A value read now, for a metric of ``READ``."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


class _Readings(Collector):
    """Shows the readings of one scrape."""

    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        """Make a family of each metric; without a reading it stands empty."""
        for spec in READ:
            family = _family(spec)
            for reading in self._readings:
                if reading.name == spec.name:
                    family.add_metric([reading.labels[name] for name in spec.labels], reading.value)
            yield family


def _family(spec: Spec) -> GaugeMetricFamily | CounterMetricFamily:
    kind = CounterMetricFamily if spec.counts else GaugeMetricFamily
    return kind(spec.name, spec.help, labels=spec.labels)


def render(readings: Sequence[Reading]) -> bytes:
    """Write all metrics in Prometheus' text form."""
    registry = CollectorRegistry()
    for collector in (_Readings(readings), KEPT):
        registry.register(collector)
    return generate_latest(registry)


def describe() -> Iterable[tuple[str, str, tuple[str, ...], str]]:
    """List name, kind, labels and meaning of each metric, for the reference."""
    for spec in READ:
        kind, end = ("counter", "_total") if spec.counts else ("gauge", "")
        yield spec.name + end, kind, spec.labels, spec.help
    for kept, kind, end in (
        (RECEIVED, "counter", "_total"),
        (DELIVERIES, "counter", "_total"),
        (PICTURES, "counter", "_total"),
        (RATE_LIMITED, "counter", "_total"),
        (PUSHES, "counter", "_total"),
        (FIRST_REPLY, "histogram", ""),
    ):
        (family,) = kept.describe()
        yield family.name + end, kind, kept._labelnames, family.documentation  # noqa: SLF001
