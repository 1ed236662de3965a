"""The queue's two endpoints: fetch a batch, confirm a count."""

from __future__ import annotations

from typing import Final

from bridgebot.sandbox.messaging.answers import Answer, Call
from bridgebot.sandbox.messaging.booking import Account
from bridgebot.sandbox.messaging.payloads import envelope, queue_entry, short_stamp

BATCH: Final = 100


def latest(call: Call) -> Answer:
    """Serve the queue's head; nothing is removed by it."""
    account = call.account
    if not account.queue_enabled:
        if call.switches.access_off == "403":
            return call.refused(403)
        return _batch(call, 0)
    answer = _batch(call, min(BATCH, len(account.queue)))
    _settle_late(account)
    return answer


def confirm(call: Call) -> Answer:
    """Remove a count of messages, however the switches read a count."""
    account, count = call.account, counted(call)
    if count is None or (call.switches.put_without_get == "400" and account.batch is None):
        return call.refused(400)
    there = _confirmable(call)
    if count > there and call.switches.over_count == "400":
        return call.refused(400)
    remove(account, min(count, there))
    account.batch = None
    call.booking.changed(type="confirmed", count=count)
    return 200, envelope({"ok": True})


def counted(call: Call) -> int | None:
    """Read the count of a confirm; ``None`` where it is none."""
    try:
        count = int(call.query["number_of_messages"])
    except (KeyError, ValueError):
        return None
    return count if count >= 0 else None


def remove(account: Account, count: int) -> None:
    """Take messages off the queue's head, remembering some for a second delivery."""
    for _ in range(min(count, len(account.queue))):
        account.recent.append(account.queue.popleft())
        account.confirmed += 1


def _confirmable(call: Call) -> int:
    if call.switches.confirm_mode == "batch":
        return call.account.batch or 0
    return len(call.account.queue)


def _batch(call: Call, size: int) -> Answer:
    account = call.account
    batch = [account.queue[index] for index in range(size)]
    account.batch = size
    account.received += size
    data = {
        "messages": [queue_entry(each, call.version, call.switches) for each in batch],
        "number_of_messages": size,
        "timestamp": short_stamp(call.booking.now()),
        "ok": True,
    }
    return 200, envelope(data)


def _settle_late(account: Account) -> None:
    """Let confirms whose answer was lost take effect only now, after another fetch."""
    while account.late:
        remove(account, account.late.pop())
