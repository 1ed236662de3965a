"""Conversations: what is known, and the clock of the guest who waits."""

from __future__ import annotations

from bridgebot.model import PropertyId, SenderKind
from bridgebot.store import conversations, lookups
from bridgebot.store.database import Store
from tests.store.build import about, conversation, message, read_conversation


async def test_what_is_not_told_again_is_kept(store: Store) -> None:
    """A later message that names less does not take away what is known."""
    first = about("c1", guest_name="Ada Example", reference="123")
    await store.write(lambda c: conversations.ensure(c, first, channel="C1", now=1))

    row = await store.write(
        lambda c: conversations.ensure(c, about("c1", reference="456"), channel="C9", now=2)
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
