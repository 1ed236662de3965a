"""``/bridgebot replies``: saved replies are written, changed and deleted in forms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.saved import PLACEHOLDERS, why_not_kept
from bridgebot.errors import SlackError
from bridgebot.rendering import saved as forms
from bridgebot.rendering.modals import TEXT, typed_text
from bridgebot.rendering.post import Block
from bridgebot.slack.access import Access
from bridgebot.slack.gateway import Gateway
from bridgebot.store import saved
from bridgebot.store.database import Store

log = structlog.get_logger()

HINT = "Filled in before it is sent: " + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
_WORDS = {
    "taken": (forms.NAME, "There is a saved reply with this name already."),
    "full": (forms.NAME, f"There are {saved.MOST} saved replies; please delete one first."),
    "changed": (TEXT, "Somebody changed or deleted it meanwhile. Please close and look again."),
}


class SavedDesk:
    """Keeps the saved replies in order; all who may reply may change them."""

    def __init__(
        self, store: Store, gateway: Gateway, access: Access, *, now: Callable[[], int]
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._access = access
        self._now = now

    def register(self, app: AsyncApp) -> None:
        """Listen to the list's buttons and to the form."""
        app.action(forms.NEW)(self.write)
        app.action(re.compile(f"^{forms.EDIT}_[0-9]+$"))(self.write)
        app.action(re.compile(f"^{forms.DELETE}_[0-9]+$"))(self.delete)
        app.action(re.compile(f"^{forms.TURN}_[a-z]+$"))(self.turn)
        app.view(forms.FORM)(self.keep)

    async def open(self, trigger_id: str) -> bool:
        """Open the list for somebody who may; return whether Slack did."""
        try:
            await self._gateway.open_view(trigger_id, await self._list(0))
        except SlackError as error:
            log.info("not_opened", code=error.code)
            return False
        return True

    async def write(
        self, ack: AsyncAck, body: Mapping[str, Any], action: Mapping[str, Any]
    ) -> None:
        """Open the form of a new saved reply, or of one that is there."""
        await ack()
        if await self._access.refusal(str(body["user"]["id"])) is not None:
            return
        number = str(action["value"])
        view = forms.form_view("", hint=HINT)
        if number.isdigit():
            reply = await self._store.read(lambda c: saved.get(c, int(number)))
            if reply is None:
                await self._show(str(body["view"]["id"]), 0)
                return
            place = json.dumps([reply.id, reply.changed_at])
            view = forms.form_view(place, hint=HINT, name=reply.name, text=reply.text)
        try:
            await self._gateway.push_view(str(body["trigger_id"]), view)
        except SlackError as error:
            log.info("not_opened", code=error.code)

    async def keep(self, ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        """Keep what was written, or say at the field what is wrong with it."""
        user = str(body["user"]["id"])
        name, text = typed_text(view, forms.NAME), typed_text(view)
        wrong = await self._wrong(user, name, text)
        if not wrong:
            place = json.loads(str(view["private_metadata"] or "null"))
            why = await self._store.write(lambda c: self._unit(c, place, name, text, user))
            wrong = dict([_WORDS[why]]) if why else {}
        if wrong:
            await ack(response_action="errors", errors=wrong)
            return
        await ack()
        log.info("saved_reply_kept")
        if view.get("previous_view_id"):
            await self._show(str(view["previous_view_id"]), 0)

    async def _wrong(self, user: str, name: str, text: str) -> dict[str, str]:
        refusal = await self._access.refusal(user)
        if refusal is not None or not name:
            return {forms.NAME: refusal or "Please give it a name."}
        unknown = why_not_kept(text) if text else "Please write a text."
        return {TEXT: unknown} if unknown else {}

    async def _unit(
        self,
        connection: AsyncConnection,
        place: list[int] | None,
        name: str,
        text: str,
        user: str,
    ) -> str:
        now = self._now()
        if place is None:
            return await saved.add(connection, name=name, text=text, user=user, now=now)
        seen = (place[0], place[1])
        return await saved.change(connection, seen, name=name, text=text, user=user, now=now)

    async def delete(
        self, ack: AsyncAck, body: Mapping[str, Any], action: Mapping[str, Any]
    ) -> None:
        """Delete a saved reply; Slack has asked whether that is meant."""
        await ack()
        if await self._access.refusal(str(body["user"]["id"])) is not None:
            return
        number = int(str(action["value"]))
        done = await self._store.write(lambda c: saved.remove(c, number))
        log.info("saved_reply_deleted", done=done)
        offset = int(json.loads(body["view"]["private_metadata"])["offset"])
        await self._show(str(body["view"]["id"]), offset)

    async def turn(self, ack: AsyncAck, body: Mapping[str, Any], action: Mapping[str, Any]) -> None:
        """Show another page of the list."""
        await ack()
        if await self._access.refusal(str(body["user"]["id"])) is None:
            await self._show(str(body["view"]["id"]), int(str(action["value"])))

    async def _show(self, view_id: str, offset: int) -> None:
        """Draw the list anew in a form that is open; one that was closed is no matter."""
        try:
            await self._gateway.update_view(view_id, await self._list(offset))
        except SlackError as error:
            log.info("not_drawn", view="saved", code=error.code)

    async def _list(self, offset: int) -> Block:
        replies = await self._store.read(saved.every)
        shown = [forms.Shown(id=each.id, name=each.name, text=each.text) for each in replies]
        return forms.manage_view(shown, offset=offset if offset < len(shown) else 0)
