"""Conversations: what is known, and the clock of the guest who waits."""

from __future__ import annotations

from bridgebot.model import PropertyId, SenderKind
from bridgebot.store import conversations, inbox, lookups
from bridgebot.store.database import Store
from tests.store.build import ROOT, about, conversation, message, queued, read_conversation


async def test_what_is_not_told_again_is_kept(store: Store) -> None:
    """A later message that names less does not take away what is known."""
    first = about("c1", guest_name="Ada Example", reference="123")
    await store.write(lambda c: conversations.ensure(c, first, channel="C1", now=1))

    row = await store.write(
        lambda c: conversations.ensure(c, about("c1", reference="456"), channel="C1", now=2)
    )

    assert (row.about.guest_name, row.about.reference, row.channel) == ("Ada Example", "456", "C1")
    assert row.card_wanted == 1


async def test_a_message_is_stored_once(store: Store) -> None:
    """The provider's message id is the key, whatever else differs."""
    row = await read_conversation(store, await conversation(store))

    async def add() -> int | None:
        return await store.write(
            lambda c: conversations.add_message(c, row, message(), origin="guest", raw="{}", now=1)
        )

    assert await add() is not None
    assert await add() is None


async def test_the_clock_runs_from_the_first_unanswered_message(store: Store) -> None:
    """A guest waits since the first message after the last answer."""
    row_id = await conversation(store)
    for at in (200, 100, 300):
        await store.write(lambda c, at=at: conversations.note_guest(c, row_id, at))  # type: ignore[misc]

    row = await read_conversation(store, row_id)

    assert (row.awaiting_since, row.last_guest_at) == (100, 300)


async def test_an_answer_stops_the_clock(store: Store) -> None:
    """After an answer nobody waits, and messages from before it do not start the clock again."""
    row_id = await conversation(store)
    await store.write(lambda c: conversations.note_guest(c, row_id, 100))
    await store.write(lambda c: conversations.note_answer(c, row_id, 200, "slack:U1"))
    await store.write(lambda c: conversations.note_guest(c, row_id, 150))

    row = await read_conversation(store, row_id)

    assert (row.awaiting_since, row.last_answer_by) == (None, "slack:U1")


async def test_an_answer_given_before_a_newer_message_leaves_that_one_waiting(
    store: Store,
) -> None:
    """An answer that is noticed late does not count for what the guest wrote after it."""
    row_id = await conversation(store)
    row = await read_conversation(store, row_id)
    for name, at in (("m1", 100), ("m2", 300)):
        text = message(name, at=at)
        await store.write(
            lambda c, text=text: conversations.add_message(  # type: ignore[misc]
                c, row, text, origin="guest", raw="{}", now=1
            )
        )
        await store.write(lambda c, at=at: conversations.note_guest(c, row_id, at))  # type: ignore[misc]

    await store.write(lambda c: conversations.note_answer(c, row_id, 200, "elsewhere"))

    assert (await read_conversation(store, row_id)).awaiting_since == 300


async def test_an_unknown_property_that_is_learnt_moves_the_thread_before_it_opens(
    store: Store,
) -> None:
    """Until a thread is open, learning the property decides its channel."""
    unknown = about("c1")
    unknown = type(unknown)(provider=unknown.provider, conversation_id=unknown.conversation_id)
    await store.write(lambda c: conversations.ensure(c, unknown, channel="C1", now=1))

    row = await store.write(lambda c: conversations.ensure(c, about("c1"), channel="C2", now=1))

    assert (row.channel, row.about.property_id) == ("C2", PropertyId("p1"))


async def test_search_goes_by_reference_then_name_then_words(store: Store) -> None:
    """The narrowest thing that fits is what is found."""
    first = about("c1", guest_name="Ada Example", reference="123")
    row = await store.write(lambda c: conversations.ensure(c, first, channel="C1", now=1))
    text = message(text="Is there PARKING near 100%?")
    await store.write(
        lambda c: conversations.add_message(c, row, text, origin="guest", raw="{}", now=1)
    )

    for words in ("123", " #1 2-3 ", "ada", "parking", "100%"):
        found = await store.read(lambda c, w=words: lookups.search(c, w, limit=5))  # type: ignore[misc]
        assert [each.id for each in found] == [row.id]
    assert list(await store.read(lambda c: lookups.search(c, "_", limit=5))) == []


async def test_last_messages_come_oldest_first(store: Store) -> None:
    """The last messages are read in the order of a conversation."""
    row = await read_conversation(store, await conversation(store))
    for name, at in (("m1", 1), ("m2", 2), ("m3", 3)):
        text = message(name, at=at, sender=SenderKind.PROPERTY)
        await store.write(
            lambda c, text=text: conversations.add_message(  # type: ignore[misc]
                c, row, text, origin="elsewhere", raw="{}", now=1
            )
        )

    found = await store.read(lambda c: lookups.last_messages(c, row.id, limit=2))

    assert [each.message_id for each in found] == ["m2", "m3"]


async def test_a_conversation_with_a_thread_stays_where_it_is(store: Store) -> None:
    """Other settings move nothing that people already talk in."""
    row_id = await conversation(store)

    row = await store.write(lambda c: conversations.ensure(c, about("c1"), channel="C9", now=2))

    assert (row.id, row.channel, row.thread_ts) == (row_id, "C1", ROOT)


async def test_a_conversation_moves_only_while_nothing_is_on_its_way_into_its_thread(
    store: Store,
) -> None:
    """The first message decides; a root may be posted as soon as something was tried."""
    row_id = await conversation(store, thread=None)
    row = await store.write(lambda c: conversations.ensure(c, about("c1"), channel="C2", now=2))
    assert row.channel == "C2"

    await queued(store, row_id, "m1")
    row = await store.write(lambda c: conversations.ensure(c, about("c1"), channel="C3", now=2))
    assert row.channel == "C2"


async def test_a_property_that_is_learnt_late_moves_nothing_that_was_tried(store: Store) -> None:
    """The root may stand in the first channel already, its answer lost."""
    unknown = about("c1")
    unknown = type(unknown)(provider=unknown.provider, conversation_id=unknown.conversation_id)
    row = await store.write(lambda c: conversations.ensure(c, unknown, channel="C1", now=1))
    await queued(store, row.id, "m1")
    await store.write(lambda c: inbox.claim(c, owner="a", now=5, limit=5))

    row = await store.write(lambda c: conversations.ensure(c, about("c1"), channel="C2", now=6))

    assert row.channel == "C1"
    await store.write(lambda c: conversations.bind_thread(c, row.id, "C1", ROOT))
    assert (await read_conversation(store, row.id)).thread_ts == ROOT
