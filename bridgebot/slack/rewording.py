"""*Edit* below a held reply: a modal with its text, which sends what was made of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.errors import SlackError
from bridgebot.rendering import blocks
from bridgebot.rendering.modals import LONGEST, TEXT, typed_text, wording
from bridgebot.slack.access import Access
from bridgebot.slack.drafts import Drafts
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.telling import tell
from bridgebot.store import actors, outbox
from bridgebot.store.database import Store
from bridgebot.store.rows import OutboxRow

log = structlog.get_logger()

EDIT = "held_edit"
DECIDED = "This was decided already."
TOO_LONG = "This text is too long for a form; please edit the message itself, then send it."


class Rewording:
    """Opens the modal and takes what comes of it."""

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        access: Access,
        drafts: Drafts,
        *,
        now: Callable[[], int],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._access = access
        self._drafts = drafts
        self._now = now
        self._wake = wake

    def register(self, app: AsyncApp) -> None:
        """Listen to the button and to its modal."""
        app.action(EDIT)(self.open)
        app.view(EDIT)(self.take)

    async def open(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Show the text of a held reply for changing."""
        await ack()
        refusal = await self._access.refusal(str(body["user"]["id"]), sends=True)
        row = await self._row(int(str(action["value"])))
        if refusal is not None or row is None:
            await tell(respond, refusal or DECIDED)
            return
        if len(row.content or "") > LONGEST:
            await tell(respond, TOO_LONG)
            return
        place = {"row": row.id, "channel": row.channel, "ts": body["container"]["message_ts"]}
        view = wording(EDIT, row.content or "", json.dumps(place))
        try:
            await self._gateway.open_view(str(body["trigger_id"]), view)
        except SlackError as error:
            log.info("not_opened", code=error.code)
            await tell(respond, "Slack did not open the form. Please press again.")

    async def take(self, ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        """Send the changed text, once."""
        place, text = json.loads(view["private_metadata"]), typed_text(view)
        user, number = str(body["user"]["id"]), int(place["row"])
        wrong = await self._access.refusal(user, sends=True)
        if wrong is None:
            wrong = await self._store.write(lambda c: self._send(c, number, text, user))
        if wrong is not None:
            await ack(response_action="errors", errors={TEXT: wrong})
            return
        await ack()
        log.info("reworded", delivery=place["row"])
        self._wake()
        await self._say(place, blocks.reworded(str(body["user"]["id"]), text))

    async def _send(
        self, connection: AsyncConnection, number: int, text: str, user: str
    ) -> str | None:
        """Send a held reply in other words; say why where it cannot be."""
        now = self._now()
        wrong = await self._drafts.held_up(connection, number, text)
        if wrong is not None:
            return wrong
        if not await outbox.send_held(connection, number, now=now, content=text):
            return DECIDED
        (row,) = await outbox.read(connection, [number])
        await actors.note_act(connection, row, "reworded", user, now=now)
        return None

    async def _row(self, row_id: int) -> OutboxRow | None:
        rows = await self._store.read(lambda c: outbox.read(c, [row_id]))
        return next((row for row in rows if row.kind == "held"), None)

    async def _say(self, place: Mapping[str, Any], post: blocks.Post) -> None:
        """Put what was sent in place of the question."""
        try:
            await self._gateway.update(
                str(place["channel"]), str(place["ts"]), post.text, blocks=post.blocks
            )
        except SlackError as error:
            log.info("not_drawn", view=f"held:{place['row']}", code=error.code)
