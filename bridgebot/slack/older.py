"""Older messages on demand: a button on the thread's root, and a shortcut on its messages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bridgebot.errors import SlackError
from bridgebot.rendering.modals import said_view
from bridgebot.slack.access import Access
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.telling import AT_ONCE, NO_THREAD, tell, thread_of
from bridgebot.store.database import Store

log = structlog.get_logger()

BUTTON = "older_show"
TITLE = "Older messages"
ASKING = "Looking for older messages…"
FOLLOW = "The older messages are on their way into the thread."


class History(Protocol):
    """Brings in what a thread does not have."""

    async def show_older(self, row_id: int, user: str) -> str | None:
        """Put older messages into a thread, or say why there are none."""
        ...


class Older:
    """Takes the press; the messages themselves come into the thread by the inbox."""

    def __init__(self, store: Store, gateway: Gateway, access: Access, history: History) -> None:
        self._store = store
        self._gateway = gateway
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
        await self._show(int(str(action["value"])), body, respond)

    async def from_message(
        self, ack: AsyncAck, shortcut: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Show what is older in the thread of this message."""
        await ack()
        row = await thread_of(self._store, shortcut)
        await self._show(row.id if row else None, shortcut, respond)

    async def _show(
        self, row_id: int | None, body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        user = str(body["user"]["id"])
        refusal = await self._access.refusal(user)
        if refusal is not None or row_id is None:
            await tell(respond, refusal or NO_THREAD)
            return
        work = asyncio.ensure_future(self._history.show_older(row_id, user))
        try:
            await asyncio.wait([work], timeout=AT_ONCE)
            form = None if work.done() else await self._say_so(str(body["trigger_id"]))
            said = await work
        finally:
            work.cancel()
        if not await self._replaced(form, said or FOLLOW) and said is not None:
            await tell(respond, said)

    async def _say_so(self, trigger_id: str) -> str | None:
        """Tell somebody who waits what goes on, in a form; return its id.

        What one person alone sees in a channel cannot be changed afterwards; a form can.
        """
        try:
            return await self._gateway.open_view(trigger_id, said_view(TITLE, ASKING))
        except SlackError as error:
            log.info("not_opened", code=error.code)
            return None

    async def _replaced(self, form: str | None, words: str) -> bool:
        """Put the result in the place of what was said while it was awaited."""
        if form is None:
            return False
        try:
            await self._gateway.update_view(form, said_view(TITLE, words))
        except SlackError as error:
            # Closed meanwhile.
            log.info("not_drawn", view="older", code=error.code)
            return False
        return True
