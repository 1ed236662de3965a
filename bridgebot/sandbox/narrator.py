"""Tells what happens on both sides, read from the same state the page is drawn from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypedDict, cast

from bridgebot.sandbox.console.stream import State
from bridgebot.sandbox.console.words import plain
from bridgebot.sandbox.transcript import Transcript

_LOOK_SECONDS: Final = 0.05
_MARKS: Final = {
    "white_check_mark": "delivered",
    "lock": "kept as a note",
    "warning": "not delivered",
    "hourglass_flowing_sand": "still trying",
}


class PictureRow(TypedDict):
    """A picture beside a message, as the page gets it."""

    name: str


class PhoneRow(TypedDict):
    """A message on a guest's phone, as the page gets it."""

    id: str
    conversation_id: str
    order: int
    sender: str
    origin: str
    content: str
    pictures: list[PictureRow]
    at: str


class ReactionRow(TypedDict):
    """A reaction and who set it."""

    name: str
    users: list[str]


class PostRow(TypedDict):
    """A message in Slack, as the page gets it."""

    key: str
    channel: str
    ts: str
    thread_ts: str | None
    user: str
    name: str
    app: bool
    text: str
    files: list[PictureRow]
    edited: bool
    only_for: str | None
    conversation_id: str | None
    reactions: list[ReactionRow]


class Narrator:
    """Looks at the state again and again and writes a line for everything that is new."""

    def __init__(self, build: Callable[[], State], transcript: Transcript) -> None:
        self._build = build
        self._transcript = transcript
        self._state: State = {}
        self._phone: set[str] = set()
        self._posts: dict[str, PostRow] = {}

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            self.tell()
            await asyncio.sleep(_LOOK_SECONDS)

    def tell(self) -> None:
        """Write what happened since the last look."""
        self._state = self._build()
        phone = cast("list[PhoneRow]", list(self._state["messages"].values()))
        for row in sorted(phone, key=lambda one: one["order"]):
            if row["id"] not in self._phone:
                self._phone.add(row["id"])
                self._tell_phone(row)
        posts = cast("dict[str, PostRow]", self._state["posts"])
        for post in sorted(posts.values(), key=lambda one: one["ts"]):
            self._tell_post(post)
        self._tell_gone(posts)
        self._posts = dict(posts)

    def _field(self, table: str, row: str | None, name: str) -> str:
        found = self._state[table].get(row or "")
        return str(found.get(name, "")) if isinstance(found, dict) else ""

    def _words(self, post: PostRow) -> str:
        names = {key: self._field("people", key, "name") for key in self._state["people"]}
        return _with(plain(post["text"], names), post["files"])

    def _guest(self, conversation_id: str | None) -> str:
        return self._field("conversations", conversation_id, "guest") or "a guest"

    def _hotel(self, conversation_id: str) -> str:
        property_id = self._field("conversations", conversation_id, "property_id")
        return self._field("properties", property_id, "name")

    def _tell_phone(self, row: PhoneRow) -> None:
        guest, hotel = self._guest(row["conversation_id"]), self._hotel(row["conversation_id"])
        words = _with(row["content"], row["pictures"])
        if row["origin"] == "api":
            self._transcript.line("guest", f"{guest} gets", words)
        elif row["sender"] == "guest":
            self._transcript.line("guest", f"{guest} to {hotel}", words)
        else:
            how = "automatically" if row["origin"] == "template" else "in the extranet"
            self._transcript.line("hotel", f"{hotel} to {guest}, {how}", words)

    def _place(self, post: PostRow) -> str:
        channel = "#" + self._field("channels", post["channel"], "name")
        if not post["thread_ts"]:
            return channel
        root = self._state["posts"].get(f"{post['channel']}:{post['thread_ts']}")
        conversation = cast("PostRow", root)["conversation_id"] if root else None
        return f"{channel}, {self._guest(conversation)}'s thread" if conversation else channel

    def _tell_post(self, post: PostRow) -> None:
        before = self._posts.get(post["key"])
        if before is None:
            self._tell_new(post)
        elif post["text"] != before["text"] and not post["app"]:
            self._transcript.line("slack", f"{post['name']} edits", self._words(post))
        known = {reaction["name"] for reaction in before["reactions"]} if before else set()
        for reaction in post["reactions"]:
            if reaction["name"] in _MARKS and reaction["name"] not in known:
                what = _MARKS[reaction["name"]]
                self._transcript.line("bot", f"marks {post['name']}'s message", what)

    def _tell_new(self, post: PostRow) -> None:
        if post["only_for"]:
            who = self._field("people", post["only_for"], "name")
            self._transcript.line("bot", f"only {who} sees", self._words(post))
        elif post["conversation_id"] and not post["thread_ts"]:
            guest = self._guest(post["conversation_id"])
            self._transcript.line("bot", self._place(post), f"opens a thread for {guest}")
        elif post["app"]:
            self._transcript.line("bot", f"{self._place(post)}, {post['name']}", self._words(post))
        else:
            self._transcript.line(
                "slack", f"{post['name']} in {self._place(post)}", self._words(post)
            )

    def _tell_gone(self, posts: dict[str, PostRow]) -> None:
        for key, post in self._posts.items():
            if key not in posts and not post["app"]:
                self._transcript.line("slack", f"{post['name']} deletes", self._words(post))


def _with(words: str, pictures: list[PictureRow]) -> str:
    """Name the pictures beside some words."""
    return " ".join([words, *(f"[{each['name']}]" for each in pictures)]).strip()
