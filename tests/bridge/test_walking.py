"""What is new in lists that stand by recent activity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridgebot.bridge.walking import (
    OVERLAP,
    SETTLES,
    Visit,
    floor_of,
    goes_on,
    to_visit,
    visited,
)
from bridgebot.model import ConversationId, Glimpse

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def _glimpse(name: str, ago: timedelta, *, mark: str = "a", pending: bool = False) -> Glimpse:
    return Glimpse(
        conversation_id=ConversationId(name), mark=mark, active_at=NOW - ago, pending=pending
    )


OLD = [_glimpse(f"c{number}", 5 * HOUR) for number in range(50)]


@pytest.mark.parametrize(
    ("page", "known", "expected"),
    [
        (OLD, {}, False),
        ([_glimpse("new", HOUR / 6), *OLD], {}, False),
        ([*OLD, _glimpse("new", HOUR / 6)], {}, True),
        ([*OLD, _glimpse("odd", 9 * HOUR, pending=True)], {}, True),
        (OLD, {"c49": Visit(mark="b")}, True),
        (OLD, {"c0": Visit(mark="b")}, False),
        ([], {}, True),
    ],
)
def test_looking_ends_where_everything_is_old_and_as_it_was(
    page: list[Glimpse], known: dict[str, Visit], expected: bool
) -> None:
    """News in front is usual; news at the end of a page may go on."""
    assert goes_on(page, known, NOW - HOUR) is expected


def test_what_is_read() -> None:
    """What is new or has changed, what is not settled; not what is from before our time."""
    known = {
        "same": Visit(mark="a", read_at=NOW - HOUR, settled=True),
        "changed": Visit(mark="b", read_at=NOW - HOUR, settled=True),
        "unsettled": Visit(mark="a", read_at=NOW - SETTLES),
        "fresh": Visit(mark="a", read_at=NOW),
    }
    glimpses = [_glimpse(name, 48 * HOUR) for name in (*known, "long ago")]
    glimpses += [_glimpse("new", HOUR), _glimpse("odd", 48 * HOUR, pending=True)]

    found = to_visit(glimpses, known, since=NOW - 24 * HOUR, now=NOW)

    assert [each.conversation_id for each in found] == ["changed", "unsettled", "new", "odd"]


def test_a_second_reading_under_the_same_mark_settles() -> None:
    """Another mark begins anew."""
    glimpse = _glimpse("c", HOUR)
    first = visited(glimpse, None, now=NOW)
    second = visited(glimpse, first, now=NOW)

    assert (first.settled, second.settled) == (False, True)
    assert not visited(_glimpse("c", HOUR, mark="b"), second, now=NOW).settled


def test_the_next_look_goes_a_little_behind_the_newest_and_never_into_the_future() -> None:
    """A clock at the provider that is ahead of ours hides nothing."""
    floor = NOW - 9 * HOUR

    assert floor_of([_glimpse("c", HOUR)], floor, now=NOW) == NOW - HOUR - OVERLAP
    assert floor_of([_glimpse("c", -HOUR)], floor, now=NOW) == NOW - OVERLAP
    assert floor_of([_glimpse("c", 20 * HOUR)], floor, now=NOW) == floor
    assert floor_of([], floor, now=NOW) == floor
