"""Tags against the stand-in: one account's outage holds up no other, and looks become rare."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import update

from bridgebot.errors import ProviderError
from bridgebot.model import Conversation, ConversationId, PropertyId, SenderKind
from bridgebot.providers.base import History, Provider, Tags
from bridgebot.store import conversations, personal
from bridgebot.store.schema import conversations as table
from bridgebot.workers.marker import PAUSE, Marker
from bridgebot.workers.settler import Settler
from bridgebot.workers.whereabouts import learn, property_of
from tests.store.build import message
from tests.workers.booking_bench import HOTELS, BookingBench, booking_bench


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[BookingBench]:
    """Give the stand-in and an empty store."""
    async with booking_bench(tmp_path) as made:
        yield made


async def _answered(bench: BookingBench, provider: Provider, name: str, hotel: str) -> str:
    """Let a guest write and staff answer from Slack, and store both as the bridge would."""
    asked = bench.guest(name, "Hello", hotel)
    answer = bench.booking.property_writes(name, "Welcome", api=True)
    at = bench.context_ms()
    about = Conversation(
        provider=provider.name,
        conversation_id=ConversationId(name),
        property_id=PropertyId(hotel),
    )

    async def unit(connection: Any) -> None:
        row = await conversations.ensure(connection, about, channel="C1", now=at)
        for each, sender, origin in (
            (asked, SenderKind.GUEST, "guest"),
            (answer, SenderKind.PROPERTY, "slack"),
        ):
            told = message(each, sender=sender, at=at)
            await conversations.add_message(connection, row, told, origin=origin, raw="{}", now=at)
        await conversations.note_guest(connection, row.id, at - 1000)
        await conversations.note_answer(connection, row.id, at, "slack:U1")

    await bench.store.write(unit)
    return asked


async def test_an_account_that_is_refused_holds_up_no_other(bench: BookingBench) -> None:
    """The one behind it is marked in the same turn."""
    lake = bench.provider("queue", name="booking:lake", client_secret="wrong")
    plain = bench.provider("queue")
    context = replace(bench.context(plain), providers={each.name: each for each in (lake, plain)})
    await _answered(bench, lake, "pier", HOTELS[1])
    await _answered(bench, plain, "c1", HOTELS[0])

    marker = Marker(context, mark_read=True, look_seconds=0)

    assert await marker.step() == PAUSE
    read = {name: each.messages[0].read_by for name, each in bench.booking.conversations.items()}
    assert read == {"pier": set(), "c1": {bench.booking.conversations["c1"].hotel_id}}


async def test_a_day_of_looks_costs_a_dozen_calls(bench: BookingBench) -> None:
    """Each look waits as long again as the answer is old; what was read is looked for no more."""
    plain = bench.provider("queue")
    context = bench.context(plain)
    await _answered(bench, plain, "c1", HOTELS[0])
    marker = Marker(context, mark_read=False, look_seconds=60)

    for _ in range(24 * 60):
        await bench.clock.sleep(60)
        await marker.step()
    assert 8 <= bench.calls("conversations.by_id") <= 12

    await _answered(bench, plain, "c2", HOTELS[0])
    bench.booking.guest_reads("c2")
    before = bench.calls("conversations.by_id")
    for _ in range(60):
        await bench.clock.sleep(60)
        await marker.step()
    assert bench.calls("conversations.by_id") == before + 1


async def test_a_look_does_not_fill_in_what_was_erased(bench: BookingBench) -> None:
    """A person asked to be forgotten; the conversation is not looked at for their reading."""
    plain = bench.provider("queue")
    context = bench.context(plain)
    await _answered(bench, plain, "c1", HOTELS[0])
    row = await bench.store.read(lambda c: conversations.find(c, plain.name, "c1"))
    assert row is not None
    await bench.store.write(lambda c: personal.erase(c, [row], [], now=context.ms()))
    marker = Marker(context, mark_read=False, look_seconds=60)

    for _ in range(60):
        await bench.clock.sleep(60)
        await marker.step()
    found = await property_of(context, plain, row)

    after = await bench.store.read(lambda c: conversations.get(c, row.id))
    assert (found, bench.calls("conversations.by_id")) == (HOTELS[0], 0)
    assert (after.about.guest_name, after.about.reference) == (None, None)
    assert after.erased_at is not None


async def test_what_is_learned_on_the_way_does_not_fill_in_what_was_erased(
    bench: BookingBench,
) -> None:
    """A reply that is refused is followed by a look at the conversation."""
    plain = bench.provider("queue")
    context = bench.context(plain)
    await _answered(bench, plain, "c1", HOTELS[0])
    row = await bench.store.read(lambda c: conversations.find(c, plain.name, "c1"))
    assert row is not None
    assert plain.history is not None
    await bench.store.write(lambda c: personal.erase(c, [row], [], now=context.ms()))

    seen = await plain.history.by_id(PropertyId(HOTELS[0]), ConversationId("c1"))
    after = await learn(context, row, seen)

    assert seen.conversation.guest_name
    assert (after.about.guest_name, after.erased_at is not None) == (None, True)


async def test_an_account_that_is_away_is_asked_for_one_property_alone(bench: BookingBench) -> None:
    """Each of fifty properties would run into its own time-out, and the lease with them."""
    asked: list[str] = []

    class Away:
        async def newest_first(self, property_id: str) -> Any:
            asked.append(property_id)
            if asked:
                raise ProviderError("no answer", code="timeout")
            yield

    plain = replace(bench.provider("queue"), history=cast("History", Away()))
    context = bench.context(plain)
    for name, hotel in zip(("c1", "c2"), HOTELS, strict=True):
        await _waiting(bench, plain, name, hotel)
    marker = Marker(context, mark_read=False, look_seconds=60)
    await bench.clock.sleep(60)

    await marker.step()

    assert asked == [HOTELS[0]]


async def _waiting(bench: BookingBench, provider: Provider, name: str, hotel: str) -> None:
    about = Conversation(
        provider=provider.name,
        conversation_id=ConversationId(name),
        property_id=PropertyId(hotel),
    )
    at = bench.context_ms()

    async def unit(connection: Any) -> None:
        row = await conversations.ensure(connection, about, channel="C1", now=at)
        await conversations.note_guest(connection, row.id, at)

    await bench.store.write(unit)


async def test_tags_of_an_account_that_is_away_keep_no_others_waiting(bench: BookingBench) -> None:
    """Thirty of its conversations stand before the other account's one; each is tried in turn."""
    tagged: list[str] = []

    class Tagging:
        def __init__(self, *, away: bool) -> None:
            self.away = away

        async def no_reply_needed(self, _hotel: str, name: str, **_needless: bool) -> None:
            tagged.append(name)
            if self.away:
                raise ProviderError("no answer", code="timeout")

    accounts = [
        replace(bench.provider("queue", name=name), tags=cast("Tags", Tagging(away=away)))
        for name, away in (("booking:lake", True), ("booking", False))
    ]
    context = replace(bench.context(accounts[0]), providers={each.name: each for each in accounts})
    lake, plain = accounts
    for number in range(30):
        await _waiting(bench, lake, f"pier{number}", HOTELS[1])
    await _waiting(bench, plain, "c1", HOTELS[0])
    await bench.store.write(lambda c: c.execute(update(table).values(tag_wanted=True)))
    settler = Settler(context)

    await settler.step()
    await settler.step()
    assert tagged == ["pier0", "c1"]

    await bench.clock.sleep(20)
    await settler.step()
    assert tagged == ["pier0", "c1", "pier1"]
