"""Saved replies, replies from forms, and what is older than its thread, on both databases."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.model import SenderKind
from bridgebot.store import conversations, formed, imports, inbox, outbox, saved
from bridgebot.store.database import Store
from bridgebot.store.schema import inbox as queue
from tests.store.build import ROOT, conversation, message, queued


async def _add(store: Store, name: str, text: str = "Dear {guest}", *, now: int = 1) -> str:
    return await store.write(lambda c: saved.add(c, name=name, text=text, user="U1", now=now))


async def test_saved_replies_are_listed_by_name_and_a_name_is_given_once(store: Store) -> None:
    """Capitals make no other name."""
    assert [await _add(store, name) for name in ("parking", "Breakfast", "PARKING")] == [
        "",
        "",
        "taken",
    ]

    assert [each.name for each in await store.read(saved.every)] == ["Breakfast", "parking"]


async def test_of_two_who_edit_the_same_the_second_is_told(store: Store) -> None:
    """Nobody's words are overwritten unseen, and a deleted one does not come back."""
    await _add(store, "parking")
    await _add(store, "breakfast")
    one = next(each for each in await store.read(saved.every) if each.name == "parking")

    async def change(name: str) -> str:
        return await store.write(
            lambda c: saved.change(
                c, (one.id, one.changed_at), name=name, text="new", user="U2", now=1
            )
        )

    assert [await change(name) for name in ("Breakfast", "Car park", "parking")] == [
        "taken",
        "",
        "changed",
    ]
    assert await store.write(lambda c: saved.remove(c, one.id))
    assert not await store.write(lambda c: saved.remove(c, one.id))
    assert await store.read(lambda c: saved.get(c, one.id)) is None


async def test_there_are_no_more_than_a_menu_holds(store: Store) -> None:
    """The hundred and first is refused."""

    async def many(connection: AsyncConnection) -> list[str]:
        return [
            await saved.add(connection, name=f"n{number}", text="x", user="U1", now=1)
            for number in range(saved.MOST + 1)
        ]

    assert (await store.write(many))[-2:] == ["", "full"]


async def test_a_form_is_taken_once_and_becomes_a_reply_where_it_was_posted(store: Store) -> None:
    """Submitted twice, recorded twice: one notice, one reply, in its place and with its text."""
    number = await conversation(store)

    async def put(connection: AsyncConnection) -> bool:
        return await formed.put(connection, number, user="U1", text="Welcome", form="V1", now=5_000)

    assert [await store.write(put), await store.write(put)] == [True, False]
    ids = (await store.read(lambda c: c.execute(select(queue.c.id)))).scalars().all()
    (row,) = await store.read(lambda c: inbox.read(c, ids))

    async def posted(connection: AsyncConnection) -> bool:
        return await formed.posted(connection, row, ts="1700000009.000100", thread_ts=ROOT, now=7)

    assert [await store.write(posted), await store.write(posted)] == [True, False]
    (reply,) = await store.read(lambda c: outbox.undecided(c, now=7, limit=9))
    assert (reply.conversation, reply.user_id, reply.ts) == (number, "U1", "1700000009.000100")
    assert reply.event[formed.VERBATIM] == "Welcome"
    assert reply.event[formed.WRITTEN_AT] == 5.0


async def test_what_is_in_no_thread_is_found_however_it_was_kept(store: Store) -> None:
    """Imported, or kept as history: both are missing; queued, or sent from Slack: neither is."""
    number = await conversation(store)
    await queued(store, number, "shown", at=50)

    async def keep(connection: AsyncConnection) -> None:
        row = await conversations.get(connection, number)
        for name, origin, at, imported in (
            ("imported", "guest", 10, True),
            ("kept", "elsewhere", 20, False),
            ("ours", "slack", 30, False),
        ):
            sender = SenderKind.GUEST if origin == "guest" else SenderKind.PROPERTY
            await conversations.add_message(
                connection,
                row,
                message(name, sender=sender, at=at),
                origin=origin,
                raw="{}",
                now=at,
                imported=imported,
            )
        await imports.lock(connection, number)
        await imports.note_whole(connection, number)

    await store.write(keep)

    assert [at for _, at in await store.read(lambda c: imports.missing(c, number))] == [20, 10]
    assert await store.read(lambda c: imports.newest_shown(c, number)) == 50
    assert (await store.read(lambda c: conversations.get(c, number))).whole
