"""Faults of the queue itself: what a batch holds, and when a confirm takes effect."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from bridgebot.sandbox.messaging.booking import Account, Junk

UNREADABLE: Final = {"message_id": None, "timestamp": "soon", "conversation": ["not", "one"]}


def disturb(kind: str, account: Account, dice: random.Random) -> None:
    """Change an account's queue just before a batch is served from it."""
    act = _ACTS.get(kind)
    if act is not None:
        act(account, dice)


def distort(kind: str, data: dict[str, Any]) -> None:
    """Change a batch that is about to be served."""
    if kind == "mismatch":
        data["number_of_messages"] += 1
    elif kind == "unknown":
        data["mood"] = {"of": ["the", "day"]}
        for entry in data["messages"]:
            _make_unknown(entry)


def _make_unknown(entry: Any) -> None:  # noqa: ANN401 - an entry may be anything
    """Add a key and an enumeration's value that no document names."""
    if isinstance(entry, dict):
        entry["is_redacted"] = False
        entry["message_type"] = "hologram"
        entry.setdefault("attributes", {})["self_service_topic"] = "late_breakfast"


def _duplicate(account: Account, _dice: random.Random) -> None:
    if account.queue:
        account.queue.appendleft(account.queue[0])


def _reorder(account: Account, dice: random.Random) -> None:
    head = [account.queue.popleft() for _ in range(min(100, len(account.queue)))]
    dice.shuffle(head)
    account.queue.extendleft(reversed(head))


def _redeliver(account: Account, _dice: random.Random) -> None:
    while account.recent:
        account.queue.appendleft(account.recent.pop())


def _reset(account: Account, _dice: random.Random) -> None:
    account.queue.clear()


def _junk(account: Account, _dice: random.Random) -> None:
    account.queue.appendleft(Junk(dict(UNREADABLE)))


_ACTS: Final[dict[str, Callable[[Account, random.Random], None]]] = {
    "duplicate": _duplicate,
    "reorder": _reorder,
    "redeliver": _redeliver,
    "reset": _reset,
    "junk": _junk,
}
