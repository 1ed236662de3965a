"""What every provider must keep, whoever it speaks to; see ``docs/providers.md``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bridgebot.errors import ProviderError
from bridgebot.model import ConversationId, SenderKind
from bridgebot.sandbox.messaging.faults import Kind
from tests.providers.contract import ACCOUNTS, SECRET, Account, account_at, always


@pytest.fixture(params=sorted(ACCOUNTS))
async def account(request: pytest.FixtureRequest) -> AsyncIterator[Account]:
    """Give an account at each provider."""
    async with account_at(request.param) as made:
        yield made


async def test_it_has_one_way_to_receive(account: Account) -> None:
    """A queue that is confirmed, or a list that is looked at again and again."""
    provider = account.provider

    assert (provider.source is None) is not (provider.listing is None)
    assert provider.name
    assert provider.label[0].isupper()
    assert provider.poll_seconds > 0


async def test_each_message_is_received_with_guest_property_sender_and_time(
    account: Account,
) -> None:
    """Guests' and the property's own messages, each with its conversation."""
    ada, grace = account.open("Ada"), account.open("Grace")
    sent = [
        account.guest(ada, "Hello 🙂\n\nIs there parking?"),
        account.guest(grace, "<b>5 & 6</b>"),
        account.hotel(ada, "Yes"),
    ]

    messages, unreadable = await account.received()

    assert unreadable == []
    assert sorted(each.message.message_id for each in messages) == sorted(sent)
    first = {str(each.message.message_id): each for each in messages}[sent[0]]
    assert first.message.content == "Hello 🙂\n\nIs there parking?"
    assert first.message.sender is SenderKind.GUEST
    assert first.conversation.provider == account.provider.name
    assert first.conversation.property_id == account.property_id
    assert first.conversation.conversation_id == ada
    assert first.conversation.guest_name == "Ada"
    assert abs(first.message.sent_at - datetime.now(UTC)) < timedelta(minutes=1)
    hotel = {str(each.message.message_id): each for each in messages}[sent[2]]
    assert hotel.message.sender is SenderKind.PROPERTY


async def test_an_empty_message_is_a_message(account: Account) -> None:
    """Nothing in it is no reason to drop it."""
    sent = account.guest(account.open("Ada"), "")

    ((message,), _) = await account.received()

    assert (message.message.message_id, message.message.content) == (sent, "")


async def test_what_cannot_be_read_does_not_stop_its_neighbours(account: Account) -> None:
    """It is kept whole, with a reason that holds no guest text."""
    ada = account.open("Ada")
    before = account.guest(ada, "before")
    account.spoil(ada)
    after = account.guest(ada, "after")

    messages, (unreadable,) = await account.received()

    assert [each.message.message_id for each in messages] == [before, after]
    assert unreadable.raw.startswith("{")
    assert "not" not in unreadable.reason.split()


async def test_more_than_one_page_comes_whole(account: Account) -> None:
    """A conversation of several pages, and more conversations than a page holds."""
    ada = account.open("Ada")
    sent = [account.guest(ada, f"message {number}") for number in range(120)]
    sent += [account.guest(account.open(f"g{number}"), "Hello") for number in range(105)]

    messages, _ = await account.received()

    assert sorted(each.message.message_id for each in messages) == sorted(sent)


async def test_history_shows_a_conversation_oldest_first(account: Account) -> None:
    """All messages of both sides, as they were written."""
    ada = account.open("Ada")
    sent = [account.guest(ada, "one"), account.hotel(ada, "two")]
    sent += [account.guest(ada, f"message {number}") for number in range(60)]
    assert account.provider.history is not None

    found = await account.provider.history.by_id(account.property_id, ada)

    assert [each.message_id for each in found.messages] == sent
    assert (found.conversation.conversation_id, found.conversation.guest_name) == (ada, "Ada")


async def test_history_walks_all_conversations(account: Account) -> None:
    """Each once, with its newest message."""
    opened = {account.open(f"g{number}") for number in range(3)}
    last = {account.guest(each, "Hello") for each in opened}
    assert account.provider.history is not None

    walked = [each async for each in account.provider.history.newest_first(account.property_id)]

    assert sorted(each.conversation.conversation_id for each in walked) == sorted(opened)
    assert {each.messages[-1].message_id for each in walked} == last


async def test_a_conversation_that_is_not_there_is_a_permanent_error(account: Account) -> None:
    """Asking again is no use."""
    assert account.provider.history is not None

    with pytest.raises(ProviderError) as caught:
        await account.provider.history.by_id(account.property_id, ConversationId("nobody"))

    assert caught.value.permanent
    assert not caught.value.auth


async def test_a_reference_that_is_not_there_is_none(account: Account) -> None:
    """Nothing found is no error."""
    history = account.provider.history
    assert history is not None

    assert await history.by_reference(account.property_id, "reservation", "4711") is None


async def test_replies_are_sent_or_openly_not_possible(account: Account) -> None:
    """A provider that cannot send says so by lacking the part, never by an error afterwards."""
    ada = account.open("Ada")
    account.guest(ada, "Hello")
    replies = account.provider.replies
    if replies is None:
        assert account.provider.history is not None
        return
    sent = await replies.send(
        property_id=account.property_id, conversation_id=ada, content="Welcome"
    )

    messages, _ = await account.received()
    assert sent.message_id in {each.message.message_id for each in messages}


async def test_refused_credentials_are_told_apart_and_named_in_words(account: Account) -> None:
    """``auth`` is set, the remedy is named, the secret is not."""
    assert account.provider.probe is not None
    await account.provider.probe()
    account.lock_out()

    for call in (account.provider.probe, account.received):
        with pytest.raises(ProviderError) as caught:
            await call()
        assert caught.value.auth
        assert SECRET not in str(caught.value)


@pytest.mark.parametrize("kind", ["500", "503", "429", "html", "drop_before", "drop_after"])
async def test_reads_are_tried_again(account: Account, kind: Kind) -> None:
    """A failure that passes is not noticed."""
    sent = account.guest(account.open("Ada"), "Hello")
    assert account.provider.probe is not None
    await account.provider.probe()
    call = "messages.latest" if account.provider.source else "conversations.list"
    account.faults.add(call, kind)

    ((message,), _) = await account.received()

    assert account.faults.struck == 1
    assert message.message.message_id == sent


@pytest.mark.parametrize("kind", ["500", "429", "drop_before"])
async def test_an_outage_is_a_passing_error_without_guest_text(
    account: Account, kind: Kind
) -> None:
    """Not permanent, certain to have changed nothing, not about credentials."""
    account.guest(account.open("Ada"), "Hello")
    always(account, kind)

    with pytest.raises(ProviderError) as caught:
        await account.received()

    error = caught.value
    assert (error.permanent, error.certain, error.auth) == (False, True, False)
    assert "Ada" not in str(error)
    assert SECRET not in str(error)
