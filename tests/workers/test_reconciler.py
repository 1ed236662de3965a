"""Replies whose outcome is unknown, of several accounts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import func, select, update

from bridgebot.model import ConversationId, ProviderName, Transcript
from bridgebot.providers.base import History, Provider
from bridgebot.slack.gateway import Gateway
from bridgebot.store import conversations, outbox
from bridgebot.store.database import Store
from bridgebot.store.schema import alerts
from bridgebot.store.schema import outbox as table
from bridgebot.workers.context import Context
from bridgebot.workers.reconciler import Reconciler, reconcilers
from tests.store.build import about, event
from tests.workers.bench import Clock, bare_context

ACCOUNTS = ("booking", "booking:lake")


class Conversations:
    """One account's conversations: read at once, or not until it is let go on."""

    def __init__(self, *, hangs: bool) -> None:
        self.answers = asyncio.Event()
        if not hangs:
            self.answers.set()

    async def by_id(self, _hotel: str, name: str) -> Transcript:
        """Find nothing."""
        await self.answers.wait()
        return Transcript(conversation=about(name), messages=())


@pytest.fixture
async def context(store: Store) -> Context:
    """Give two accounts, each with a reply whose outcome is unknown, and one of a third account."""
    clock = Clock()
    for number, name in enumerate((*ACCOUNTS, "booking:gone"), start=1):
        await store.write(lambda c, name=name, number=number: _doubted(c, name, number))  # type: ignore[misc]
    return bare_context(
        store,
        clock,
        providers={
            name: Provider(
                name=ProviderName(name),
                label=name,
                poll_seconds=5.0,
                history=cast("History", Conversations(hangs=name != "booking")),
            )
            for name in ACCOUNTS
        },
    )


async def _doubted(connection: Any, name: str, number: int) -> None:
    made = replace(
        about(), provider=ProviderName(name), conversation_id=ConversationId(f"c{number}")
    )
    row = await conversations.ensure(connection, made, channel="C1", now=1)
    thread = f"170000000{number}.000100"
    await conversations.bind_thread(connection, row.id, "C1", thread)
    await outbox.capture(connection, event(f"{number}.1", thread=thread), now=1, ours=True)
    (reply,) = await outbox.undecided(connection, now=1, limit=9)
    await outbox.settle(connection, reply, event=reply.event, kind="reply", content="Yes", due_at=1)
    await connection.execute(
        update(table).where(table.c.id == reply.id).values(state="uncertain", started_at=1)
    )


async def _states(store: Store) -> list[str]:
    query = select(table.c.state).order_by(table.c.id)
    found = await store.read(lambda c: c.execute(query))
    return list(found.scalars())


def _by_name(context: Context) -> dict[str, Reconciler]:
    gateway = cast("Gateway", None)
    return {each.name: each for each in reconcilers(context, gateway, bot_id="B1")}


async def test_an_account_that_hangs_holds_up_no_other_accounts_look_up(context: Context) -> None:
    """Its own reply stays uncertain until it answers; the other one is settled."""
    mine = _by_name(context)
    lake = asyncio.create_task(mine["reconciler:outbox:booking:lake"].step())
    await asyncio.sleep(0)

    await mine["reconciler:outbox:booking"].step()
    assert await _states(context.store) == ["retryable", "uncertain", "uncertain"]

    cast("Any", context.providers["booking:lake"].history).answers.set()
    await lake
    assert await _states(context.store) == ["retryable", "retryable", "uncertain"]


async def test_replies_of_an_account_that_is_gone_are_asked_about(context: Context) -> None:
    """Nobody can look them up: a person is asked, once."""
    departed = _by_name(context)["reconciler:outbox:departed"]

    await departed.step()
    await departed.step()

    query = select(func.count()).where(alerts.c.kind == "uncertain")
    assert (await context.store.read(lambda c: c.execute(query))).scalar_one() == 1
    assert await _states(context.store) == ["uncertain"] * 3
