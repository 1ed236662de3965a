"""How a press or a command is answered: stored first, and told privately."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncRespond

from bridgebot.errors import StoreError
from bridgebot.rendering.post import Post
from bridgebot.store import conversations
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow
from bridgebot.store.writer import T, Unit

log = structlog.get_logger()

AT_ONCE = 0.8
"""Seconds until somebody who waits for a provider is told so."""

NO_THREAD = "This message is in no guest's thread."
LOOK_SECONDS = 2.0
"""How long a press may wait for what Slack has to be asked: it wants its answer within three."""

NOT_STORED = (
    "The database did not answer, so it is not sure whether this was decided. Please press again."
)


async def store_then_ack(
    store: Store, unit: Unit[T], ack: AsyncAck, respond: AsyncRespond | None
) -> T | None:
    """Write down what a press decides, and only then acknowledge it.

    Slack does not repeat a press: one that was acknowledged first would be lost without a word if
    the process died before the write. ``None`` where the database refused, which who pressed is
    told; where they cannot be told (no ``respond``) Slack says that we did not answer.
    """
    try:
        result = await store.write(unit)
    except StoreError as error:
        log.warning("press_not_stored", reason=str(error))
        if respond is not None:
            await ack()
            await tell(respond, NOT_STORED)
        return None
    await ack()
    return result


async def in_time(looking: Awaitable[T], ack: AsyncAck) -> T:
    """Wait for a look at who presses; where Slack is slow to tell, acknowledge before."""
    task = asyncio.ensure_future(looking)
    done, _ = await asyncio.wait([task], timeout=LOOK_SECONDS)
    if not done:
        await ack()
    return await task


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
