"""Spans of time as people write them, and cut into pieces."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from bridgebot.bridge.spans import OVERLAP, make_span, parse_moment, parse_words, windows

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
QUARTER = timedelta(days=90)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T14:30", datetime(2026, 1, 31, 14, 30, tzinfo=UTC)),
        ("2026-01-31T14:30:00Z", datetime(2026, 1, 31, 14, 30, tzinfo=UTC)),
        ("2026-01-31T14:30:00+02:00", datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
    ],
)
def test_a_date_or_time_is_read(text: str, at: datetime) -> None:
    """Without a zone it is UTC."""
    assert parse_moment(text) == at


@pytest.mark.parametrize("text", ["", "yesterday", "31.1.2026", "2026-13-01"])
def test_anything_else_is_refused_in_words(text: str) -> None:
    """The form expected is named."""
    with pytest.raises(ValueError, match="2026-01-31"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("after", "before"),
    [("2026-06-02", None), ("2026-05-02", "2026-05-01"), ("2026-05-02", "2026-05-02")],
)
def test_an_empty_span_is_refused(after: str, before: str | None) -> None:
    """The end comes after the beginning, and the beginning before now."""
    with pytest.raises(ValueError, match="before the end"):
        make_span(after, before, (), now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01 2026-02-01 5 6",
        "--after 2026-01-01 --before 2026-02-01 --property 5 --property 6",
        "--after=2026-01-01 --property=5 --before=2026-02-01 --property=6",
    ],
)
def test_words_behind_a_command_are_read_as_options_or_in_order(text: str) -> None:
    """People type either."""
    span = parse_words(text, now=NOW)

    assert (span.after, span.before) == (parse_moment("2026-01-01"), parse_moment("2026-02-01"))
    assert span.properties == ("5", "6")


@pytest.mark.parametrize(("text", "words"), [("", "since when"), ("--since 2026-01-01", "--since")])
def test_words_that_say_too_little_are_refused(text: str, words: str) -> None:
    """What is missing or unknown is named."""
    with pytest.raises(ValueError, match=words):
        parse_words(text, now=NOW)


def test_a_long_span_is_cut_into_overlapping_pieces() -> None:
    """None is longer than allowed, none leaves a gap."""
    pieces = list(windows(NOW - timedelta(days=400), NOW, QUARTER))

    assert len(pieces) == 5
    assert all(end - begin <= QUARTER for begin, end in pieces)
    assert all(a[1] - b[0] == OVERLAP for a, b in itertools.pairwise(pieces))
    assert (pieces[0][0], pieces[-1][1]) == (NOW - timedelta(days=400), NOW)


@pytest.mark.parametrize("longest", [None, QUARTER])
def test_a_short_span_is_one_piece(longest: timedelta | None) -> None:
    """Exactly the limit is within it."""
    assert list(windows(NOW - QUARTER, NOW, longest)) == [(NOW - QUARTER, NOW)]
