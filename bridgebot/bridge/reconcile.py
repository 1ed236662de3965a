"""Finds on the other side what a call whose answer was lost has left there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bridgebot.bridge.inbound import SKEW_MS, is_same_text
from bridgebot.model import Message, SenderKind

ROOT = "bridgebot_thread"
MESSAGE = "bridgebot_message"
NOTICE = "bridgebot_notice"
MARKS = ("white_check_mark", "lock", "warning")
"""The marks that say how a staff message ended; of several the first counts."""


def sent_already(
    content: str,
    began: datetime,
    taken: Collection[str],
    messages: Iterable[Message],
    nameless: Iterable[tuple[datetime, datetime]] = (),
) -> Message | None:
    """Find our reply among a conversation's messages: by sender, content and time.

    ``taken`` are the ids of messages known to be something else; so two replies with the same
    words stay two. ``nameless`` are spans of time, oldest first, in each of which another reply
    with these words went out whose message nobody can name: the first that fits counts as its own.
    """
    alike = [
        message
        for message in messages
        if message.sender is SenderKind.PROPERTY
        and message.message_id not in taken
        and is_same_text(content, message.content)
    ]
    for first, last in nameless:
        its_own = _sent_in(alike, first, last)
        if its_own is not None:
            alike.remove(its_own)
    return _sent_in(alike, began)


def _sent_in(
    messages: Iterable[Message], first: datetime, last: datetime | None = None
) -> Message | None:
    """Find the first message of a span of time, however far the clocks differ."""
    skew = timedelta(milliseconds=SKEW_MS)
    for message in messages:
        if first - skew <= message.sent_at and (last is None or message.sent_at <= last + skew):
            return message
    return None


def metadata_of(post: Mapping[str, Any], event_type: str) -> Mapping[str, Any] | None:
    """Return the payload of a Slack message's metadata when it is of this type."""
    metadata = post.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != event_type:
        return None
    payload = metadata.get("event_payload")
    return payload if isinstance(payload, dict) else {}


def root_of(posts: Iterable[Mapping[str, Any]], provider: str, conversation_id: str) -> str | None:
    """Find the root of a conversation's thread in a channel; the oldest if there are several."""
    found = [
        str(post["ts"])
        for post in posts
        if (payload := metadata_of(post, ROOT)) is not None
        and payload.get("provider") == provider
        and payload.get("conversation_id") == conversation_id
    ]
    return min(found, default=None)


def parts_of(posts: Iterable[Mapping[str, Any]], provider: str, message_id: str) -> list[str]:
    """Find the posts of a message in its thread, in the order of its parts."""
    found: dict[int, str] = {}
    for post in posts:
        payload = metadata_of(post, MESSAGE)
        if payload is None or payload.get("provider") != provider:
            continue
        if payload.get("message_id") == message_id:
            found.setdefault(int(payload.get("part") or 1), str(post["ts"]))
    parts: list[str] = []
    while len(parts) + 1 in found:
        parts.append(found[len(parts) + 1])
    return parts


def notice_of(posts: Iterable[Mapping[str, Any]], delivery: int) -> list[str]:
    """Find the post of one of the bot's own notices."""
    return [
        str(post["ts"])
        for post in posts
        if (payload := metadata_of(post, NOTICE)) is not None and payload.get("notice") == delivery
    ][:1]


def shows_file(posts: Iterable[Mapping[str, Any]], file: str) -> bool:
    """Tell whether a file stands in a thread; its id is Slack's own, so nobody can forge it."""
    return any(each.get("id") == file for post in posts for each in post.get("files") or ())


def mark_of(post: Mapping[str, Any], bot_user: str) -> str | None:
    """Tell how a staff message ended by the marks that the bot itself has put on it."""
    own = {
        each.get("name")
        for each in post.get("reactions") or ()
        if bot_user in (each.get("users") or ())
    }
    return next((mark for mark in MARKS if mark in own), None)
