"""Promises: kept while they are marked."""

from __future__ import annotations

from bridgebot.store import promises
from bridgebot.store.database import Store
from tests.store.build import captured, conversation


async def test_a_marked_reply_is_a_promise_until_the_mark_goes(store: Store) -> None:
    """Marking twice is one promise, and only a reply in a guest's thread can be one."""
    row_id = await conversation(store)
    await captured(store, "1700000001.000100", text="We will call you")

    async def mark(ts: str, user: str) -> bool:
        return await store.write(lambda c: promises.keep(c, channel="C1", ts=ts, user=user, now=5))

    assert await mark("1700000001.000100", "U1")
    assert await mark("1700000001.000100", "U2")
    assert not await mark("1700000009.000100", "U1")
    (promise,) = await store.read(lambda c: promises.standing(c, limit=10))
    assert (promise.conversation.id, promise.text, promise.user_id) == (
        row_id,
        "We will call you",
        "U1",
    )

    await store.write(lambda c: promises.forget(c, channel="C1", ts="1700000001.000100"))
    assert list(await store.read(lambda c: promises.standing(c, limit=10))) == []
