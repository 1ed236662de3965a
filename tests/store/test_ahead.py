"""One look over all that is open serves many claims, and says no more than where to look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bridgebot.store import inbox, queues
from bridgebot.store.database import Store
from bridgebot.store.queues import AHEAD_MS, Ahead
from bridgebot.store.rows import InboxRow
from bridgebot.store.schema import inbox as table
from tests.store.build import conversation, queued
from tests.store.test_cost import counted

ME = "me"


async def _claim(
    store: Store, ahead: Ahead, *, now: int = 10, limit: int = 4, skip: Sequence[str] = ()
) -> list[str]:
    """Claim, and name the messages that were taken."""

    async def unit(connection: object) -> Sequence[InboxRow]:
        return await inbox.claim(
            connection,  # type: ignore[arg-type]
            owner=ME,
            now=now,
            limit=limit,
            skip_channels=skip,
            ahead=ahead,
        )

    return [row.message.message_id for row in await store.write(unit) if row.message]


async def _fill(store: Store, conversations: int, each: int = 2) -> None:
    ids = [await conversation(store, f"c{number}", thread=None) for number in range(conversations)]
    for part in range(each):
        for number, row_id in enumerate(ids):
            await queued(store, row_id, f"c{number}-{part}", at=1 + part)


async def _looks(store: Store, ahead: Ahead, **more: int) -> tuple[list[str], int]:
    """Claim, and count the looks over all that is open."""
    async with counted(store) as seen:
        taken = await _claim(store, ahead, **more)  # type: ignore[arg-type]
    # A look among some names them as a list.
    heads = [each for each in seen if "min(inbox.id)" in each]
    lists = ("json_each", "ANY (")
    whole = [each for each in heads if not any(word in each.split("GROUP BY")[0] for word in lists)]
    return taken, len(whole)


async def test_the_next_claims_ask_about_those_that_were_found(store: Store) -> None:
    """In the same order, and never about two rows of one conversation."""
    await _fill(store, 12)
    ahead = Ahead()

    claims = [await _looks(store, ahead) for _ in range(3)]

    taken = [name for names, _ in claims for name in names]
    assert sorted(taken) == sorted(f"c{number}-0" for number in range(12))
    assert [looks for _, looks in claims] == [1, 0, 0]


async def test_a_claim_that_finds_too_few_ahead_looks_over_all(store: Store) -> None:
    """A place is not left free while something waits."""
    await _fill(store, 6)
    ahead = Ahead()
    first = await _claim(store, ahead)
    for row_id in range(1, 5):
        await store.write(
            lambda c, row_id=row_id: queues.finish(  # type: ignore[misc]
                c, table, row_id, owner=ME, state="completed", now=11, posted="[]", due_at=11
            )
        )

    second = await _claim(store, ahead, now=11)

    assert first == ["c0-0", "c1-0", "c2-0", "c3-0"]
    assert second == ["c4-0", "c5-0", "c0-1", "c1-1"]


async def test_after_a_moment_a_new_look_is_taken(store: Store) -> None:
    """Somebody may have written who comes before those that were found; clocks may be set back."""
    await _fill(store, 8)
    for ahead, now in ((Ahead(), 10 + AHEAD_MS), (Ahead(), 9)):
        await _claim(store, ahead, limit=2)
        _, looks = await _looks(store, ahead, now=now, limit=1)
        assert looks == 1


async def test_where_a_channel_has_to_wait_one_question_is_enough(store: Store) -> None:
    """Those ahead may all be of that channel; asking about each in turn would take for ever."""
    await _fill(store, 40, each=1)
    ahead = Ahead()
    await _claim(store, ahead)

    async with counted(store) as seen:
        taken = await _claim(store, ahead, limit=1, skip=["C1"])

    assert taken == []
    assert len(seen) <= 4


async def test_a_conversation_that_is_gone_leaves_its_channels_room_to_the_next(
    store: Store,
) -> None:
    """What a look found may have been taken by another node meanwhile."""
    await _fill(store, 4, each=1)
    ahead = Ahead()
    rooms = {"C1": 1.0}.__getitem__

    async def claim(owner: str, ahead: Ahead) -> list[str]:
        rows = await store.write(
            lambda c: inbox.claim(c, owner=owner, now=10, limit=4, room=rooms, ahead=ahead)
        )
        return [row.message.message_id for row in rows if row.message]

    assert await claim(ME, ahead) == ["c0-0"]
    assert await claim("other", Ahead()) == ["c1-0"]
    ahead.remember([{"id": 2, "conversation": 2, "channel": "C1"}], now=10)
    assert await claim(ME, ahead) == ["c2-0"]


async def test_of_those_whose_turn_came_together_the_oldest_message_goes_first(
    store: Store,
) -> None:
    """Else some are served at each claim and others at every second one."""
    await _fill(store, 5, each=4)
    served: list[str] = []
    for _ in range(5):
        taken = await store.write(lambda c: inbox.claim(c, owner=ME, now=10, limit=3))
        for row in taken:
            served.append(str(row.message and row.message.message_id))
            await store.write(
                lambda c, row=row: queues.finish(  # type: ignore[misc]
                    c, table, row.id, owner=ME, state="completed", now=10, posted="[]", due_at=10
                )
            )
    counts = Counter(name.partition("-")[0] for name in served)
    assert set(counts.values()) == {3}
