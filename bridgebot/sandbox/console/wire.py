"""Keeps what goes over the wire on both sides, in order, without the secrets."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bridgebot.sandbox.console.stream import State
from bridgebot.sandbox.messaging.booking import Booking
from bridgebot.sandbox.slack.workspace import Workspace

_KEPT: Final = 400
_SECRET_KEYS: Final = frozenset({"token", "jwt", "client_secret", "authorization", "ticket"})
_SECRETS: Final = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|(?<=ticket=)[^&\s\"]+|(?<=/slack/response/)\w+"
)
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TS: Final = re.compile(r"\d{10}\.\d{6}")
# What the bridge asks of Slack and Booking.com, and what is sent to it.
_TO_BOT: Final = frozenset({"envelope", "notification"})
_NAMES: Final = {
    "token": "log in",
    "messages.latest": "fetch the queue",
    "messages.confirm": "confirm",
    "conversations.post": "send to the guest",
    "conversations.by_id": "read a conversation",
    "notification": "notify of a message",
    "envelope": "socket envelope",
    "ack": "acknowledge",
    "dropped": "given up: never acknowledged",
}
Entry = dict[str, Any]


class _Tap(deque[Entry]):
    """A log that tells somebody about each entry."""

    def __init__(self, tell: Callable[[Entry], None]) -> None:
        super().__init__(maxlen=_KEPT)
        self._tell = tell

    def append(self, entry: Entry, /) -> None:
        super().append(entry)
        self._tell(entry)


def hide(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Replace what is secret in a JSON value by dots."""
    if isinstance(value, Mapping):
        return {
            key: "…" if str(key).lower() in _SECRET_KEYS and each else hide(each)
            for key, each in value.items()
        }
    if isinstance(value, list | tuple):
        return [hide(each) for each in value]
    return _SECRETS.sub("…", value) if isinstance(value, str) else value


class Wire:
    """The entries of both sides, newest last; ``touch`` is called after each."""

    def __init__(self, booking: Booking, workspace: Workspace) -> None:
        self.touch: Callable[[], None] = lambda: None
        self._booking = booking
        self._workspace = workspace
        self._count = 0
        self._rows: dict[str, Entry] = {}
        # An acknowledgement names its envelope and nothing else.
        self._envelopes: dict[str, tuple[str, list[str]]] = {}
        booking.wire = _Tap(self._take)
        workspace.wire = _Tap(self._take)

    def tables(self) -> State:
        """Show all entries as a table."""
        return {"wire": dict(self._rows)}

    def _take(self, entry: Entry) -> None:
        self._count += 1
        key = f"{self._count:09d}"
        self._rows[key] = self._row(key, entry)
        if len(self._rows) > _KEPT:
            del self._rows[next(iter(self._rows))]
        self.touch()

    def _row(self, key: str, entry: Entry) -> Entry:
        what = str(entry["what"])
        kind, about = self._about(what, entry)
        return {
            "key": key,
            "at": entry["at"],
            "side": entry["side"],
            "to_bot": what in _TO_BOT,
            "what": what,
            "words": " · ".join([_NAMES.get(what, what), *_detail(entry, kind)]),
            "idle": what == "messages.latest" and _number(entry) == 0,
            "failed": _failed(entry),
            "conversations": about,
            "json": hide({name: each for name, each in entry.items() if name != "at"}),
        }

    def _about(self, what: str, entry: Entry) -> tuple[str, list[str]]:
        """Say what kind of event an entry carries and whose conversations it is about."""
        body = entry.get("body")
        envelope = str(body.get("envelope_id", "")) if isinstance(body, Mapping) else ""
        if what == "ack" and envelope in self._envelopes:
            return self._envelopes.pop(envelope)
        found = _kind(entry), sorted(set(self._conversations(entry)))
        if what == "envelope":
            self._envelopes[envelope] = found
            if len(self._envelopes) > _KEPT:
                del self._envelopes[next(iter(self._envelopes))]
        return found

    def _conversations(self, entry: Entry) -> Iterator[str]:
        """Find whose conversations an entry is about, by their ids and by their threads."""
        text = json.dumps(entry, default=str)
        yield from set(_UUID.findall(text)) & set(self._booking.conversations)
        for ts in set(_TS.findall(text)):
            for channel in self._workspace.channels.values():
                found = channel.messages.get(ts)
                root = channel.messages.get((found or {}).get("thread_ts") or ts)
                payload = ((root or {}).get("metadata") or {}).get("event_payload") or {}
                if "conversation_id" in payload:
                    yield str(payload["conversation_id"])


def _data(entry: Entry) -> Mapping[str, Any]:
    body = entry.get("body")
    data = body.get("data") if isinstance(body, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def _number(entry: Entry) -> int:
    messages = _data(entry).get("messages")
    return len(messages) if isinstance(messages, list) else -1


def _detail(entry: Entry, kind: str) -> Iterator[str]:
    """Say in a word or two what an entry carries."""
    what = entry["what"]
    if what == "messages.latest" and (count := _number(entry)) >= 0:
        yield f"{count} waiting" if count else "nothing new"
    elif what == "messages.confirm":
        yield str(entry.get("path", "")).rpartition("=")[2]
    elif what in {"envelope", "ack", "dropped"}:
        yield kind
    if answer := _answer(entry):
        yield answer


def _kind(entry: Entry) -> str:
    body = entry.get("body")
    payload = body.get("payload") if isinstance(body, Mapping) else None
    event = payload.get("event") if isinstance(payload, Mapping) else None
    if isinstance(event, Mapping):
        return ".".join(str(event[key]) for key in ("type", "subtype") if event.get(key))
    return str(entry.get("kind", "")).replace("_", " ")


def _answer(entry: Entry) -> str:
    """Say how a call failed; empty where it did not."""
    body, status = entry.get("body"), entry.get("status", 200)
    if status == 0:
        return "no answer"
    if status >= 400:  # noqa: PLR2004 - HTTP's first failing status
        return str(status)
    if isinstance(body, Mapping) and ("error" in body or "fault" in body):
        return str(body.get("error") or body.get("fault"))
    return ""


def _failed(entry: Entry) -> bool:
    return entry["what"] == "dropped" or bool(_answer(entry))
