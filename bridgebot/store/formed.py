"""Replies written in a form: shown in the thread by the bot, then sent like any other.

First the reply is queued for its thread. When it stands there, it becomes a row of the outbox in
the same transaction that records the post. So it is sent once, nobody gets what the thread does not
show, and its place among the thread's replies is that of its post.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.store import inbox, outbox
from bridgebot.store.rows import InboxRow

FORMED = "formed"
"""The part of a notice that makes it a reply."""

VERBATIM, WRITTEN_AT = "bridgebot_text", "bridgebot_at"
"""Keys put beside Slack's own: the text as the guest gets it, and when it was written (seconds)."""


async def put(
    connection: AsyncConnection, conversation: int, *, user: str, text: str, form: str, now: int
) -> bool:
    """Queue a reply for its thread; return whether this form was not submitted before."""
    reply = {"user": user, "at": now / 1000}
    notice = {"text": text, FORMED: reply}
    return await inbox.add_notice(connection, conversation, notice, now=now, key=f"form:{form}")


async def posted(
    connection: AsyncConnection, row: InboxRow, *, ts: str, thread_ts: str, now: int
) -> bool:
    """Make a reply of what now stands in its thread; return whether it is one and new."""
    reply = reply_of(row.notice)
    if reply is None or row.notice is None:
        return False
    text = str(row.notice["text"])
    event = {
        "type": "message",
        "channel": row.conversation.channel,
        "ts": ts,
        "thread_ts": thread_ts,
        "user": reply["user"],
        "text": text,
        "released": True,
        VERBATIM: text,
        WRITTEN_AT: reply["at"],
    }
    return await outbox.capture(connection, event, now=now, ours=True) is not None


def reply_of(notice: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Read who wrote a reply in a form and when; ``None`` for any other notice."""
    found = (notice or {}).get(FORMED)
    return found if isinstance(found, Mapping) else None
