"""The health endpoints."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import httpx
import pytest
from aiohttp import web

from bridgebot.errors import BridgebotError
from bridgebot.health import Health, make_health_app, serve
from bridgebot.store.leases import LEASE_MS
from bridgebot.vitals import NO_LEASE, Vitals
from bridgebot.workers.context import Pulse

if TYPE_CHECKING:
    from bridgebot.slack.socket import Socket
    from bridgebot.workers.context import Context
    from bridgebot.workers.selfcheck import SelfCheck


def _health(**change: object) -> Health:
    values: dict[str, object] = {
        "slack_connected": True,
        "last_poll_ok": 1.0,
        "poll_limit": 10.0,
        **change,
    }
    return Health(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "is_ready"),
    [
        ({}, True),
        ({"slack_connected": False}, False),
        ({"last_poll_ok": 10.5}, False),
        ({"last_poll_ok": None}, False),
        # another node polls
        ({"last_poll_ok": None, "standby": True}, True),
        ({"problems": ("disk nearly full",)}, False),
    ],
)
def test_when_a_process_is_ready(change: dict[str, object], is_ready: bool) -> None:
    """Not ready has a reason in words."""
    assert (_health(**change).reasons() == []) is is_ready


def test_a_node_that_is_cut_off_from_its_database_is_not_ready() -> None:
    """Nor is one that stands by: nobody else does for it what Slack tells it."""
    seconds = 0.0
    pulse = Pulse(lambda: seconds)
    parts = SimpleNamespace(pulse=pulse, connected=True, problems=())
    vitals = Vitals(
        context=cast("Context", parts),
        socket=cast("Socket", parts),
        pollers=(),
        selfcheck=cast("SelfCheck", parts),
        started=datetime.now(UTC),
    )
    pulse.beat(0.0)
    assert vitals.health().reasons() == []

    seconds = LEASE_MS / 1000

    assert vitals.health().reasons() == [NO_LEASE]


async def _no_metrics() -> bytes:
    return b""


async def _port(app: web.Application) -> tuple[web.AppRunner, int]:
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, int(runner.addresses[0][1])


async def test_both_endpoints_answer() -> None:
    """/healthz is 200 while the loop turns; /readyz says why not."""
    runner, port = await _port(make_health_app(lambda: _health(slack_connected=False), _no_metrics))

    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        alive, ready = await http.get("/healthz"), await http.get("/readyz")
    await runner.cleanup()

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json()["reasons"] == ["Slack is not connected"]


async def test_a_port_that_is_taken_is_said_in_words() -> None:
    """The message names the setting and the remedy."""
    runner, port = await _port(web.Application())

    with pytest.raises(BridgebotError, match="BRIDGEBOT_HTTP_BIND"):
        async with serve(web.Application(), f"127.0.0.1:{port}"):
            pass
    await runner.cleanup()


async def test_an_empty_address_serves_nothing() -> None:
    """Health endpoints can be switched off."""
    async with serve(web.Application(), ""):
        pass
