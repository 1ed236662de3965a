"""Logs: one form for all, and nothing in them that must not be."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from slack_bolt.async_app import AsyncApp

from bridgebot.telemetry import configure_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Give a stream for logs, and put logging back afterwards."""
    root = logging.getLogger()
    handlers, level, hook = root.handlers, root.level, sys.excepthook
    yield io.StringIO()
    root.handlers, root.level, sys.excepthook = handlers, level, hook
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def test_in_json_every_line_is_json(stream: io.StringIO) -> None:
    """Libraries' records come in the same form as ours."""
    configure_logging("info", "json", stream)

    structlog.get_logger().info("ready", version="1")
    logging.getLogger("some.library").warning("something %s", "happened")

    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["ready", "something happened"]


def test_on_the_console_the_event_stands_in_the_line(stream: io.StringIO) -> None:
    """The word of an event is found on a console line."""
    configure_logging("info", "console", stream)

    structlog.get_logger().info("ready")

    assert "ready" in stream.getvalue()


def test_tokens_and_words_of_guests_are_taken_out(stream: io.StringIO) -> None:
    """Fields that may hold guests' words are dropped, tokens are blacked out anywhere."""
    configure_logging("debug", "json", stream)

    structlog.get_logger().info("event", text="Dear hotel", name="Ada", where="Bearer abcdefgh.ij")
    logging.getLogger("library").warning("token xoxb-12-34-abc refused")

    written = stream.getvalue()
    assert "Dear hotel" not in written
    assert "Ada" not in written
    assert "abcdefgh" not in written
    assert "xoxb-12" not in written


@pytest.mark.parametrize(
    "secret",
    [
        "wss://wss-primary.slack.com/link/?ticket=1a2b-3c&app_id=9",
        "https://hooks.slack.com/commands/T0/12/ab-CD",
        "https://hooks.slack.com/actions/T0/12/ab-CD",
    ],
)
def test_addresses_that_open_something_are_taken_out(stream: io.StringIO, secret: str) -> None:
    """Who has the address may use it, so it is as secret as a token."""
    configure_logging("info", "json", stream)

    logging.getLogger("slack_bolt").warning("cannot reach %s", secret)

    assert "[redacted]" in stream.getvalue()
    assert "1a2b" not in stream.getvalue()
    assert "ab-CD" not in stream.getvalue()


def test_libraries_that_log_bodies_stay_quiet(stream: io.StringIO) -> None:
    """Even at debug level the Slack client's debug lines do not come."""
    configure_logging("debug", "json", stream)

    logging.getLogger("slack_sdk.web").debug("request with guest text")

    assert stream.getvalue() == ""


def test_what_lies_deeper_in_a_field_is_cleaned_too(stream: io.StringIO) -> None:
    """Maps, lists and errors inside a field hold no token and no guest's words either."""
    configure_logging("info", "json", stream)

    structlog.get_logger().info(
        "event",
        answer={"text": "Dear hotel", "header": "Bearer abcdefgh.ij"},
        tokens=["xoxb-12-34-abc"],
        reason=ValueError("xapp-1-secret refused"),
    )

    line = json.loads(stream.getvalue())
    assert line["answer"] == {"header": "[redacted]"}
    assert line["tokens"] == ["[redacted]"]
    assert line["reason"] == "ValueError('[redacted] refused')"


def test_bolt_stays_quiet_although_it_copies_our_level(stream: io.StringIO) -> None:
    """Bolt gives its loggers the root's level, and at debug they write whole bodies."""
    configure_logging("debug", "json", stream)

    AsyncApp(token="xoxb-1", request_verification_enabled=False).logger.debug("a whole event")

    assert stream.getvalue() == ""


def test_warnings_come_as_log_lines(stream: io.StringIO) -> None:
    """In JSON mode a warning of Python is a line of JSON as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure_logging("info", "json", stream)
        warnings.warn("about to change", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)

    assert "about to change" in json.loads(stream.getvalue())["event"]


def test_a_crash_comes_as_one_log_line() -> None:
    """What nobody foresaw ends the process with a line of JSON and status 1."""
    script = (
        "from bridgebot.telemetry import configure_logging\n"
        "configure_logging('info', 'json')\n"
        "raise RuntimeError('xoxb-12-34-abc')"
    )
    ended = subprocess.run(  # noqa: S603 - a script of ours
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    line = json.loads(ended.stderr)
    assert (ended.returncode, line["event"]) == (1, "crashed")
    assert "RuntimeError: [redacted]" in line["exception"]


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "full"), ValueError("closed")])
def test_a_line_that_cannot_be_written_stops_nobody(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """A full disk, or a reader that is gone, must not keep a reply from being recorded."""

    def refuse(*_what: object) -> int:
        raise error

    configure_logging("info", "json", stream)
    monkeypatch.setattr(stream, "write", refuse)
    monkeypatch.setattr(stream, "flush", refuse)

    structlog.get_logger().info("reply_sent")

    monkeypatch.undo()
    structlog.get_logger().info("ready")
    assert json.loads(stream.getvalue())["event"] == "ready"
