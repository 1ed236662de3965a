"""How a press or a command is answered: privately, and where a message's thread is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncRespond

from bridgebot.rendering.post import Post
from bridgebot.store import conversations
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow

AT_ONCE = 0.8
"""Seconds until somebody who waits for a provider is told so."""

NO_THREAD = "This message is in no guest's thread."


async def tell(respond: AsyncRespond, words: str) -> None:
    """Say something to who pressed alone, beside what stands there."""
    await respond(words, replace_original=False, response_type="ephemeral")


async def show(respond: AsyncRespond, post: Post, *, replace: bool = False) -> None:
    """Show something to who asked alone; with ``replace`` in the place of what was pressed in.

    A command's answer has nothing to replace.
    """
    await respond(
        text=post.text,
        blocks=[dict(block) for block in post.blocks],
        response_type="ephemeral",
        replace_original=replace,
    )


async def thread_of(store: Store, shortcut: Mapping[str, Any]) -> ConversationRow | None:
    """Find the conversation in whose thread a message stands, by the shortcut that was used."""
    channel = str(shortcut["channel"]["id"])
    ts = str(shortcut["message"].get("thread_ts") or shortcut["message_ts"])
    return await store.read(lambda c: conversations.by_thread(c, channel, ts))
