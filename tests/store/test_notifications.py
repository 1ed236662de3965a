"""Notifications are kept until they are taken in; several sources give each message once."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import Batch, Received, SenderKind
from bridgebot.store import notifications
from bridgebot.store.database import Store
from bridgebot.store.rows import to_ms
from bridgebot.store.schema import inbox, messages, outbox
from bridgebot.store.schema import notifications as table
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.intake import Manner, Stored, store_batch
from tests.store.build import BOOKING, about, captured, conversation, message, now


async def _keep(store: Store, key: str, body: str | None = "{}", provider: str = "booking") -> bool:
    return await store.write(
        lambda c: notifications.keep(c, provider=provider, key=key, kind="k", body=body, now=5)
    )


async def _count(store: Store, what: object) -> int:
    query = select(func.count()).select_from(what)  # type: ignore[arg-type]

    async def read(connection: AsyncConnection) -> int:
        return int((await connection.execute(query)).scalar_one())

    return await store.read(read)


async def test_a_notification_is_kept_once_until_it_is_taken_in(store: Store) -> None:
    """Known by its key within an account; without a body it is only remembered."""
    assert [await _keep(store, "u1 m1", '{"a": 1}'), await _keep(store, "u1 m1")] == [True, False]
    assert [await _keep(store, "u2", None), await _keep(store, "u2", None)] == [True, False]
    assert await _keep(store, "u1 m1", provider="booking:two")

    (kept,) = await store.read(lambda c: notifications.waiting(c, "booking", 10))
    assert (kept.body, kept.received_at) == ('{"a": 1}', 5)
    await store.write(lambda c: notifications.settle(c, [kept.id], now=7))

    assert await store.read(lambda c: notifications.waiting(c, "booking", 10)) == []
    assert await _keep(store, "u1 m1") is False
    await store.write(lambda c: notifications.forget(c, before=8))
    assert await _count(store, table) == 1


def _context(store: Store, owner: str) -> Context:
    return Context(
        store=store,
        owner=owner,
        now=now,
        chance=lambda: 0.5,
        routing=Routing(guests="C1", alerts="C2"),
        providers={},
    )


async def _take(store: Store, owner: str, *received: Received, **manner: int) -> Stored:
    batch, context = Batch(messages=received), _context(store, owner)
    return await store.write(
        lambda c: store_batch(c, context, BOOKING, batch, Manner(**manner))  # type: ignore[arg-type]
    )


def _received(name: str, *, text: str = "Hello", history: bool = False, **more: object) -> Received:
    told = message(name, at=to_ms(now()), text=text, **more)  # type: ignore[arg-type]
    return Received(conversation=about(), message=told, raw="{}", history=history)


async def test_two_nodes_that_bring_the_same_messages_show_each_once(
    store: Store, address: str
) -> None:
    """One by the queue, the other by conversations, in the same moment and in another order."""
    names = [f"m{number}" for number in range(20)]
    other = await Store.open(address)
    try:
        for _ in range(3):
            await asyncio.gather(
                _take(store, "a", *map(_received, names)),
                _take(other, "b", *map(_received, names[::-1]), waits_from=0),
                *(_take(other, "c", _received(name)) for name in names[:5]),
            )
    finally:
        await other.close()

    assert (await _count(store, messages), await _count(store, inbox)) == (20, 20)


async def test_an_echo_that_comes_by_every_source_is_no_message(store: Store) -> None:
    """Three sources bring our own words before the answer to our post; then the reply is known."""
    await conversation(store)
    row = await captured(store, "1700000001.000100", text="Welcome")
    await store.write(
        lambda c: c.execute(
            outbox.update()
            .where(outbox.c.id == row)
            .values(state="uncertain", started_at=to_ms(now()))
        )
    )
    echo = _received("m1", text="Welcome", sender=SenderKind.PROPERTY)

    counts = [await _take(store, "a", echo) for _ in range(3)]

    assert [(each.echoes, each.duplicates, each.shown) for each in counts] == [
        (1, 0, 0),
        (0, 1, 0),
        (0, 1, 0),
    ]
    assert await _count(store, inbox) == 0
    state = await store.read(lambda c: c.scalar(select(outbox.c.state).where(outbox.c.id == row)))
    assert state == "completed"


async def test_what_another_source_knew_as_history_is_not_shown_by_a_third(store: Store) -> None:
    """Kept is kept: words of before do not appear because the source was changed."""
    await _take(store, "a", _received("m1", history=True))

    again = await _take(store, "a", _received("m1"), _received("m2"))

    assert (again.duplicates, again.shown) == (1, 1)
    newest = await store.read(lambda c: notifications.newest_message(c, "booking"))
    assert newest == to_ms(now())
    assert await store.read(lambda c: notifications.newest_message(c, "hostelmate")) is None
    early = to_ms(now())
    before = await store.read(lambda c: notifications.newest_message(c, "booking", before=early))
    assert before is None
