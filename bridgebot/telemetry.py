"""Logs: one event per fact, console or JSON, and never a token or a guest's words."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

WITHHELD = frozenset(
    {"text", "content", "name", "guest_name", "token", "authorization", "body", "payload"}
)
"""Fields that never reach a log line."""

_TOKEN = re.compile(
    # tokens, tickets that open a socket, addresses that anybody may answer at
    r"(?:xox[a-z]|xapp)-[\w-]+|ticket=[\w-]+|hooks\.slack\.com/[\w/.-]+|eyJ[\w-]+\.[\w-]+\.[\w-]*|(?i:bearer|basic)\s+[\w.~+/=-]{8,}"
)
# These log whole requests, answers or statements at DEBUG, guest text included.
_TALKATIVE = (
    "slack_sdk",
    "slack_bolt",
    "httpx",
    "httpcore",
    "aiosqlite",
    "sqlalchemy",
    "asyncio",
    "aiohttp",
    "alembic",
)


def configure_logging(level: str, form: str, stream: TextIO | None = None) -> None:
    """Set logging up for the process: ``form`` is ``console`` or ``json``.

    Our own events are written at once: on their way through the standard library each line would
    cost several times as much. Its records go through the same renderer, so in JSON every line is
    JSON.
    """
    out = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        )
    )
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", _Forgiving(out))),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.addFilter(_fit_to_log)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_crash


class _Forgiving:
    """A stream that loses a line rather than stop who writes it, as handlers of logging do.

    The disk may be full, or who reads the lines gone: a reply that was sent is to be recorded.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        """Write a line, if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(line)

    def flush(self) -> None:
        """Hand over what was written, if that is possible."""
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def _fit_to_log(record: logging.LogRecord) -> bool:
    """Let through what libraries say from WARNING on.

    A logger's level is not enough: Bolt sets its loggers to the root's level, and the socket client
    then writes whole events at DEBUG.
    """
    return record.levelno >= logging.WARNING


def _log_crash(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Log what nobody foresaw, so that the last line has the form of the others."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger().critical("crashed", exc_info=(kind, error, trace))


def redact(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Take out fields that may hold guest text or names, and anything that looks like a token."""
    for key in list(event):
        if key in WITHHELD:
            del event[key]
        else:
            event[key] = _clean(event[key])
    return event


def _clean(value: object) -> object:
    """Clean a field's value, however deep it is; an error becomes its text."""
    match value:
        case str():
            return _TOKEN.sub("[redacted]", value)
        case BaseException():
            return _TOKEN.sub("[redacted]", repr(value))
        case Mapping():
            return {key: _clean(each) for key, each in value.items() if key not in WITHHELD}
        case list() | tuple() | set() | frozenset():
            return [_clean(each) for each in value]
    return value


def warn_of_unknown(names: list[str]) -> None:
    """Say which variables look like settings of ours and are none: perhaps a slip."""
    if names:
        structlog.get_logger().warning("settings_unknown", variables=", ".join(names))
