"""The mark below a reply: an hourglass while it takes long, then what became of it."""

from __future__ import annotations

import pytest

from bridgebot.bridge.delivery import Outcome, State
from bridgebot.model import MessageId, Sent
from bridgebot.store import conversations, marks, outbox
from bridgebot.workers import ends
from bridgebot.workers.presenter import SLOW, SLOW_SECONDS
from tests.e2e.world import ANNA, GUESTS
from tests.workers.desk import Node, Office


async def _reply(office: Office, node: Node) -> str:
    """Write a reply that waits to be sent; return its ts."""
    about = await office.guest(node)
    root = await node.gateway.post(GUESTS, "The root")
    ts = office.world.slack.workspace.person_writes(ANNA, GUESTS, "Welcome", thread_ts=root)
    event = {"channel": GUESTS, "ts": ts, "thread_ts": root, "user": ANNA, "text": "Welcome"}
    store, now = node.context.store, node.context.ms()
    await store.write(lambda c: conversations.bind_thread(c, about.id, GUESTS, root))
    decided = {"kind": "reply", "content": "Welcome"}
    await store.write(
        lambda c: outbox.capture(c, event, now=now, ours=True, decide=lambda _e, _c: decided)
    )
    return ts


async def _ends(node: Node, state: State) -> None:
    """Let the one attempt to send it end so."""
    context, store = node.context, node.context.store
    (row,) = await store.write(
        lambda c: outbox.claim(
            c, owner=context.owner, now=context.ms(), limit=1, leased_at=context.leased_at()
        )
    )
    about = await store.read(lambda c: conversations.get(c, row.conversation or 0))
    sent = Sent(message_id=MessageId("m9")) if state is State.COMPLETED else None
    outcome = Outcome(state=state, code=None if sent else "forbidden")
    await store.write(
        lambda c: ends.record_reply(c, context, row, about, outcome, sent, called=True)
    )


def _marks(office: Office, ts: str) -> list[str]:
    message = office.world.slack.workspace.message(GUESTS, ts)
    return [each["name"] for each in message.get("reactions", [])]


@pytest.mark.parametrize(
    ("state", "mark"), [(State.COMPLETED, "white_check_mark"), (State.DISCARDED, "warning")]
)
async def test_a_reply_that_takes_long_has_an_hourglass_until_it_is_done(
    office: Office, state: State, mark: str
) -> None:
    """Ten seconds after its undo window, not before; the mark of its end takes its place."""
    node = await office.node()
    ts = await _reply(office, node)
    office.clock.seconds += SLOW_SECONDS
    await node.work()
    assert _marks(office, ts) == []

    office.clock.seconds += 0.5
    await node.work()
    assert _marks(office, ts) == [SLOW]

    await _ends(node, state)
    await node.work()
    assert _marks(office, ts) == [mark]


async def test_a_reply_that_is_done_in_time_never_has_an_hourglass(office: Office) -> None:
    """The ordinary case is one reaction, however late it is drawn."""
    node = await office.node()
    ts = await _reply(office, node)
    await _ends(node, State.COMPLETED)
    office.clock.seconds += 2 * SLOW_SECONDS

    await node.work()

    assert _marks(office, ts) == ["white_check_mark"]


async def test_an_hourglass_that_was_not_written_down_goes_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between reaction and note: else both marks would stand for ever."""
    node = await office.node()
    ts = await _reply(office, node)
    office.clock.seconds += SLOW_SECONDS + 0.5
    with monkeypatch.context() as patch:
        patch.setattr(marks, "note_marks", _dies)
        with pytest.raises(DiedError):
            await node.work()
    assert _marks(office, ts) == [SLOW]

    await _ends(node, State.COMPLETED)
    await node.work()

    assert _marks(office, ts) == ["white_check_mark"]


class DiedError(Exception):
    """The process ends here."""


async def _dies(*_: object) -> None:
    raise DiedError
