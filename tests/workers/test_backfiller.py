"""A backfill of several accounts that somebody asked for in Slack."""

from __future__ import annotations

from typing import Any, cast

import pytest

from bridgebot.errors import ProviderError
from bridgebot.model import Batch, ProviderName
from bridgebot.providers.base import Provider, Search
from bridgebot.slack.gateway import Gateway
from bridgebot.store import wishes
from bridgebot.store.database import Store
from bridgebot.store.rows import to_ms
from bridgebot.store.wishes import Wish
from bridgebot.workers.backfiller import PAUSE, Backfiller
from bridgebot.workers.context import Context, Routing
from tests.workers.bench import Clock


class Searched:
    """A search that counts how often it is asked, and may be away."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.asked = 0

    async def pages(self, **_asked: Any) -> Any:
        """Find nothing."""
        self.asked += 1
        if self.away:
            raise ProviderError("no answer from it", code="timeout")
        yield Batch()


class Told:
    """What was told to who asked."""

    def __init__(self) -> None:
        self.words: list[str] = []

    async def ephemeral(self, _channel: str, _user: str, words: str) -> None:
        """Take note."""
        self.words.append(words)


async def test_an_account_that_is_away_has_no_other_fetched_again(store: Store) -> None:
    """Those that are done stay done, also for the next process; who asked is told that it waits."""
    names = ("booking", "booking:lake", "booking:hill")
    searches = {name: Searched(away=name == "booking:lake") for name in names}
    told, clock = Told(), Clock()
    context = Context(
        store=store,
        owner="host:1:a",
        now=clock.now,
        chance=lambda: 0.0,
        routing=Routing(guests="C1", alerts="C2"),
        providers={
            name: Provider(
                name=ProviderName(name),
                label=name,
                poll_seconds=5.0,
                search=cast("Search", searches[name]),
            )
            for name in names
        },
    )
    asked_at = to_ms(clock.now())
    wish = Wish(text="2026-04-30", user="U1", channel="C1", asked_at=asked_at)
    await store.write(lambda c: wishes.wish(c, wish))

    def process() -> Backfiller:
        return Backfiller(context, cast("Gateway", told), posts_per_second=0)

    first = process()
    for _ in range(3):
        with pytest.raises(ProviderError):
            await first.step()
    once = searches["booking"].asked
    assert (once > 0, searches["booking:hill"].asked) == (True, once)
    assert told.words == ["no answer from it. It is tried again until it answers."]

    searches["booking:lake"].away = False
    second = process()
    await second.step()

    assert [searches[name].asked for name in ("booking", "booking:hill")] == [once, once]
    assert told.words[1].splitlines()[1:] == [f"{name}: 0 new, 0 known already." for name in names]
    assert await second.step() == PAUSE
