"""Several accounts in one process: what is shared out among them, and what stops at one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from sqlalchemy import insert

from bridgebot.bridge.delivery import REFUSED_DELAY
from bridgebot.bridge.spans import Span
from bridgebot.errors import ProviderError
from bridgebot.model import Batch, Conversation, ConversationId, PropertyId, ProviderName
from bridgebot.providers.base import Provider
from bridgebot.store import conversations, outbox, records
from bridgebot.store.database import Store
from bridgebot.store.schema import outbox as table
from bridgebot.workers.backfill import shared_out
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.encloser import Encloser
from bridgebot.workers.pauses import Pauses
from bridgebot.workers.relayer import Relayer
from tests.workers.bench import Clock

AFTER = datetime(2026, 6, 1, tzinfo=UTC)


class Nothing:
    """A search that finds nothing."""

    async def pages(self, **_asked: Any) -> Any:
        """Yield an empty page."""
        yield Batch()


def _account(name: str, *properties: str) -> Provider:
    return Provider(
        name=ProviderName(name),
        label=name,
        poll_seconds=5.0,
        search=Nothing(),
        properties=tuple(map(PropertyId, properties)),
    )


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ((), [("booking", ()), ("booking:lake", ())]),
        (("11",), [("booking", ("11",))]),
        (("22", "11"), [("booking", ("11",)), ("booking:lake", ("22",))]),
        (("33",), [("booking", ("33",)), ("booking:lake", ("33",))]),
    ],
    ids=["all", "of one", "of each", "of nobody"],
)
def test_a_property_is_asked_for_where_it_is_named(
    wanted: tuple[str, ...], expected: list[tuple[str, tuple[str, ...]]]
) -> None:
    """One that no account names is asked for at each; accounts without a search are left out."""
    mute = Provider(name=ProviderName("hostelmate"), label="Hostel Mate", poll_seconds=30.0)
    accounts = [_account("booking", "11"), _account("booking:lake", "22"), mute]

    parts = shared_out(Span(after=AFTER, properties=wanted), accounts)

    assert [(each.name, part.properties) for each, part in parts] == expected


def test_a_paused_account_is_tried_now_and_then() -> None:
    """One try when its time has come, and the next one a while later."""
    now = 0.0
    pauses = Pauses(lambda: now)
    pauses.begin("booking:lake")

    assert (pauses.paused(), pauses.next_try()) == (("booking:lake",), None)
    now += REFUSED_DELAY
    assert pauses.next_try() == "booking:lake"
    assert pauses.next_try() is None
    assert pauses.paused() == ("booking:lake",)
    pauses.end("booking:lake")
    assert pauses.paused() == ()


async def test_replies_of_a_paused_account_are_not_claimed(store: Store) -> None:
    """Those of the others are; with an account named, its own alone."""
    for number, name in enumerate(("booking", "booking:lake"), start=1):
        await store.write(lambda c, name=name, number=number: _reply(c, name, number))  # type: ignore[misc]

    async def claim(of: Callable[[str], bool]) -> list[str]:
        rows = await store.write(lambda c: outbox.claim(c, owner="me", now=10, limit=9, of=of))
        return [each.content or "" for each in rows]

    lake = "booking:lake"
    assert await claim(lambda each: each != lake) == ["by booking"]
    assert await claim(lambda each: each != lake) == []
    assert await claim(lambda each: each == lake) == ["by booking:lake"]


async def _reply(connection: Any, account: str, number: int, name: str = "the same id") -> None:
    about = Conversation(
        provider=ProviderName(account),
        conversation_id=ConversationId(name),
        property_id=PropertyId("11"),
    )
    row = await conversations.ensure(connection, about, channel="C1", now=1)
    values = {"channel": "C1", "ts": f"{number}.0", "thread_ts": "0.5", "user_id": "U1"}
    more = {"event": "{}", "kind": "reply", "state": "available", "due_at": 1, "created_at": 1}
    content = f"by {account}"
    await connection.execute(
        insert(table).values(**values, **more, conversation=row.id, content=content)
    )


async def test_one_conversation_id_at_two_accounts_is_two_conversations(store: Store) -> None:
    """Each is bound to the account it came from."""
    for number, name in enumerate(("booking", "booking:lake"), start=1):
        await store.write(lambda c, name=name, number=number: _reply(c, name, number))  # type: ignore[misc]

    rows = [
        await store.read(lambda c, name=name: conversations.find(c, name, "the same id"))  # type: ignore[misc]
        for name in ("booking", "booking:lake")
    ]

    assert len({row.id for row in rows if row is not None}) == 2


async def test_what_stands_about_departed_accounts_is_closed(store: Store) -> None:
    """Logins and outages alone: a reply that is stuck stays for somebody to act on."""
    for kind, account in (
        ("credentials", "booking:lake"),
        ("undelivered", "booking:lake"),
        ("credentials", "booking"),
        ("credentials", "slack"),
    ):
        await store.write(
            lambda c, kind=kind, account=account: records.raise_alert(  # type: ignore[misc]
                c, kind=kind, provider=account, subject="", title="Something", now=1
            )
        )

    closed = await store.write(
        lambda c: records.close_others(c, {"booking", "slack"}, now=2, line="Gone.")
    )

    rows = await store.read(lambda c: records.unshown_alerts(c, 9, owner="me"))
    states = {(each.kind, each.provider): each.state for each in rows}
    assert closed == 1
    assert states == {
        ("credentials", "booking:lake"): "closed",
        ("undelivered", "booking:lake"): "open",
        ("credentials", "booking"): "open",
        ("credentials", "slack"): "open",
    }


class Refusing:
    """Replies that fail with one error after the other."""

    def __init__(self, *errors: ProviderError) -> None:
        self.errors = list(errors)
        self.called = 0

    async def send(self, **_reply: Any) -> Any:
        """Fail with the next one."""
        self.called += 1
        raise self.errors.pop(0)


@pytest.mark.parametrize(
    ("second", "paused"),
    [
        (ProviderError("no answer", code="timeout", certain=False), True),
        (ProviderError("unavailable", code="http_503"), True),
        (ProviderError("stood still", code="stood_still"), True),
        (ProviderError("closed", code="http_400", permanent=True, answered=True), False),
    ],
    ids=["unanswered", "unavailable", "here", "answered"],
)
async def test_only_an_answer_ends_an_accounts_pause(
    store: Store, second: ProviderError, paused: bool
) -> None:
    """Who does not answer has not let us in; neither has what failed on our own side."""
    refused = ProviderError("refused", code="http_401", auth=True)
    account = replace(_account("booking"), replies=Refusing(refused, second))
    clock = Clock()
    context = Context(
        store=store,
        owner="host:1:a",
        now=clock.now,
        chance=lambda: 0.0,
        routing=Routing(guests="C1", alerts="C2"),
        providers={"booking": account},
    )
    relayer = Relayer(context, cast("Encloser", None))
    for number in (1, 2):
        await store.write(lambda c, number=number: _reply(c, "booking", number, f"c{number}"))  # type: ignore[misc]
    rows = await store.write(
        lambda c: outbox.claim(c, owner="host:1:a", now=10, limit=9, of=lambda _each: True)
    )
    for row in rows:
        await relayer._deliver(row)

    assert cast("Refusing", account.replies).called == 2
    assert bool(relayer._pauses.paused()) is paused
