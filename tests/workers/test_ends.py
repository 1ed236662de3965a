"""What is written down when an attempt ends."""

from __future__ import annotations

from pathlib import Path

from bridgebot.bridge.delivery import Outcome, State, after_lookup
from bridgebot.store import outbox
from bridgebot.store.database import Store
from bridgebot.workers import ends
from bridgebot.workers.context import Context, Routing
from tests.store.build import captured, conversation, read_conversation
from tests.workers.bench import Clock


async def test_the_time_to_settle_runs_from_the_end_of_the_call(tmp_path: Path) -> None:
    """A call that took long, or waited for its turn, may take effect as long after its end."""
    store, clock = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db"), Clock()
    context = Context(
        store=store,
        owner="host:1:a",
        now=clock.now,
        chance=lambda: 0.0,
        routing=Routing(guests="C1", alerts="C2"),
        providers={},
    )
    about = await read_conversation(store, await conversation(store))
    row_id = await captured(store, "1700000005.000100")
    (row,) = await store.write(
        lambda c: outbox.claim(c, owner=context.owner, now=context.ms(), limit=1)
    )
    clock.seconds += 60

    lost = Outcome(state=State.UNCERTAIN, code="timeout")
    await store.write(lambda c: ends.record_reply(c, context, row, about, lost, None, called=True))

    (after,) = await store.read(lambda c: outbox.read(c, [row_id]))
    assert after.started_at == context.ms()
    clock.seconds += context.settle - 1
    age = (context.ms() - (after.started_at or 0)) / 1000
    looked = after_lookup(found=False, age=age, settle=context.settle, chance=0.0)
    assert looked.state is State.UNCERTAIN
    await store.close()
