"""Root cards: drawn where they would look different, and a burst once."""

from __future__ import annotations

from sqlalchemy import Text, cast, update

from bridgebot.store import conversations
from bridgebot.store.rows import ConversationRow
from bridgebot.store.schema import conversations as table
from bridgebot.workers.cards import card_of, digest
from bridgebot.workers.presenter import AT_ONCE, CARDS_MS
from tests.e2e.world import GUESTS
from tests.workers.desk import Node, Office


async def _opened(office: Office, node: Node) -> ConversationRow:
    """Store a conversation and open its thread, as the poster does."""
    row = await office.guest(node)
    card = card_of(row, node.context)
    ts = await node.gateway.post(GUESTS, card.text, blocks=card.blocks)
    await node.context.store.write(
        lambda c: conversations.bind_thread(
            c, row.id, GUESTS, ts, shown=row.card_wanted, drawn=digest(card)
        )
    )
    return row


async def _read(node: Node, row: ConversationRow) -> ConversationRow:
    return await node.context.store.peek(lambda c: conversations.get(c, row.id))


async def test_a_card_that_would_look_the_same_is_not_drawn(office: Office) -> None:
    """A guest who waits already and writes again changes nothing that it shows."""
    node = await office.node()
    row = await _opened(office, node)
    drawn = (await _read(node, row)).card_drawn
    await office.guest(node, text="And a cot, please.")

    await node.work()

    after = await _read(node, row)
    assert after.card_shown == after.card_wanted > row.card_wanted
    assert after.card_drawn == drawn


async def test_a_card_that_changed_is_drawn_in_the_end(office: Office) -> None:
    """What comes within a second of another card waits for its end, and is not forgotten."""
    node = await office.node()
    row = await _opened(office, node)
    await office.answer(node, row)
    await node.work()
    first = await _read(node, row)
    office.clock.seconds += 0.2
    await office.guest(node, text="One more thing.")

    await node.work()
    assert (await _read(node, row)).card_drawn == first.card_drawn
    office.clock.seconds += CARDS_MS / 1000
    await node.work()

    after = await _read(node, row)
    assert after.card_shown == after.card_wanted
    assert after.card_drawn not in {first.card_drawn, None}


async def test_a_card_is_drawn_again_after_a_lost_answer(office: Office) -> None:
    """It looks as it was drawn last, but nobody knows what Slack shows since."""
    node = await office.node()
    row = await _opened(office, node)
    await node.work()
    claimed = update(table).values(claimed_by="U0ANNA", card_wanted=table.c.card_wanted + 1)
    await node.context.store.write(lambda c: c.execute(claimed))
    office.clock.seconds += CARDS_MS / 1000
    office.world.slack.faults.add("chat.update", "drop_after")
    await node.work()
    root = (await _read(node, row)).thread_ts or ""
    assert "Claimed by" in str(office.world.slack.workspace.message(GUESTS, root))

    released = update(table).values(claimed_by=None, card_wanted=table.c.card_wanted + 1)
    await node.context.store.write(lambda c: c.execute(released))
    office.later(1)
    await node.work()

    assert "Claimed by" not in str(office.world.slack.workspace.message(GUESTS, root))


async def test_cards_that_slack_refuses_keep_no_other_waiting(office: Office) -> None:
    """However many they are, and however low their numbers."""
    node = await office.node()
    rows = [await office.guest(node, name=f"c{number}") for number in range(AT_ONCE + 5)]
    await node.context.store.write(
        lambda c: c.execute(
            update(table).values(channel="C0GONE", thread_ts=cast(table.c.id, Text))
        )
    )
    last = await office.guest(node, name="last")
    ts = await node.gateway.post(GUESTS, "the root")
    await node.context.store.write(lambda c: conversations.bind_thread(c, last.id, GUESTS, ts))
    assert last.id > rows[-1].id

    for _ in range(4):
        await node.work()
        office.clock.seconds += CARDS_MS / 1000

    assert (await _read(node, last)).card_drawn is not None
