"""What is decided in the transaction that keeps a staff message, and what waits for a look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridgebot.bridge.replies import Rules
from bridgebot.model import ConversationId, PropertyId, Sent
from bridgebot.providers.base import Provider
from bridgebot.slack.capture import Capture
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.group import Group
from bridgebot.slack.people import People
from bridgebot.store import outbox
from bridgebot.store.database import Store
from bridgebot.store.rows import OutboxRow
from bridgebot.workers import outright
from bridgebot.workers.context import Context, Routing
from bridgebot.workers.outright import Outright
from tests.slack.stub import Stub, ok
from tests.store.build import BOOKING, conversation, event

TS = "1700000005.000100"
NOW = datetime.fromtimestamp(1700000006, UTC)


class Ways:
    """Replies that nobody sends here."""

    async def send(
        self,
        *,
        property_id: PropertyId,
        conversation_id: ConversationId,
        content: str,
        attachment_ids: Sequence[str] = (),
    ) -> Sent:
        """Fail the test."""
        raise AssertionError(property_id, conversation_id, content, attachment_ids)


class Keeping:
    """A capture step that decides outright; ``woken`` lists whom it wakes."""

    def __init__(
        self, store: Store, gateway: Gateway, rules: Rules, group: str | None, undo: float
    ) -> None:
        self.store = store
        self.people = People(gateway, "T1")
        self.group = Group(gateway, group)
        self.woken: list[str] = []
        provider = Provider(name=BOOKING, label="Booking.com", poll_seconds=1.0, replies=Ways())
        context = Context(
            store=store,
            owner="host:1:a",
            now=lambda: NOW,
            chance=lambda: 0.0,
            routing=Routing(guests="C1", alerts="C2"),
            providers={BOOKING: provider},
        )
        self.context = context
        decides = Outright(context, self.people, rules, self.group, undo=undo)
        self.capture = Capture(
            store,
            bot_user="U0BOT",
            now=context.ms,
            on_captured=lambda: self.woken.append("decider"),
            decide=decides.decide,
        )

    async def hear(self, told: dict[str, Any]) -> OutboxRow:
        """Take an event; give what is stored of it."""
        await self.capture.take({"type": "event_callback", "event": told})
        row = await self.store.read(lambda c: outbox.by_ts(c, "C1", TS))
        assert row is not None
        return row


def person(**more: Any) -> dict[str, Any]:
    """Make a full member, or somebody else."""
    return {"id": "U1", "team_id": "T1", "name": "rr", "profile": {"first_name": "Ro"}, **more}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Give an open store with one conversation."""
    opened = await Store.open(f"sqlite:///{tmp_path}/bridgebot.db")
    await conversation(opened)
    yield opened
    await opened.close()


async def keeping(
    store: Store,
    gateway: Gateway,
    stub: Stub,
    *,
    user: dict[str, Any] | None = None,
    rules: Rules | None = None,
    group: str | None = None,
    undo: float = 20.0,
) -> Keeping:
    """Make a capture step to which the author of what is written is known."""
    made = Keeping(store, gateway, rules or Rules(), group, undo)
    greta = person(id="U2", profile={"first_name": "Greta", "display_name": "Greta"})
    stub.on("users.info", ok(user=user or person()), ok(user=greta))
    stub.on("conversations.members", ok(members=["U1", "U2"]))
    await made.people.first_names("C1")
    return made


async def test_an_ordinary_reply_is_decided_about_with_its_keeping(
    store: Store, gateway: Gateway, stub: Stub
) -> None:
    """It is a reply as soon as it is stored, and waits for its undo window; nobody is asked."""
    made = await keeping(store, gateway, stub)

    row = await made.hear(event(TS, text="At nine &amp; later"))

    assert (row.kind, row.content, row.state) == ("reply", "At nine & later", "available")
    assert row.due_at == made.context.ms() + 20_000
    assert (made.woken, made.context.signals.outbox.is_set()) == ([], False)


async def test_who_sends_is_woken_while_a_reply_is_stored(
    store: Store, gateway: Gateway, stub: Stub
) -> None:
    """Where nobody waits for second thoughts the claim can share the commit; once is enough."""
    made = await keeping(store, gateway, stub, undo=0.0)
    hearing = asyncio.create_task(made.hear(event(TS, text="At nine")))
    while not made.context.signals.outbox.is_set():  # noqa: ASYNC110 - turn by turn
        await asyncio.sleep(0)
    made.context.signals.outbox.clear()
    claimed = await store.write(
        lambda c: outbox.claim(c, owner="me", now=made.context.ms(), limit=1)
    )

    assert [row.content for row in claimed] == ["At nine"]
    await hearing
    assert not made.context.signals.outbox.is_set()


@pytest.mark.parametrize(
    ("text", "user", "rules"),
    [
        ("// the shower again", None, None),
        ("<@U2> look", None, None),
        ("Ask <@U2> please", None, None),
        ("Greta, can you see to it?", None, None),
        ("Welcome", person(is_restricted=True), None),
        ("Welcome", person(team_id="T9"), None),
        ("Welcome", person(is_bot=True), None),
        ("Welcome", None, Rules(policy="explicit")),
        ("Welcome", None, Rules(policy="off")),
        ("Welcome", None, Rules(max_chars=3)),
        ("Welcome", None, Rules(max_age_seconds=0.5)),
        ("Write to me@example.com", None, Rules(asks=("contacts",))),
        ("", None, None),
    ],
)
async def test_what_needs_a_look_is_kept_undecided(
    text: str,
    user: dict[str, Any] | None,
    rules: Rules | None,
    store: Store,
    gateway: Gateway,
    stub: Stub,
) -> None:
    """Notes, questions, refusals and whatever has to be asked for are the decider's."""
    made = await keeping(store, gateway, stub, user=user, rules=rules)

    row = await made.hear(event(TS, text=text))

    assert (row.kind, row.content, row.due_at) == (None, None, made.context.ms())
    assert made.woken == ["decider"]


async def test_an_author_whom_nobody_looked_up_is_not_decided_about(
    store: Store, gateway: Gateway, stub: Stub
) -> None:
    """Who somebody is, is asked outside the transaction; what is forgotten is asked again."""
    made = await keeping(store, gateway, stub)
    made.people.forget("U1")

    assert (await made.hear(event(TS))).kind is None


async def test_what_goes_wrong_in_deciding_does_not_keep_it_from_being_kept(
    store: Store, gateway: Gateway, stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message is stored and acknowledged; the decider meets what was wrong."""
    made = await keeping(store, gateway, stub)
    monkeypatch.setattr(outright, "to_guest", lambda *_: 1 / 0)

    assert (await made.hear(event(TS))).kind is None
    assert made.woken == ["decider"]


@pytest.mark.parametrize(("members", "kind"), [(["U1"], "reply"), (["U2"], None), (None, None)])
async def test_the_group_decides_where_it_is_known(
    members: list[str] | None, kind: str | None, store: Store, gateway: Gateway, stub: Stub
) -> None:
    """Who is in it may answer; who is not, or where it is not known, waits for the decider."""
    made = await keeping(store, gateway, stub, group="S1")
    if members is not None:
        stub.on("usergroups.users.list", ok(users=members))
        await made.group.check()

    assert (await made.hear(event(TS))).kind == kind


async def test_a_deletion_that_comes_first_is_no_reply(
    store: Store, gateway: Gateway, stub: Stub
) -> None:
    """The message itself, coming later, is not sent any more."""
    made = await keeping(store, gateway, stub)
    gone = {
        "type": "message",
        "subtype": "message_deleted",
        "channel": "C1",
        "previous_message": event(TS),
    }

    await made.hear(gone)
    row = await made.hear(event(TS))

    assert (row.kind, row.state) == ("refused", "cancelled")
