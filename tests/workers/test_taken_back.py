"""Texts that a provider redacted after they were shown are taken back in Slack."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.errors import SlackError
from bridgebot.slack.gateway import Gateway
from bridgebot.store.database import Store
from bridgebot.store.schema import conversations as table
from bridgebot.store.schema import inbox
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.presenter import AT_ONCE, Presenter
from tests.store.build import conversation, queued
from tests.workers.bench import Clock


class Barred:
    """A Slack that refuses one channel."""

    def __init__(self) -> None:
        self.updated: list[str] = []

    async def update(self, channel: str, ts: str, *_words: Any, **_blocks: Any) -> None:
        """Change a post, where the bot is a member."""
        if channel == "C0BARRED":
            raise SlackError("not a member", code="not_in_channel")
        self.updated.append(ts)


async def test_redactions_where_the_bot_is_not_keep_no_others_waiting(store: Store) -> None:
    """More of them than are listed at once stand before the one that can be taken back."""
    context = Context(
        store=store,
        owner="host:1:a",
        now=Clock().now,
        chance=lambda: 0.0,
        routing=Routing(guests="C1", alerts="C2"),
        providers={},
    )
    for number in range(AT_ONCE + 5):
        await _redacted(store, f"c{number}", "C0BARRED")
    await _redacted(store, "last", "C1")
    slack = Barred()
    presenter = Presenter(context, cast("Gateway", slack), undo=0.0, draw_alert=cast("Any", None))

    for _ in range(3):
        await presenter.step()

    assert slack.updated == ["last.5"]


async def _redacted(store: Store, name: str, channel: str) -> None:
    number = await conversation(store, name, thread=f"{name}.1")
    row = await queued(store, number, f"m-{name}")
    values = {"state": "completed", "posted": f'["{name}.5"]', "finished_at": 9, "stale": True}

    async def unit(connection: AsyncConnection) -> None:
        await connection.execute(update(inbox).where(inbox.c.message == row).values(**values))
        await connection.execute(
            update(table).where(table.c.id == number).values(channel=channel, card_wanted=0)
        )

    await store.write(unit)
