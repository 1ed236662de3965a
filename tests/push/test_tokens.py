"""Tokens that we give: ours alone are taken, and only for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from bridgebot.push.tokens import ALGORITHM, AUDIENCE, ISSUER, LIFE, Subscription, subscription_of

NOW = datetime(2026, 5, 1, tzinfo=UTC)
OURS = Subscription(provider="booking", client_id="cns", secret="s" * 32)
OTHER = Subscription(provider="booking:two", client_id="cns2", secret="t" * 32)


def test_a_token_is_good_for_a_quarter_of_an_hour() -> None:
    """To the second, by the clock that gave it."""
    token = OURS.issue(NOW)

    assert OURS.accepts(token, NOW)
    assert OURS.accepts(token, NOW + LIFE - timedelta(seconds=1))
    assert not OURS.accepts(token, NOW + LIFE)


def test_each_account_has_its_own() -> None:
    """A token tells whose notifications come, and opens nobody else's."""
    token = OTHER.issue(NOW)

    assert subscription_of(token, (OURS, OTHER), lambda: NOW) is OTHER
    assert not OURS.accepts(token, NOW)
    assert not Subscription(provider="booking", client_id="cns", secret="n" * 32).accepts(
        OURS.issue(NOW), NOW
    )


def _claims(**more: Any) -> dict[str, Any]:
    until = int((NOW + LIFE).timestamp())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "booking", "iat": 0, "exp": until}
    return {key: value for key, value in (good | more).items() if value is not None}


FORGED = [
    jwt.encode(_claims(), "k" * 32, algorithm="HS256"),
    jwt.encode(_claims(), "", algorithm="none"),
    jwt.encode(_claims(), OURS._key() * 2, algorithm="HS512"),
    *(
        jwt.encode(_claims(**wrong), OURS._key(), algorithm=ALGORITHM)
        for wrong in (
            {"iss": "somebody"},
            {"aud": "something"},
            {"sub": "booking:two"},
            {"exp": None},
            {"exp": "soon"},
            {"exp": int(NOW.timestamp()) - 1},
            {"iat": None},
        )
    ),
    OURS.issue(NOW)[:-3],
    OURS.issue(NOW) + "x",
    "",
    ".",
    "..",
    "\0",
    "ü" * 9,
    "e30.e30.e30",
    "[" * 5000,
]


@pytest.mark.parametrize("token", FORGED, ids=range(len(FORGED)))
def test_what_is_not_ours_is_refused(token: str) -> None:
    """Another key, no signature, another algorithm, other claims, junk."""
    assert not OURS.accepts(token, NOW)


@pytest.mark.parametrize(
    ("client_id", "secret", "good"),
    [
        ("cns", "s" * 32, True),
        ("cns", "s" * 31, False),
        ("cns", "", False),
        ("", "s" * 32, False),
        ("CNS", "s" * 32, False),
        ("cns", "\ud800", False),
    ],
)
def test_credentials_are_compared_whole(client_id: str, secret: str, good: bool) -> None:
    """Both must be right, whatever signs they have."""
    assert OURS.is_named(client_id, secret) is good


def test_a_secret_is_not_in_what_is_printed() -> None:
    """Neither in a log line nor in a traceback's variables."""
    assert OURS.secret not in repr(OURS)
