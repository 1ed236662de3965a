"""Spans of time to fetch again: as people write them, and cut into what a provider allows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

OVERLAP = timedelta(minutes=5)
"""Spans overlap: what is fetched twice is known by its id."""

_OPTION = re.compile(r"--(\w+)(?:=|\s+)(\S+)")
_FORM = "expected a date or time as 2026-01-31 or 2026-01-31T14:30"


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """What to fetch; without ``before`` until now, without properties from all of the account."""

    after: datetime
    before: datetime | None = None
    properties: tuple[str, ...] = ()

    def key(self) -> str:
        """Name the span, so that one that was broken off is known again."""
        end = "" if self.before is None else self.before.isoformat()
        return f"{self.after.isoformat()}/{end}/{','.join(self.properties)}"

    def in_words(self) -> str:
        """Say what is fetched."""
        end = f"{self.before:%Y-%m-%d %H:%M}" if self.before is not None else "now"
        words = f"messages from {self.after:%Y-%m-%d %H:%M} to {end} (UTC)"
        return words + (f" of property {', '.join(self.properties)}" if self.properties else "")


def parse_moment(text: str) -> datetime:
    """Read an ISO date or time, in UTC where it names no zone; raises ``ValueError`` in words."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(_FORM) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def make_span(
    after: str, before: str | None, properties: tuple[str, ...], *, now: datetime
) -> Span:
    """Read a span; raises ``ValueError`` in words."""
    span = Span(
        after=parse_moment(after),
        before=parse_moment(before) if before else None,
        properties=properties,
    )
    if span.after >= min(span.before or now, now):
        raise ValueError("the beginning must be before the end, and in the past")
    return span


def parse_words(text: str, *, now: datetime) -> Span:
    """Read a span as it is typed behind a command; raises ``ValueError`` in words."""
    options: dict[str, list[str]] = {"after": [], "before": [], "property": []}
    for name, value in _OPTION.findall(text):
        if name not in options:
            raise ValueError(f"there is no --{name}")
        options[name].append(value)
    plain = _OPTION.sub(" ", text).split()
    after = [*options["after"], *plain[:1]]
    before = [*options["before"], *plain[1:2]]
    if not after:
        raise ValueError(f"say since when: {_FORM}")
    properties = (*options["property"], *plain[2:])
    return make_span(after[0], before[0] if before else None, properties, now=now)


def windows(
    after: datetime, before: datetime, longest: timedelta | None
) -> Iterator[tuple[datetime, datetime]]:
    """Cut a span into pieces of at most ``longest``, each beginning a little before the last ended.

    ``None`` means that there is no limit.
    """
    while True:
        end = before if longest is None else min(before, after + longest)
        yield after, end
        if end >= before:
            return
        after = end - OVERLAP
