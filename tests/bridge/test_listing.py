"""What is read next of a list, and how a conversation is read for the first time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridgebot.bridge.listing import AT_ONCE, Known, first_sight, to_read
from bridgebot.model import ConversationId, Glimpse

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def _glimpse(
    name: str = "c",
    *,
    mark: str = "new",
    days: float = 0.0,
    pending: bool = False,
    left_out: bool = False,
) -> Glimpse:
    return Glimpse(
        conversation_id=ConversationId(name),
        mark=mark,
        active_at=NOW - timedelta(days=days),
        pending=pending,
        left_out=left_out,
    )


@pytest.mark.parametrize(
    ("glimpse", "is_account_new", "is_quiet"),
    [
        (_glimpse(days=2), True, True),
        (_glimpse(days=2, pending=True), True, False),
        (_glimpse(days=0.5), True, False),
        (_glimpse(days=2), False, False),
        (_glimpse(left_out=True, pending=True), True, True),
        (_glimpse(left_out=True), False, True),
    ],
)
def test_what_was_there_before_and_is_done_is_read_quietly(
    glimpse: Glimpse, is_account_new: bool, is_quiet: bool
) -> None:
    """Only at the first look at an account, or where another provider shows it."""
    assert first_sight(glimpse, is_account_new=is_account_new, now=NOW).quiet is is_quiet


def test_changes_come_first_and_the_newest_before_the_others() -> None:
    """What is read quietly waits until the others are read."""
    glimpses = [
        _glimpse("same", mark="old"),
        _glimpse("quiet"),
        _glimpse("older", days=1),
        _glimpse("newer"),
        _glimpse("hidden", left_out=True),
    ]
    known = {"same": Known(mark="old", read_at=NOW), "quiet": Known(quiet=True)}

    names = [each.conversation_id for each in to_read(glimpses, known, now=NOW)]

    assert names == ["newer", "older", "quiet"]


@pytest.mark.parametrize(
    ("days", "read_before", "is_due"),
    [
        (0, timedelta(minutes=9), False),
        (0, timedelta(minutes=10), True),
        (5, timedelta(hours=23), False),
        (5, timedelta(hours=24), True),
    ],
)
def test_everything_is_read_again_the_active_more_often(
    days: float, read_before: timedelta, is_due: bool
) -> None:
    """Every ten minutes, or once a day."""
    known = {"c": Known(mark="old", read_at=NOW - read_before)}

    assert bool(to_read([_glimpse(mark="old", days=days)], known, now=NOW)) is is_due


def test_few_are_read_again_at_once_the_longest_unread_first() -> None:
    """Reading again must not take the limit from what is new."""
    glimpses = [_glimpse(f"c{number}", mark="old") for number in range(20)]
    known = {
        f"c{number}": Known(mark="old", read_at=NOW - timedelta(minutes=20 + number))
        for number in range(20)
    }

    names = [each.conversation_id for each in to_read(glimpses, known, now=NOW)]

    assert names == [f"c{number}" for number in range(19, 19 - AT_ONCE, -1)]
