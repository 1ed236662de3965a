"""Tokens of the Booking.com stand-in."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from tests.sandbox.messaging.side import NOON, Side


def _claims(token: str) -> dict[str, object]:
    part = token.split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


async def test_the_answer_has_a_token_and_no_lifetime(side: Side) -> None:
    """Top level ``jwt`` and ``ruid``, no envelope; the lifetime is in the claims."""
    answer = (await side.log_in()).json()
    claims = _claims(answer["jwt"])

    assert set(answer) == {"jwt", "ruid"}
    assert claims["exp"] == int(NOON.timestamp()) + 3600
    assert claims["iat"] == int(NOON.timestamp())
    assert (claims["iss"], claims["aud"]) == ("urn://connectivity-modern-auth/v1", "")
    assert [type(claims[key]) for key in ("test", "machine_account_id", "provider_id")] == [str] * 3


async def test_wrong_credentials_are_refused(side: Side) -> None:
    """Neither a wrong secret nor an unknown account gets a token."""
    assert (await side.log_in(secret="wrong")).status_code == 401


async def test_a_token_lasts_an_hour(side: Side) -> None:
    """It is good for 60 minutes and refused afterwards, until there is a new one."""
    side.passes(minutes=59)
    assert (await side.call("GET", "/messages/latest")).status_code == 200
    side.passes(minutes=1)
    assert (await side.call("GET", "/messages/latest")).status_code == 401
    await side.log_in()
    assert (await side.call("GET", "/messages/latest")).status_code == 200
    assert len(side.account.tokens) == 1


async def test_thirty_tokens_an_hour(side: Side) -> None:
    """The 31st token within an hour is refused."""
    statuses = [(await side.log_in()).status_code for _ in range(30)]
    assert statuses == [200] * 29 + [429]
    side.passes(hours=1)
    assert (await side.log_in()).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic aWQ6c2VjcmV0"])
async def test_no_call_without_a_token(side: Side, header: str) -> None:
    """Every endpoint asks for a token."""
    url = f"{side.base}/messaging/messages/latest"
    answer = await side.http.get(url, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["errors"] == [{"message": "Access denied"}]


@pytest.mark.parametrize(
    "path", ["messaging/messages/latest", "token-based-authentication/exchange"]
)
async def test_http_1_0_is_refused(side: Side, path: str) -> None:
    """All endpoints answer HTTP/1.0 with 426."""
    host, port = side.base.removeprefix("http://").removesuffix("/booking").split(":")
    method = "POST" if "exchange" in path else "GET"
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"{method} /booking/{path} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
    line = await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()

    assert b" 426 " in line


async def test_the_wire_log_holds_no_credentials(side: Side) -> None:
    """Neither secrets nor tokens are kept; bodies are."""
    await side.post("Welcome")
    kept = json.dumps(list(side.booking.wire))

    assert "Welcome" in kept
    assert "secret" not in kept
    assert side.token not in kept
