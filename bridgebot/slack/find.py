"""``/reservation``: finds a conversation, asks the provider for an unknown one, opens threads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.window import open_until
from bridgebot.errors import SlackError
from bridgebot.model import ReplyWindow
from bridgebot.rendering.desk import Found, said_post
from bridgebot.rendering.found import (
    GO,
    OPEN,
    PAGE,
    SHOW,
    TURN,
    Place,
    list_post,
    one_post,
    place_of,
)
from bridgebot.rendering.post import Post
from bridgebot.slack.access import Access
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.help import search_help
from bridgebot.slack.telling import AT_ONCE, show, tell
from bridgebot.store import conversations, lookups
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow, from_ms, state_of

log = structlog.get_logger()

MOST = 50
"""Conversations that can be paged through; who finds more should say more."""

SURELY = 6
"""Digits from which a number is a reservation's and not, say, a room's."""

LAST_MESSAGES = 5
OPENING = 10.0
"""Seconds to wait for a thread that is being opened."""


class Asked(Protocol):
    """What came of asking providers."""

    @property
    def found(self) -> Sequence[ConversationRow]:
        """Return the conversations that are known now."""
        ...

    @property
    def tried(self) -> Sequence[str]:
        """Say who was asked."""
        ...


class Imports(Protocol):
    """Brings in what the store does not know."""

    async def ask(self, words: str) -> Asked:
        """Ask the providers for a reservation."""
        ...

    async def open_thread(self, row_id: int, user: str) -> None:
        """Open a conversation's thread."""
        ...


class Find:
    """Answers from the store; only the caller sees the answers."""

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        access: Access,
        imports: Imports,
        *,
        label: Callable[[str], str],
        window: Callable[[str], ReplyWindow | None] = lambda _provider: None,
        prefix: str = "",
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._access = access
        self._imports = imports
        self._label = label
        self._window = window
        self._prefix = prefix

    def register(self, app: AsyncApp) -> None:
        """Listen to the command and to the buttons of its answers."""
        app.command(f"/{self._prefix}reservation")(self.reservation)
        app.action(re.compile(f"^{SHOW}_[0-9]+$"))(self.show)
        app.action(re.compile(f"^{TURN}_[a-z]+$"))(self.turn)
        app.action(OPEN)(self.open)
        app.action(GO)(self.go)

    async def reservation(
        self, ack: AsyncAck, command: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Find a conversation by reservation number, guest name or words."""
        await ack()
        refusal = await self._access.refusal(str(command["user_id"]))
        words = str(command.get("text") or "").strip()
        if refusal is not None or not words:
            await show(respond, said_post(refusal or search_help(self._prefix)), replace=True)
            return
        rows = await self._search(words)
        tried: Sequence[str] = ()
        if not rows or _is_of_another(words, rows):
            asked = await self._ask(words, respond)
            rows, tried = asked.found or rows, asked.tried
        if rows:
            await show(respond, await self._page(rows, Place(query=words)), replace=True)
        else:
            await show(respond, said_post(_nothing(words, tried)), replace=True)

    async def show(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Show one conversation of a list in the list's place."""
        place = await self._pressed(ack, body, action, respond)
        if place is not None and place.conversation is not None:
            await show(respond, await self._one(place.conversation, place, back=True), replace=True)

    async def turn(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Show another page of a list, or the list again."""
        place = await self._pressed(ack, body, action, respond)
        if place is not None:
            rows = await self._search(place.query)
            await show(respond, await self._page(rows, place), replace=True)

    async def open(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Open a conversation's thread, so that the property can write first."""
        place = await self._pressed(ack, body, action, respond)
        if place is None or place.conversation is None:
            return
        user, row_id = str(body["user"]["id"]), place.conversation
        await show(respond, said_post("Opening the thread…"), replace=True)
        await self._imports.open_thread(row_id, user)
        log.info("thread_wanted", conversation=row_id)
        row = await self._opened(row_id)
        if row.thread_ts is None:
            words = "The thread opens as soon as Slack lets it; you are mentioned in it."
            await show(respond, said_post(words), replace=True)
        else:
            await show(respond, await self._one(row_id, place), replace=True)

    async def again(self, place: str, respond: AsyncRespond) -> None:
        """Draw a card anew after something was done about its guest."""
        at = place_of(place)
        if at.conversation is not None:
            await show(respond, await self._one(at.conversation, at, back=at.back), replace=True)

    async def go(self, ack: AsyncAck) -> None:
        """Acknowledge a press on a link: Slack follows it by itself."""
        await ack()

    async def _pressed(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> Place | None:
        """Acknowledge and check who pressed; return where in the list they are."""
        await ack()
        refusal = await self._access.refusal(str(body["user"]["id"]))
        if refusal is not None:
            await tell(respond, refusal)
            return None
        return place_of(str(action["value"]))

    async def _search(self, words: str) -> Sequence[ConversationRow]:
        return await self._store.read(lambda c: lookups.search(c, words, limit=MOST))

    async def _ask(self, words: str, respond: AsyncRespond) -> Asked:
        """Ask the providers, and say so where that takes a while."""
        asking = asyncio.ensure_future(self._imports.ask(words))
        try:
            await asyncio.wait([asking], timeout=AT_ONCE)
            if not asking.done():
                await show(
                    respond, said_post("Not known here yet: asking the provider…"), replace=True
                )
            return await asking
        finally:
            asking.cancel()

    async def _page(self, rows: Sequence[ConversationRow], place: Place) -> Post:
        if len(rows) == 1:
            (row,) = rows
            return await self._one(row.id, Place(query=place.query, conversation=row.id))
        shown = rows[place.offset : place.offset + PAGE]
        count = f"{len(rows)} conversations" if len(rows) < MOST else f"The latest {MOST}"
        first, last = place.offset + 1, place.offset + len(shown)
        return list_post(
            [(row.id, self._found(row)) for row in shown],
            place,
            head=f"{count} for “{place.query}”, {first} to {last}",
            more=last < len(rows),
        )

    async def _one(self, row_id: int, place: Place, *, back: bool = False) -> Post:
        async def unit(connection: AsyncConnection) -> tuple[ConversationRow, Sequence[Any]]:
            row = await conversations.get(connection, row_id)
            return row, await lookups.last_messages(connection, row_id, limit=LAST_MESSAGES)

        row, messages = await self._store.read(unit)
        found = self._found(row, messages, await self._link(row))
        return one_post(found, place, back=back)

    def _found(
        self, row: ConversationRow, messages: Sequence[Any] = (), link: str | None = None
    ) -> Found:
        until = open_until(self._window(row.about.provider), row.last_guest_at)
        return Found(
            id=row.id,
            closing=row.closing_since is not None,
            claimed_by=row.claimed_by,
            open_until=from_ms(until) if until is not None else None,
            conversation=row.about,
            provider_label=self._label(row.about.provider),
            state=state_of(row),
            awaiting_since=from_ms(row.awaiting_since) if row.awaiting_since else None,
            link=link,
            messages=tuple(messages),
        )

    async def _link(self, row: ConversationRow) -> str | None:
        if row.thread_ts is None:
            return None
        try:
            return await self._gateway.permalink(row.channel, row.thread_ts)
        except SlackError as error:
            log.info("no_permalink", conversation=row.id, code=error.code)
            return None

    async def _opened(self, row_id: int) -> ConversationRow:
        """Wait a little until the thread is there."""
        until = asyncio.get_running_loop().time() + OPENING
        while True:
            row = await self._store.read(lambda c: conversations.get(c, row_id))
            if row.thread_ts is not None or asyncio.get_running_loop().time() > until:
                return row
            await asyncio.sleep(0.2)


def _is_of_another(words: str, rows: Sequence[ConversationRow]) -> bool:
    """Tell whether a reservation number was only mentioned by guests of other reservations."""
    _, number = lookups.place_and_number(words)
    if number is None or len(number) < SURELY:
        return False
    return all(row.about.reference != number for row in rows)


def _nothing(words: str, asked: Sequence[str]) -> str:
    """Say that nothing was found, and what was tried."""
    tried = ["reservation number", "guest's name", "words in messages"]
    lines = [f"Nothing found for “{words}”.", f"Tried here: {', '.join(tried)}."]
    lines += [f"Asked: {each}." for each in asked]
    if not asked:
        lines.append("A provider is asked only for a reservation number (digits).")
    return "\n".join(lines)
