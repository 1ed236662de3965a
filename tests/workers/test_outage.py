"""An outage is told once when it begins to matter, and once when it is over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from bridgebot.errors import ProviderError
from bridgebot.workers.encloser import Encloser
from bridgebot.workers.outage import Outage
from bridgebot.workers.relayer import Relayer
from tests.workers.bench import Bench, bench_on


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Give a store and a clock."""
    async with bench_on(tmp_path) as made:
        yield made


@pytest.mark.parametrize("provider", ["booking", "hostelmate"])
async def test_an_outage_is_told_once_and_closed(bench: Bench, provider: str) -> None:
    """One log line each way; one alert, after half a minute, that closes."""
    outage = Outage(bench.context(), provider)
    with capture_logs() as logs:
        for _ in range(10):
            await outage.failed(ProviderError("no answer", code="timeout"))
            await bench.clock.sleep(10)
        (alert,) = await bench.alerts()
        for _ in range(3):
            await outage.succeeded()

    assert [each["event"] for each in logs] == ["provider_away", "provider_back"]
    assert alert[0] == "provider_down"
    ((_, _, lines),) = await bench.alerts()
    assert "Over after 100 s" in lines


async def test_a_hiccup_is_no_outage(bench: Bench) -> None:
    """What passes within half a minute disturbs nobody."""
    outage = Outage(bench.context(), "booking")
    await outage.failed(ProviderError("no answer", code="timeout"))
    await bench.clock.sleep(20)
    await outage.failed(ProviderError("no answer", code="timeout"))
    await outage.succeeded()

    assert await bench.alerts() == []


async def test_an_alert_of_the_process_before_is_closed(bench: Bench) -> None:
    """Credentials are put right by a restart, which the alert must outlive to be closed."""
    refused = ProviderError("refused", code="http_401", auth=True)
    await Outage(bench.context(), "booking").failed(refused)
    assert "Over" not in (await bench.alerts())[0][2]

    await Outage(bench.context("host:2:b"), "booking").succeeded()

    assert "Over; what waited goes out now." in (await bench.alerts())[0][2]


async def test_a_reply_that_went_out_does_not_end_an_outage_of_the_queue(bench: Bench) -> None:
    """After a restart in the middle of it, the queue's alert is the queue's to close."""
    away = ProviderError("refused", code="http_401", auth=True)
    await Outage(bench.context(), "booking").failed(away)

    await Outage(bench.context("host:2:b"), "booking", inherits=False).succeeded()

    ((_, _, lines),) = await bench.alerts()
    assert "Over" not in lines


async def test_what_still_fails_is_told_again_where_another_said_it_is_over(bench: Bench) -> None:
    """Replies and queue were refused; replies go out again, the queue is still refused."""
    refused = ProviderError("refused", code="http_401", auth=True)
    queue = Outage(bench.context(), "booking")
    replies = Outage(bench.context(), "booking", inherits=False)
    for _ in range(2):
        await queue.failed(refused)
        await replies.failed(refused)
    assert len(await bench.alerts()) == 1

    await replies.succeeded()
    await queue.failed(refused)

    assert ["Over" in lines for _, _, lines in await bench.alerts()] == [True, False]


@pytest.mark.parametrize(("source", "inherits"), [(None, True), (object(), False)])
async def test_the_relayer_inherits_only_where_nothing_polls(
    bench: Bench, source: Any, inherits: bool
) -> None:
    """An account that is only notified has nobody else to end what stood before."""
    account = replace(bench.provider(), listing=None, source=source)
    context = bench.context("host:2:b", account)
    await Outage(bench.context(), account.name).failed(
        ProviderError("refused", code="http_401", auth=True)
    )
    relayer = Relayer(context, cast("Encloser", None))

    await relayer._let_in(account.name)

    ((_, _, lines),) = await bench.alerts()
    assert ("Over" in lines) is inherits
