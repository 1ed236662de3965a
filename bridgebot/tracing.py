"""Traces: one for each message on its way to Slack or to the guest, across processes and restarts.

Nothing is kept for them: the ids of a trace and of its first span are made from what names the
message on both sides of a restart. Without an endpoint nothing of OpenTelemetry is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

import structlog

log = structlog.get_logger()

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
ATTRIBUTES = frozenset(
    {"provider", "conversation", "delivery", "attempt", "state", "kind", "code", "ruid"}
)
"""All that a span says; ids and constant words, as in logs."""


class Subject(NamedTuple):
    """What a trace is about: ``way`` is ``in`` or ``out``, the rest names the message there."""

    way: str
    place: str
    name: str


def incoming(provider: str, message_id: str) -> Subject:
    """Name the trace of a message that comes from a provider."""
    return Subject("in", provider, message_id)


def outgoing(channel: str, ts: str) -> Subject:
    """Name the trace of what staff wrote in Slack."""
    return Subject("out", channel, ts)


class Recorder(Protocol):
    """Keeps spans and hands them on."""

    def record(
        self,
        name: str,
        subject: Subject,
        attributes: Mapping[str, str | int],
        *,
        began: int,
        ended: int,
        first: bool,
        failed: bool,
    ) -> None:
        """Keep one span; its times are milliseconds since 1970."""
        ...

    def close(self) -> None:
        """Hand on what is kept, for a moment at most."""
        ...


class Traces:
    """Where the steps of messages are told; without a recorder it does nothing."""

    def __init__(self, recorder: Recorder | None = None) -> None:
        self._recorder = recorder

    @property
    def on(self) -> bool:
        """Whether anybody listens."""
        return self._recorder is not None

    def step(
        self,
        name: str,
        subject: Subject,
        /,
        *,
        began: int,
        ended: int,
        first: bool = False,
        failed: bool = False,
        **attributes: str | int | None,
    ) -> None:
        """Tell of a step that is over; the ``first`` one is the parent of the others."""
        if self._recorder is None:
            return
        said = {k: v for k, v in attributes.items() if k in ATTRIBUTES and v is not None}
        began = min(began, ended)
        self._recorder.record(
            name, subject, said, began=began, ended=ended, first=first, failed=failed
        )

    def captured(self, channel: str, ts: str, *, began: int, ended: int) -> None:
        """Begin the trace of what staff wrote, however it was heard of."""
        self.step("capture", outgoing(channel, ts), first=True, began=began, ended=ended)

    def close(self) -> None:
        """Hand on what is kept, for a moment at most."""
        if self._recorder is not None:
            self._recorder.close()


def open_traces(environ: Mapping[str, str], *, version: str, node: str) -> Traces:
    """Begin to trace where the environment names an endpoint, by OpenTelemetry's own variables.

    What is wrong with them costs the traces and nothing else.
    """
    off = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    off = off or environ.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp"
    if off or not any(environ.get(name) for name in ENDPOINTS):
        return Traces()
    try:
        from bridgebot.otel import open_recorder  # noqa: PLC0415 - an extra, and not for everybody

        return Traces(open_recorder(version=version, node=node))
    except ImportError:
        log.warning("traces_off", reason="install bridgebot[otel]")
    except ValueError:
        log.warning("traces_off", reason="a variable OTEL_… is not understood")
    return Traces()
