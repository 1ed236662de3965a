"""``/bridgebot``: how the bridge is doing, the past fetched again, saved replies, help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bridgebot.bridge.replies import Rules
from bridgebot.bridge.spans import parse_words
from bridgebot.rendering.desk import said_post
from bridgebot.slack.access import Access
from bridgebot.slack.help import backfill_help, help_text
from bridgebot.slack.home import Scores
from bridgebot.slack.saved_desk import SavedDesk
from bridgebot.slack.telling import show
from bridgebot.store import lookups, queues, wishes
from bridgebot.store.database import Store
from bridgebot.store.rows import from_ms
from bridgebot.store.wishes import Wish

log = structlog.get_logger()


class Commands:
    """Answers commands from the store; only the caller sees the answers."""

    def __init__(
        self,
        store: Store,
        access: Access,
        scores: Scores,
        saved: SavedDesk,
        rules: Rules,
        *,
        now: Callable[[], int],
        wake: Callable[[], None],
        prefix: str = "",
    ) -> None:
        self._store = store
        self._access = access
        self._scores = scores
        self._saved = saved
        self._rules = rules
        self._now = now
        self._wake = wake
        self._prefix = prefix

    def register(self, app: AsyncApp) -> None:
        """Listen to the command."""
        app.command(f"/{self._prefix}bridgebot")(self.bridgebot)

    async def bridgebot(
        self, ack: AsyncAck, command: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Tell how the bridge is doing, fetch the past again, or say what there is to type."""
        await ack()
        if not await self._allowed(str(command["user_id"]), respond):
            return
        word, _, rest = str(command.get("text") or "").strip().partition(" ")
        if word == "status":
            await show(respond, said_post(await self._status()))
        elif word == "backfill":
            await show(respond, said_post(await self._backfill(command, rest)))
        elif word == "replies":
            if not await self._saved.open(str(command["trigger_id"])):
                await show(respond, said_post("Slack did not open the form. Please try again."))
        else:
            await show(respond, said_post(help_text(self._prefix, self._rules)))

    async def _status(self) -> str:
        depth = await self._store.read(queues.depth)
        waiting = await self._store.read(lookups.count_unanswered)
        lines = [f"Guests waiting for an answer: {waiting}"]
        lines += [f"{name.replace('_', ', ')}: {count}" for name, count in sorted(depth.items())]
        if not depth:
            lines.append("Nothing is on its way: all that came in and went out is delivered.")
        scores = await self._scores.lines()
        if scores:
            lines += ["Reply score at Booking.com, last 30 days:", *scores]
        return "\n".join(lines)

    async def _backfill(self, command: Mapping[str, Any], text: str) -> str:
        """Take a wish for messages of the past; a worker carries it out."""
        now = self._now()
        try:
            span = parse_words(text, now=from_ms(now))
        except ValueError as error:
            return f"{str(error)[:1].upper()}{str(error)[1:]}. {backfill_help(self._prefix)}"
        wanted = Wish(
            text=text,
            user=str(command["user_id"]),
            channel=str(command["channel_id"]),
            asked_at=now,
        )
        if not await self._store.write(lambda c: wishes.wish(c, wanted)):
            return "Messages of the past are being fetched already; please wait until that is done."
        self._wake()
        return f"Fetching {span.in_words()}. What was missing appears in the threads."

    async def _allowed(self, user: str, respond: AsyncRespond) -> bool:
        """Tell whether somebody may use this; tell them where they may not."""
        refusal = await self._access.refusal(user)
        if refusal is not None:
            await show(respond, said_post(refusal))
        return refusal is None
