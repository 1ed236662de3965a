"""How the fault test accounts for replies: one that arrived twice hides behind no other."""

from __future__ import annotations

import pytest

from tests.e2e.told import fits

SENT, REFUSED = False, True


@pytest.mark.parametrize(
    ("got", "written", "right"),
    [
        (["ok", "bye"], [("ok", SENT), ("bye", SENT)], True),
        (["ok", "ok"], [("ok", SENT), ("ok", SENT)], True),
        (["bye"], [("ok", REFUSED), ("bye", SENT)], True),
        (["ok"], [("ok", REFUSED), ("ok", SENT)], True),
        # lost
        (["ok"], [("ok", SENT), ("ok", SENT)], False),
        ([], [("ok", REFUSED), ("ok", SENT)], False),
        # twice
        (["ok", "ok"], [("ok", SENT)], False),
        (["ok", "ok"], [("ok", SENT), ("ok", REFUSED)], False),
        # refused, and there all the same
        (["ok"], [("ok", REFUSED)], False),
        # out of order
        (["bye", "ok"], [("ok", SENT), ("bye", SENT)], False),
        # written by nobody
        (["ok", "eh"], [("ok", SENT)], False),
    ],
)
def test_replies_are_accounted_for_one_by_one(
    got: list[str], written: list[tuple[str, bool]], right: bool
) -> None:
    """Each text that arrived is one that was written, in its place."""
    assert fits(got, written) is right


@pytest.mark.parametrize(
    ("got", "asked", "right"),
    [
        (["ok", "ok"], 1, True),
        (["ok", "ok"], 0, False),
        (["ok", "ok", "ok"], 1, False),
        (["ok", "ok", "ok", "ok"], 9, False),
    ],
)
def test_what_was_asked_about_may_have_arrived(got: list[str], asked: int, right: bool) -> None:
    """As often as a person was asked, and each at most once."""
    assert fits(got, [("ok", REFUSED), ("ok", SENT), ("ok", REFUSED)], asked) is right
