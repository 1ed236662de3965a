"""The provider against the stand-in over HTTP, under every setting of what is not documented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridgebot.errors import ProviderError
from bridgebot.model import PropertyId, SenderKind
from bridgebot.sandbox.messaging.booking import Conversation
from tests.providers.side import C1, HOTEL, Side


async def test_the_queue_drains_by_fetch_and_confirm(side: Side) -> None:
    """Fetch, confirm, until nothing is left: each message came once."""
    sent = [side.booking.guest_writes("c1", f"message {number}") for number in range(130)]
    source = side.provider.source
    assert source is not None

    came: list[str] = []
    while (batch := await source.receive()).receipt:
        came += [each.message.message_id for each in batch.messages]
        await source.confirm(batch.receipt)

    assert came == sent
    assert not side.account.queue


async def test_a_fetch_removes_nothing(side: Side) -> None:
    """Until the confirm the same batch comes again."""
    side.booking.guest_writes("c1", "Hello")
    source = side.provider.source
    assert source is not None

    first, second = await source.receive(), await source.receive()

    assert [each.message for each in first.messages] == [each.message for each in second.messages]
    assert first.messages[0].message.sender is SenderKind.GUEST
    assert first.messages[0].conversation.guest_name == "Ada Example"


async def test_a_reply_is_posted_and_its_echo_carries_its_id(side: Side) -> None:
    """The answer names the message that comes back through the queue."""
    replies, source = side.provider.replies, side.provider.source
    assert replies is not None
    assert source is not None

    sent = await replies.send(property_id=HOTEL, conversation_id=C1, content="Welcome")

    (echo,) = (await source.receive()).messages
    assert echo.message.message_id == sent.message_id
    assert echo.message.sender is SenderKind.PROPERTY


async def test_a_closed_conversation_refuses_for_good(side: Side) -> None:
    """Whatever the status, a refusal surely did nothing and is permanent."""
    side.booking.set_access("c1", "read_only")
    replies = side.provider.replies
    assert replies is not None

    with pytest.raises(ProviderError) as caught:
        await replies.send(property_id=HOTEL, conversation_id=C1, content="Too late")

    assert caught.value.permanent
    assert caught.value.certain


async def test_a_conversation_is_read_whole_over_its_pages(side: Side) -> None:
    """120 messages of three pages come oldest first, none missing, none twice."""
    sent = [side.booking.guest_writes("c1", f"message {number}") for number in range(120)]
    history = side.provider.history
    assert history is not None

    transcript = await history.by_id(HOTEL, C1)
    found = await history.by_reference(HOTEL, "reservation", "931")

    assert sorted(each.message_id for each in transcript.messages) == sorted(sent)
    assert transcript.conversation.access == "read_write"
    assert found is not None
    assert found.conversation.conversation_id == "c1"


async def test_within_a_second_the_providers_order_stands(plain: Side) -> None:
    """A guest's time is cut to the second, and says nothing about an answer in the same one."""
    history = plain.provider.history
    assert history is not None
    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    times = iter([at + timedelta(milliseconds=each) for each in (100, 300, 700)])
    plain.booking.now = lambda: next(times)
    sent = [
        plain.booking.guest_writes("c1", "Hello?"),
        plain.booking.property_writes("c1", "Welcome"),
        plain.booking.guest_writes("c1", "One more thing"),
    ]
    plain.booking.now = lambda: at

    transcript = await history.by_id(HOTEL, C1)

    assert [each.message_id for each in transcript.messages] == sent


async def test_an_empty_conversation_is_read(side: Side) -> None:
    """Each new reservation has a conversation without messages."""
    history = side.provider.history
    assert history is not None

    assert (await history.by_id(HOTEL, C1)).messages == ()


async def test_a_propertys_conversations_are_walked(side: Side) -> None:
    """All conversations of three pages come once, the most recent activity first."""
    for number in range(2, 122):
        side.booking.add_conversation(Conversation(f"c{number}", HOTEL, None, str(number)))
    side.booking.guest_writes("c77", "Hello")
    history = side.provider.history
    assert history is not None

    walked = [each.conversation.conversation_id async for each in history.newest_first(HOTEL)]

    assert walked[0] == "c77"
    assert len(walked) == len(set(walked)) == 121


async def test_what_is_unknown_is_not_found_or_refused(side: Side) -> None:
    """An unknown reservation is None, or a refusal where the service says 403."""
    history = side.provider.history
    assert history is not None

    if side.booking.switches.unknown_status == 404:
        assert await history.by_reference(HOTEL, "reservation", "0") is None
        return
    with pytest.raises(ProviderError, match="403"):
        await history.by_reference(HOTEL, "reservation", "0")


async def test_too_many_requests_are_waited_out(side: Side) -> None:
    """A read that is told to slow down is made again."""
    side.stand_in.faults.add("messages.latest", "429", times=2)
    source = side.provider.source
    assert source is not None

    assert (await source.receive()).receipt == 0


async def test_a_foreign_property_is_forbidden(plain: Side) -> None:
    """403 names the property, not the account: permanent, and not a matter of the login."""
    history = plain.provider.history
    assert history is not None

    with pytest.raises(ProviderError) as caught:
        await history.by_id(PropertyId("1"), C1)

    assert (caught.value.code, caught.value.permanent, caught.value.auth) == (
        "forbidden",
        True,
        False,
    )


@pytest.mark.parametrize(
    ("kind", "certain", "permanent"),
    [
        ("429", True, False),
        ("401", True, False),
        ("403", True, True),
        ("500", False, False),
        ("503", False, False),
        ("html", False, False),
        ("drop_before", False, False),
        ("drop_after", False, False),
    ],
)
@pytest.mark.parametrize("call", ["send", "confirm"])
async def test_a_write_is_made_once_and_says_whether_it_happened(
    plain: Side, kind: str, certain: bool, permanent: bool, call: str
) -> None:
    """No failure of a write is repeated; only a 401 is tried once more with a new token."""
    endpoint = {"send": "conversations.post", "confirm": "messages.confirm"}[call]
    plain.stand_in.faults.add(endpoint, kind, times=9)  # type: ignore[arg-type]
    replies, source = plain.provider.replies, plain.provider.source
    assert replies is not None
    assert source is not None

    send = replies.send(property_id=HOTEL, conversation_id=C1, content="x")
    confirm = source.confirm(1)
    chosen, other = (send, confirm) if call == "send" else (confirm, send)
    other.close()

    with pytest.raises(ProviderError) as caught:
        await chosen

    assert (caught.value.certain, caught.value.permanent) == (certain, permanent)
    assert plain.stand_in.faults.struck == (2 if kind == "401" else 1)


async def test_a_token_is_kept_and_renewed_once_when_refused(plain: Side) -> None:
    """Many calls use one token; a refused one is renewed, and then the account is at fault."""
    source = plain.provider.source
    assert source is not None
    for _ in range(5):
        await source.receive()
    assert len(plain.account.exchanges) == 1

    plain.account.tokens.clear()
    await source.receive()
    assert len(plain.account.exchanges) == 2

    plain.account.tokens.clear()
    plain.account.client_secret = "another"
    with pytest.raises(ProviderError) as caught:
        await source.receive()
    assert caught.value.auth
    assert "BRIDGEBOT_BOOKING_CLIENT_SECRET" in str(caught.value)


async def test_access_that_is_off_is_said_in_words(plain: Side) -> None:
    """The probe tells where to switch the queue on."""
    plain.account.queue_enabled = False
    assert plain.provider.probe is not None

    with pytest.raises(ProviderError, match="Endpoint access"):
        await plain.provider.probe()


async def test_an_unreadable_entry_counts_and_is_kept(plain: Side) -> None:
    """An entry that cannot be read is counted and kept, and confirmed with the others."""
    plain.booking.queue_junk({"broken": True})
    plain.booking.guest_writes("c1", "Hello")
    source = plain.provider.source
    assert source is not None

    batch = await source.receive()

    assert (len(batch.messages), len(batch.unreadable), batch.receipt) == (1, 1, 2)
    assert not batch.mismatch
