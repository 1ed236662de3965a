"""What is written down when an attempt ends."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, update

from bridgebot.bridge.delivery import Outcome, State, after_lookup
from bridgebot.model import MessageId, Sent
from bridgebot.store import corrections, outbox
from bridgebot.store.database import Store
from bridgebot.store.schema import conversations, inbox
from bridgebot.workers import ends
from tests.store.build import captured, conversation, event, read_conversation
from tests.workers.bench import Clock, bare_context


async def test_the_time_to_settle_runs_from_the_end_of_the_call(tmp_path: Path) -> None:
    """A call that took long, or waited for its turn, may take effect as long after its end."""
    store, clock = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db"), Clock()
    context = bare_context(store, clock)
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
    looked = after_lookup(found=False, age=age, settle=context.settle, attempts=1, chance=0.0)
    assert looked.state is State.UNCERTAIN
    await store.close()


async def test_a_reply_edited_while_its_pictures_went_up_is_asked_about_in_its_new_words(
    tmp_path: Path,
) -> None:
    """They cannot go, so nothing was sent: the new words are decided about, in one question."""
    store, clock = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db"), Clock()
    context = bare_context(store, clock)
    about = await read_conversation(store, await conversation(store))
    ts = "1700000005.000100"
    row_id = await captured(store, ts, text="Room 12")
    (row,) = await store.write(
        lambda c: outbox.claim(c, owner=context.owner, now=context.ms(), limit=1)
    )
    edited = event(ts, text="Room 14")
    assert await store.write(lambda c: corrections.offer(c, edited))

    assert await store.write(
        lambda c: ends.hold_reply(
            c, context, row, about, wrong=["a.pdf is no picture"], kept=[], refused=False
        )
    )

    (after,) = await store.read(lambda c: outbox.undecided(c, now=context.ms(), limit=9))
    assert (after.id, after.state, after.content) == (row_id, "available", None)
    assert after.event == edited
    notices = await store.read(lambda c: c.execute(select(inbox.c.notice)))
    assert notices.all() == []
    assert not await store.write(
        lambda c: corrections.take(c, row_id, "1700000009.000100", now=context.ms())
    )
    await store.close()


async def test_a_reply_edited_on_its_way_goes_out_in_its_new_words(tmp_path: Path) -> None:
    """It surely did not arrive: the guest never reads the old ones."""
    store, clock = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db"), Clock()
    context = bare_context(store, clock)
    about = await read_conversation(store, await conversation(store))
    ts = "1700000005.000100"
    await captured(store, ts, text="Room 12")
    (row,) = await store.write(
        lambda c: outbox.claim(c, owner=context.owner, now=context.ms(), limit=1)
    )
    edited = event(ts, text="Room 14")
    await store.write(lambda c: corrections.offer(c, edited))
    refused = Outcome(state=State.RETRYABLE, delay=30.0, code="http_503")

    assert await store.write(
        lambda c: ends.record_reply(c, context, row, about, refused, None, called=True)
    )

    now = context.ms()
    assert not await store.read(lambda c: outbox.undecided(c, now=now + 29_000, limit=9))
    (after,) = await store.read(lambda c: outbox.undecided(c, now=now + 30_000, limit=9))
    assert (after.state, after.content, after.event) == ("available", None, edited)
    await store.close()


async def test_a_conversation_that_takes_a_reply_is_not_read_only(tmp_path: Path) -> None:
    """It was closed once; one that was tried again has arrived, so the next is not refused here."""
    store, clock = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db"), Clock()
    context = bare_context(store, clock)
    number = await conversation(store)
    await store.write(lambda c: c.execute(update(conversations).values(access="read_only")))
    about = await read_conversation(store, number)
    await captured(store, "1700000005.000100")
    (row,) = await store.write(
        lambda c: outbox.claim(c, owner=context.owner, now=context.ms(), limit=1)
    )

    done, sent = Outcome(state=State.COMPLETED), Sent(message_id=MessageId("m9"))
    await store.write(lambda c: ends.record_reply(c, context, row, about, done, sent, called=True))

    assert (await read_conversation(store, number)).about.access == "read_write"
    await store.close()


async def test_a_reply_that_was_edited_and_then_deleted_on_its_way_is_not_asked_about(
    tmp_path: Path,
) -> None:
    """It surely did not arrive: what was deleted is not decided about anew."""
    store, clock = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db"), Clock()
    context = bare_context(store, clock)
    about = await read_conversation(store, await conversation(store))
    ts = "1700000005.000100"
    row_id = await captured(store, ts, text="Room 12")
    (row,) = await store.write(
        lambda c: outbox.claim(c, owner=context.owner, now=context.ms(), limit=1)
    )
    await store.write(lambda c: corrections.offer(c, event(ts, text="Room 14")))
    (edited,) = await store.read(lambda c: outbox.read(c, [row_id]))
    await store.write(lambda c: outbox.note_deleted(c, edited))
    refused = Outcome(state=State.RETRYABLE, code="http_503")

    await store.write(lambda c: ends.record_reply(c, context, row, about, refused, None))

    assert not await store.read(lambda c: outbox.undecided(c, now=context.ms(), limit=9))
    (after,) = await store.read(lambda c: outbox.read(c, [row_id]))
    assert (after.state, after.event[outbox.GONE]) == ("retryable", True)
    await store.close()
