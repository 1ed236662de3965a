"""The queues: order, one in flight per conversation, ends, rescue."""

from __future__ import annotations

from sqlalchemy import select

from bridgebot.store import conversations, inbox, leases, outbox, queues
from bridgebot.store.database import Store
from bridgebot.store.rows import InboxRow, OutboxRow
from bridgebot.store.schema import inbox as inbox_table
from bridgebot.store.schema import outbox as outbox_table
from tests.store.build import ROOT, captured, conversation, event, queued, read_conversation

ME = "host:1:aa"


async def _claim(store: Store, now: int = 10, owner: str = ME) -> list[InboxRow]:
    return list(await store.write(lambda c: inbox.claim(c, owner=owner, now=now, limit=10)))


async def _claim_replies(store: Store, now: int = 10) -> list[OutboxRow]:
    return list(await store.write(lambda c: outbox.claim(c, owner=ME, now=now, limit=10)))


async def _finish(store: Store, row: InboxRow, state: str, owner: str = ME) -> bool:
    return await store.write(
        lambda c: queues.finish(c, inbox_table, row.id, owner=owner, state=state, now=20, due_at=20)
    )


async def test_the_oldest_open_row_of_each_conversation_is_claimed(store: Store) -> None:
    """A claim takes one row of each conversation, the oldest."""
    first, second = await conversation(store, "c1"), await conversation(store, "c2", thread="2.0")
    for name, where in (("a", first), ("b", first), ("c", second)):
        await queued(store, where, name)

    claimed = await _claim(store)

    assert [row.message.message_id for row in claimed if row.message] == ["a", "c"]
    assert await _claim(store) == []


async def test_conversations_take_turns(store: Store) -> None:
    """One with a long backlog does not keep another waiting that came later."""
    first, second = await conversation(store, "c1"), await conversation(store, "c2", thread="2.0")
    for name in ("a", "b"):
        await queued(store, first, name)
    (row,) = await _claim(store, now=10)
    await _finish(store, row, "completed")
    await queued(store, second, "c")

    claimed = await _claim(store, now=20)

    assert [each.message.message_id for each in claimed if each.message] == ["c", "b"]


async def test_an_attempt_that_is_given_back_late_is_not_the_next_one(store: Store) -> None:
    """Its end was on disk after all, although its answer was lost, and the row is in hand again."""
    await queued(store, await conversation(store), "a")
    (first,) = await _claim(store, now=10)
    await store.write(
        lambda c: queues.finish(
            c, inbox_table, first.id, owner=ME, state="retryable", now=20, due_at=30
        )
    )
    (second,) = await _claim(store, now=40)
    for row, state in ((first, "executing"), (second, "uncertain")):
        await store.write(
            lambda c, row=row: queues.give_back(c, inbox_table, row, owner=ME, due_at=99)  # type: ignore[misc]
        )
        found = await store.read(lambda c: c.execute(select(inbox_table.c.state)))
        assert found.scalar_one() == state


async def test_a_failing_row_holds_back_its_own_conversation_only(store: Store) -> None:
    """While one row waits for its next attempt, its successor waits and others go on."""
    first, second = await conversation(store, "c1"), await conversation(store, "c2", thread="2.0")
    for name, where in (("a", first), ("b", first)):
        await queued(store, where, name)
    (row,) = await _claim(store)
    await store.write(
        lambda c: queues.finish(
            c, inbox_table, row.id, owner=ME, state="retryable", now=20, due_at=1000
        )
    )
    await queued(store, second, "c")

    claimed = await _claim(store, now=30)

    assert [each.message.message_id for each in claimed if each.message] == ["c"]
    later = await _claim(store, now=1000)
    assert [each.message.message_id for each in later if each.message] == ["a"]
    assert later[0].attempts == 2


async def test_an_end_counts_only_while_the_row_is_still_ours(store: Store) -> None:
    """A node whose row was taken over cannot write down its late answer."""
    await queued(store, await conversation(store), "a")
    (row,) = await _claim(store)
    await store.write(lambda c: queues.rescue(c, inbox_table, 15))

    assert await _finish(store, row, "completed") is False
    assert await store.write(lambda c: queues.hold(c, inbox_table, row.id, "other:2:bb"))
    assert await _finish(store, row, "completed", owner="other:2:bb") is True


async def test_rescue_leaves_the_rows_of_living_nodes_alone(store: Store) -> None:
    """Only what a dead node was executing becomes uncertain."""
    await queued(store, await conversation(store), "a")
    (row,) = await _claim(store)
    await store.write(lambda c: leases.take(c, f"node:{ME}", owner=ME, now=10))

    assert await store.write(lambda c: queues.rescue(c, inbox_table, 20, leased_at=20)) == 0
    later = 20 + leases.LEASE_MS
    assert await store.write(lambda c: queues.rescue(c, inbox_table, later, leased_at=later)) == 1
    due = await store.read(lambda c: queues.due_uncertain(c, inbox_table, later, 5))
    assert list(due) == [row.id]


async def test_replies_are_claimed_in_the_order_they_were_written(store: Store) -> None:
    """Replies go by their ts, whatever the order they arrived in."""
    await conversation(store)
    await captured(store, "1700000003.000000", text="third")
    await captured(store, "1700000001.000000", text="first")

    (row,) = await _claim_replies(store)

    assert row.content == "first"
    assert await _claim_replies(store) == []


async def test_an_undecided_message_holds_back_those_written_after_it(store: Store) -> None:
    """What is not decided yet may be a reply, so later ones wait."""
    await conversation(store)
    await captured(store, "1700000001.000000", decided=False)
    await captured(store, "1700000002.000000")

    assert await _claim_replies(store) == []


async def test_a_message_from_before_its_thread_was_known_holds_back_too(store: Store) -> None:
    """While the root's answer is lost a message is kept without its conversation."""
    row_id = await conversation(store, thread=None)
    await captured(store, "1700000001.000000", decided=False)
    await store.write(lambda c: conversations.bind_thread(c, row_id, "C1", ROOT))
    await captured(store, "1700000002.000000")

    assert await _claim_replies(store) == []


async def test_an_uncertain_reply_holds_back_even_an_older_one(store: Store) -> None:
    """While it is not known whether a reply went out, none of its conversation goes."""
    await conversation(store)
    await captured(store, "1700000002.000000")
    (row,) = await _claim_replies(store)
    await store.write(
        lambda c: queues.finish(
            c, outbox_table, row.id, owner=ME, state="uncertain", now=20, due_at=20
        )
    )
    await captured(store, "1700000001.000000")

    assert await _claim_replies(store, now=30) == []


async def test_a_staff_message_is_captured_once(store: Store) -> None:
    """The same event delivered again makes no second row."""
    await conversation(store)
    kept = [
        await store.write(
            lambda c: outbox.capture(c, event("1700000001.000000"), now=1, ours=False)
        )
        for _ in range(2)
    ]

    assert [each is not None for each in kept] == [True, False]


async def test_talk_in_a_thread_that_is_not_ours_is_not_kept(store: Store) -> None:
    """A message in somebody else's thread is kept only under a root the bot wrote."""
    other = event("1700000001.000000", thread="1699999999.000000")

    assert not await store.write(lambda c: outbox.capture(c, other, now=1, ours=False))
    assert await store.write(lambda c: outbox.capture(c, other, now=1, ours=True))


async def test_an_edit_in_time_is_decided_anew(store: Store) -> None:
    """An edited reply that has not gone out is undecided again, with the new text."""
    await conversation(store)
    await captured(store, "1700000001.000000", text="Helo")
    edited = event("1700000001.000000", text="Hello")

    assert await store.write(lambda c: outbox.edit(c, "C1", "1700000001.000000", edited, now=5))
    (row,) = await store.read(lambda c: outbox.undecided(c, now=5, limit=5))
    assert row.event["text"] == "Hello"


async def test_a_decision_on_an_old_text_does_not_count(store: Store) -> None:
    """A decision made on the text before an edit is dropped."""
    await conversation(store)
    await captured(store, "1700000001.000000", decided=False, text="Helo")
    (row,) = await store.read(lambda c: outbox.undecided(c, now=5, limit=5))
    edited = event("1700000001.000000", text="Hello")
    await store.write(lambda c: outbox.edit(c, "C1", row.ts, edited, now=5))

    settled = await store.write(
        lambda c: outbox.settle(c, row, event=row.event, kind="reply", content="Helo")
    )

    assert settled is False


async def test_neither_edit_nor_deletion_reaches_a_reply_that_is_out(store: Store) -> None:
    """Once an attempt has begun, a change comes too late."""
    await conversation(store)
    await captured(store, "1700000001.000000")
    await _claim_replies(store)

    ts, edited = "1700000001.000000", event("1700000001.000000", text="x")
    assert not await store.write(lambda c: outbox.edit(c, "C1", ts, edited, now=5))
    assert not await store.write(lambda c: outbox.cancel(c, "C1", ts, now=5))
    assert await store.read(lambda c: outbox.gone_out(c, "C1", ts)) is not None


async def test_channels_whose_turn_is_yet_to_come_are_left_out(store: Store) -> None:
    """A claim can leave channels out, so that a slow one does not take all places."""
    await queued(store, await conversation(store), "a")

    claimed = await store.write(
        lambda c: inbox.claim(c, owner=ME, now=10, limit=5, skip_channels=["C1"])
    )

    assert claimed == ()


async def test_a_channel_is_given_no_more_than_it_has_room_for(store: Store) -> None:
    """What is behind that, of other channels, is taken instead, and the rest by a later claim."""
    for number in range(6):
        channel = "C1" if number < 4 else "C2"
        row_id = await conversation(store, f"c{number}", channel=channel, thread=None)
        await queued(store, row_id, f"m{number}", at=number)
    ahead = queues.Ahead()

    async def claim() -> list[str]:
        rows = await store.write(
            lambda c: inbox.claim(
                c, owner=ME, now=10, limit=4, room={"C1": 1, "C2": 9}.__getitem__, ahead=ahead
            )
        )
        return [str(row.message and row.message.message_id) for row in rows]

    assert [await claim() for _ in range(4)] == [["m0", "m4", "m5"], ["m1"], ["m2"], ["m3"]]


async def test_a_lease_has_one_owner_until_it_expires(store: Store) -> None:
    """A second node gets a lease only after the first one's time is over."""

    async def take(owner: str, now: int) -> bool:
        return await store.write(lambda c: leases.take(c, "queue:booking", owner=owner, now=now))

    assert await take("a", 0)
    assert not await take("b", leases.LEASE_MS - 1)
    assert await take("a", leases.LEASE_MS - 1)
    assert not await take("b", leases.LEASE_MS + 1)
    assert await take("b", 2 * leases.LEASE_MS)
    assert not await take("a", 2 * leases.LEASE_MS)


async def test_a_lease_that_ran_out_is_renewed_only_if_nobody_took_it(store: Store) -> None:
    """A slow node may go on where it stayed alone, and not where another has begun."""

    async def extend(owner: str, now: int) -> bool:
        return await store.write(lambda c: leases.extend(c, "queue:booking", owner=owner, now=now))

    late = 3 * leases.LEASE_MS
    await store.write(lambda c: leases.take(c, "queue:booking", owner="a", now=0))
    assert await extend("a", late)
    assert not await extend("b", late)
    await store.write(lambda c: leases.take(c, "queue:booking", owner="b", now=3 * late))
    assert not await extend("a", 3 * late)


async def test_reading_a_conversation_back(store: Store) -> None:
    """A conversation bound to its thread stays bound to it."""
    row_id = await conversation(store)

    row = await read_conversation(store, row_id)

    assert (row.channel, row.thread_ts) == ("C1", "1700000000.000100")


async def test_pictures_follow_their_message_and_can_step_aside(store: Store) -> None:
    """They come before the next message; one that waits for another attempt lets others pass."""
    where = await conversation(store)
    await queued(store, where, "a", pictures=("p1", "p2"))
    await queued(store, where, "b")
    (text,) = await _claim(store)
    await _finish(store, text, "completed")
    (first,) = await _claim(store)
    assert first.picture is not None
    assert (first.picture["picture"], first.picture["count"]) == ("p1", 2)
    later = {"state": "retryable", "due_at": 99, "aside": True}
    await store.write(
        lambda c: queues.finish(c, inbox_table, first.id, owner=ME, now=20, **later)  # type: ignore[arg-type]
    )

    (second,) = await _claim(store, now=20)
    assert second.picture is not None
    assert second.picture["picture"] == "p2"
    await _finish(store, second, "completed")
    (message,) = await _claim(store, now=30)
    assert message.message is not None
    await _finish(store, message, "completed")
    (again,) = await _claim(store, now=99)
    assert (again.id, again.aside) == (first.id, True)
