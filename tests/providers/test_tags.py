"""Tags against the stand-in, under every setting of what is not documented."""

from __future__ import annotations

import pytest

from bridgebot.errors import ProviderError
from bridgebot.model import ConversationId, MessageId
from bridgebot.providers.base import Tags
from tests.providers.side import C1, HOTEL, Side


def _tags(side: Side) -> Tags:
    assert side.provider.tags is not None
    return side.provider.tags


async def _needless(side: Side) -> bool | None:
    history = side.provider.history
    assert history is not None
    return (await history.by_id(HOTEL, C1)).conversation.no_reply_needed


async def test_no_reply_needed_is_set_read_and_removed(side: Side) -> None:
    """A conversation says nothing of the tag until it was set once."""
    assert await _needless(side) is None

    await _tags(side).no_reply_needed(HOTEL, C1, needless=True)
    assert await _needless(side) is True

    await _tags(side).no_reply_needed(HOTEL, C1, needless=False)
    assert await _needless(side) is False


async def test_messages_are_marked_read_for_the_property(side: Side) -> None:
    """The reader is a participant of the conversation, as its history names it."""
    message_id = MessageId(side.booking.guest_writes("c1", "Hello"))
    history = side.provider.history
    assert history is not None
    reader = (await history.by_id(HOTEL, C1)).conversation.property_participant_id
    assert reader is not None

    await _tags(side).mark_read(HOTEL, C1, [message_id], reader=reader)

    (message,) = side.booking.conversations["c1"].messages
    assert message.read_by == {reader}
    assert [each.message_id for each in (await history.by_id(HOTEL, C1)).messages] == [message_id]


async def test_who_has_read_a_message_is_told_by_its_conversation(side: Side) -> None:
    """In an entry behind the message or inside it; the list does not tell."""
    ours = side.booking.property_writes("c1", "Welcome", api=True)
    side.booking.guest_reads("c1")
    history = side.provider.history
    assert history is not None

    transcript = await history.by_id(HOTEL, C1)

    (message,) = transcript.messages
    assert (message.message_id, message.content) == (ours, "Welcome")
    assert message.read_by == (transcript.conversation.guest_participant_id,)


async def test_a_booking_request_takes_no_tag(side: Side) -> None:
    """Tagging is disabled until it is a reservation: refused for good."""
    side.booking.conversations["c1"].kind = "request_to_book"

    with pytest.raises(ProviderError) as caught:
        await _tags(side).no_reply_needed(HOTEL, C1, needless=True)

    assert caught.value.permanent
    assert caught.value.certain


async def test_an_unknown_conversation_is_refused(side: Side) -> None:
    """Whatever the status, it did nothing."""
    with pytest.raises(ProviderError) as caught:
        await _tags(side).no_reply_needed(HOTEL, ConversationId("c9"), needless=True)
    assert caught.value.permanent


@pytest.mark.parametrize("kind", ["500", "drop_after"])
async def test_a_tag_is_written_once(plain: Side, kind: str) -> None:
    """No write is repeated inside a call; setting it again later does no harm."""
    plain.stand_in.faults.add("tags.no_reply_needed", kind)  # type: ignore[arg-type]

    with pytest.raises(ProviderError) as caught:
        await _tags(plain).no_reply_needed(HOTEL, C1, needless=True)
    assert not caught.value.certain
    assert plain.stand_in.faults.struck == 1

    await _tags(plain).no_reply_needed(HOTEL, C1, needless=True)
    assert await _needless(plain) is True
