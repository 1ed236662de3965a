"""What a provider redacts is erased here and marked for erasure in Slack; on both databases."""

from __future__ import annotations

import json
from dataclasses import replace

from sqlalchemy import select, update

from bridgebot.model import REDACTED, Message
from bridgebot.store import fulltext, records, redactions
from bridgebot.store.database import Store
from bridgebot.store.schema import conversations as table
from bridgebot.store.schema import inbox, messages
from tests.store.build import BOOKING, conversation, message, queued


def _redacted(name: str) -> Message:
    return replace(message(name, text="what is left"), attributes={REDACTED: "true"})


async def _redact(store: Store, *names: str) -> int:
    told = [_redacted(name) for name in names]
    return await store.write(lambda c: redactions.redact(c, BOOKING, told))


async def _post(store: Store, row: int, *, state: str = "completed") -> None:
    values = {
        "state": state,
        "posted": '["1.5"]',
        "finished_at": 9 if state != "executing" else None,
    }
    await store.write(
        lambda c: c.execute(update(inbox).where(inbox.c.message == row).values(**values))
    )


async def _stale(store: Store) -> list[str]:
    rows = await store.read(lambda c: redactions.stale(c, 9))
    return [each.message.content for each in rows if each.message is not None]


async def test_a_redacted_text_is_erased_once(store: Store) -> None:
    """Nothing of it is found any more; its post waits to be changed; ids stay."""
    number = await conversation(store)
    row = await queued(store, number, "m1")
    await queued(store, number, "m2")
    await _post(store, row)

    assert await _redact(store, "m1", "unknown") == 1
    assert await _redact(store, "m1") == 0

    query = select(messages.c.content, messages.c.raw, messages.c.attributes)
    content, raw, attributes = (
        await store.read(lambda c: c.execute(query.where(messages.c.id == row)))
    ).one()
    assert (content, raw, json.loads(attributes)) == ("", "{}", {REDACTED: "true"})
    assert await store.read(lambda c: fulltext.in_messages(c, "Hello", limit=9)) == [number]
    assert await _stale(store) == [""]
    (stale,) = await store.read(lambda c: redactions.stale(c, 9))
    await store.write(lambda c: redactions.note_fresh(c, stale.id))
    assert await _stale(store) == []


async def test_the_index_finds_a_redacted_text_no_more(store: Store) -> None:
    """Where it was the only one."""
    number = await conversation(store)
    await queued(store, number, "m1")

    await _redact(store, "m1")

    assert await store.read(lambda c: fulltext.in_messages(c, "Hello", limit=9)) == []


async def test_what_is_not_posted_yet_is_posted_without_its_text(store: Store) -> None:
    """Nothing has to be changed then; what is being posted is changed when it is there."""
    number = await conversation(store)
    waiting = await queued(store, number, "m1")
    posting = await queued(store, number, "m2")
    await _post(store, posting, state="executing")

    assert await _redact(store, "m1", "m2") == 2

    assert await _stale(store) == []
    await _post(store, waiting)
    await _post(store, posting)
    rows = await store.read(lambda c: redactions.stale(c, 9))
    assert [each.message.message_id for each in rows if each.message is not None] == ["m2"]


async def test_what_staff_wrote_in_slack_stays(store: Store) -> None:
    """It is their own post, and no copy of ours."""
    number = await conversation(store)
    row = await queued(store, number, "m1")
    await store.write(
        lambda c: c.execute(update(messages).where(messages.c.id == row).values(origin="slack"))
    )

    assert await _redact(store, "m1") == 0


async def test_alerts_that_show_the_text_are_drawn_again(store: Store) -> None:
    """The conversation's own, and the summary it stands in."""
    number = await conversation(store)
    await queued(store, number, "m1")
    own, other, summary = [
        await store.write(
            lambda c, subject=subject, about=about: records.raise_alert(  # type: ignore[misc]
                c,
                kind="unanswered",
                provider=BOOKING,
                subject=subject,
                title="Waits",
                now=1,
                conversation=about,
            )
        )
        for subject, about in (("own", number), ("other", None), ("summary", None))
    ]
    await store.write(
        lambda c: c.execute(update(table).where(table.c.id == number).values(alert=summary))
    )

    await _redact(store, "m1")

    wanted = {
        each: (await store.read(lambda c, each=each: records.get_alert(c, each))).wanted  # type: ignore[misc]
        for each in (own, other, summary)
    }
    assert wanted == {own: 2, other: 1, summary: 2}
