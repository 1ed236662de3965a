"""Older messages on demand: a button on the thread's root, and a shortcut on its messages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bridgebot.slack.access import Access
from bridgebot.store import conversations
from bridgebot.store.database import Store

BUTTON = "older_show"
AT_ONCE = 0.8
"""Seconds until somebody who waits for a provider is told so."""

ASKING = "Looking for older messages…"
NO_THREAD = "This message is in no guest's thread."


class History(Protocol):
    """Brings in what a thread does not have."""

    async def show_older(self, row_id: int, user: str) -> str | None:
        """Put older messages into a thread, or say why there are none."""
        ...


class Older:
    """Takes the press; the messages themselves come into the thread by the inbox."""

    def __init__(self, store: Store, access: Access, history: History) -> None:
        self._store = store
        self._access = access
        self._history = history

    def register(self, app: AsyncApp) -> None:
        """Listen to the button and the shortcut."""
        app.action(BUTTON)(self.from_root)
        app.shortcut("older_messages")(self.from_message)

    async def from_root(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Show what is older in the thread of this root."""
        await ack()
        await self._show(int(str(action["value"])), str(body["user"]["id"]), respond)

    async def from_message(
        self, ack: AsyncAck, shortcut: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Show what is older in the thread of this message."""
        await ack()
        message, channel = shortcut["message"], str(shortcut["channel"]["id"])
        thread_ts = str(message.get("thread_ts") or shortcut["message_ts"])
        row = await self._store.read(lambda c: conversations.by_thread(c, channel, thread_ts))
        await self._show(row.id if row else None, str(shortcut["user"]["id"]), respond)

    async def _show(self, row_id: int | None, user: str, respond: AsyncRespond) -> None:
        refusal = await self._access.refusal(user)
        if refusal is not None or row_id is None:
            await _tell(respond, refusal or NO_THREAD)
            return
        work = asyncio.ensure_future(self._history.show_older(row_id, user))
        try:
            await asyncio.wait([work], timeout=AT_ONCE)
            if not work.done():
                await _tell(respond, ASKING)
            said = await work
        finally:
            work.cancel()
        if said is not None:
            await _tell(respond, said)


async def _tell(respond: AsyncRespond, words: str) -> None:
    await respond(words, replace_original=False, response_type="ephemeral")
