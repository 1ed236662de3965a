"""The reply score: which messages count, and which were answered in time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridgebot.bridge.score import HOUR, Score, middle, score
from bridgebot.model import Asked

NOW = 1_772_445_600_000


def asked(ago: int, answered: int | None = None, excused: int | None = None) -> Asked:
    """Make a message so many hours old; the others are hours after it."""
    sent = NOW - ago * HOUR
    return Asked(
        sent_at=sent,
        answered_at=None if answered is None else sent + answered * HOUR,
        excused_at=None if excused is None else sent + excused * HOUR,
    )


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([], None),
        ([asked(2)], None),
        ([asked(25)], Score(answered=0, counted=1)),
        ([asked(48, answered=24)], Score(answered=1, counted=1)),
        ([asked(48, answered=25)], Score(answered=0, counted=1)),
        ([asked(2, answered=1)], Score(answered=1, counted=1)),
        ([asked(48, excused=3)], None),
        ([asked(48, excused=30)], Score(answered=0, counted=1)),
        ([asked(48, answered=1)] * 3 + [asked(48)], Score(answered=3, counted=4)),
        # Fewer than ten in thirty days: the last ten, however old.
        ([asked(24 * 40)] * 12 + [asked(48, 1)] * 4, Score(answered=4, counted=10)),
        # Ten or more in thirty days: those alone.
        ([asked(24 * 40)] * 12 + [asked(48, 1)] * 10, Score(answered=10, counted=10)),
    ],
)
def test_the_score_follows_booking_coms_rule(messages: list[Asked], expected: Score | None) -> None:
    """24 hours, 30 days, ten messages, "no reply needed"."""
    assert score(messages, NOW) == expected


def test_nearly_all_is_not_all() -> None:
    """A single late answer shows, however many were in time."""
    assert Score(answered=999, counted=1000).percent == 99
    assert Score(answered=3, counted=3).percent == 100


MESSAGES = st.lists(
    st.builds(
        asked,
        st.integers(0, 24 * 60),
        st.none() | st.integers(0, 72),
        st.none() | st.integers(0, 72),
    ),
    max_size=40,
)


@given(MESSAGES)
def test_a_score_is_a_share_of_what_counts(messages: list[Asked]) -> None:
    """Never more answered than counted, nor more counted than there were."""
    found = score(messages, NOW)

    assert found is None or 0 <= found.answered <= found.counted <= len(messages)
    assert found is None or 0 <= found.percent <= 100


@given(MESSAGES)
def test_an_answer_in_time_never_lowers_the_score(messages: list[Asked]) -> None:
    """Answering pays: with every open message answered at once the score is full."""
    answered = [
        Asked(sent_at=each.sent_at, answered_at=each.sent_at, excused_at=each.excused_at)
        for each in messages
    ]
    found = score(answered, NOW)

    assert found is None or found.percent == 100


def test_one_very_late_reply_does_not_spoil_the_middle() -> None:
    """The median of first replies is what an ordinary guest waits."""
    assert middle([HOUR, 2 * HOUR, 90 * HOUR]) == 2 * HOUR
    assert middle([]) is None
