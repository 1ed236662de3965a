"""Saved replies in a thread: chosen, filled in, seen, and sent to the guest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.replies import signed
from bridgebot.errors import SlackError
from bridgebot.rendering import saved as forms
from bridgebot.rendering.modals import TEXT, chosen, said_view, typed_text
from bridgebot.rendering.post import Block
from bridgebot.rendering.words import conversation_type
from bridgebot.slack.access import Access
from bridgebot.slack.drafts import Drafts
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.telling import NO_THREAD, tell, thread_of
from bridgebot.store import conversations, formed, named, saved
from bridgebot.store.database import Store
from bridgebot.store.rows import ConversationRow

log = structlog.get_logger()

NOT_OPENED = "Slack did not open the form. Please try again."
GONE = "This saved reply was deleted meanwhile. Please choose another one."
TOO_LONG = "Filled in, this text is too long for a form. Please shorten the saved reply."
SENT_ALREADY = "This was taken already; the thread shows what is sent."
LATER = "Slack does not answer just now. Please try again."


class SavedReplies:
    """Opens the forms from a thread and takes what comes of them."""

    def __init__(
        self,
        store: Store,
        gateway: Gateway,
        access: Access,
        drafts: Drafts,
        *,
        now: Callable[[], int],
        wake: Callable[[], None],
        prefix: str = "",
    ) -> None:
        self._store = store
        self._gateway = gateway
        self._access = access
        self._drafts = drafts
        self._now = now
        self._wake = wake
        self._prefix = prefix

    def register(self, app: AsyncApp) -> None:
        """Listen to the shortcut, the root's button and the forms."""
        app.shortcut("saved_replies")(self.from_message)
        app.action(forms.OPEN)(self.from_root)
        app.view(forms.CHOOSE)(self.choose)
        app.view(forms.SEND)(self.send)

    async def from_message(
        self, ack: AsyncAck, shortcut: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """Open the choice from a message of a thread."""
        await ack()
        await self._open(await thread_of(self._store, shortcut), shortcut, respond)

    async def from_root(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Open the choice from a thread's root."""
        await ack()
        number = int(str(action["value"]))
        row = await self._store.read(lambda c: conversations.get(c, number))
        await self._open(row, body, respond)

    async def _open(
        self, row: ConversationRow | None, body: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        refusal = await self._access.refusal(str(body["user"]["id"]), sends=True)
        if refusal is None:
            refusal = NO_THREAD if row is None else self._drafts.closed(row)
        if refusal is not None or row is None:
            await tell(respond, refusal or NO_THREAD)
            return
        replies = await self._store.read(saved.every)
        shown = [forms.Shown(id=each.id, name=each.name, text=each.text) for each in replies]
        if shown:
            view = forms.choose_view(shown, str(row.id), _about(row))
        else:
            command = f"/{self._prefix}bridgebot replies"
            words = f"There are no saved replies yet. Write them with {command}."
            view = said_view(forms.TITLE, words)
        try:
            await self._gateway.open_view(str(body["trigger_id"]), view)
        except SlackError as error:
            log.info("not_opened", code=error.code)
            await tell(respond, NOT_OPENED)

    async def choose(self, ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        """Show the chosen reply, filled in, in the place of the choice."""
        user, number = str(body["user"]["id"]), int(view["private_metadata"])
        which = int(chosen(view, forms.WHICH) or 0)

        async def unit(
            connection: AsyncConnection,
        ) -> tuple[ConversationRow, saved.SavedReply | None, str]:
            row = await conversations.get(connection, number)
            name = await named.name_of(connection, row.about.provider, row.about.property_id)
            return row, await saved.get(connection, which), name

        row, reply, name = await self._store.read(unit)
        wrong = await self._access.refusal(user, sends=True) or (GONE if reply is None else None)
        text = self._drafts.filled(reply.text, row, name) if reply is not None else ""
        if wrong is None and not forms.fits(text):
            wrong = TOO_LONG
        if wrong is not None:
            await ack(response_action="errors", errors={forms.WHICH: wrong})
            return
        await ack(response_action="update", view=dict(await self._draft(row, user, text)))

    async def _draft(self, row: ConversationRow, user: str, text: str) -> Block:
        """Make the form in which a reply is seen, with what stands below it."""
        try:
            signature = await self._drafts.signature(user, row)
        except SlackError:
            signature = ""
        notes = [f"Below it stands: {signature}"] if signature else []
        missing = self._drafts.why_not(row, text, signature)
        notes += [missing] if missing else []
        return forms.send_view(text, str(row.id), about=_about(row), notes=notes)

    async def send(self, ack: AsyncAck, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        """Send what stands in the form, once, however often it is submitted."""
        user, number, text = (
            str(body["user"]["id"]),
            int(view["private_metadata"]),
            typed_text(view),
        )
        row = await self._store.read(lambda c: conversations.get(c, number))
        wrong, whole = await self._judged(row, user, text)
        if wrong is not None:
            await ack(response_action="errors", errors={TEXT: wrong})
            return
        new = await self._store.write(
            lambda c: formed.put(
                c, number, user=user, text=whole, form=str(view["id"]), now=self._now()
            )
        )
        if not new:
            await ack(response_action="errors", errors={TEXT: SENT_ALREADY})
            return
        await ack()
        log.info("formed", conversation=number)
        self._wake()

    async def _judged(self, row: ConversationRow, user: str, text: str) -> tuple[str | None, str]:
        """Say why a reply cannot go out, if so, and what the guest would get."""
        refusal = await self._access.refusal(user, sends=True)
        if refusal is not None:
            return refusal, ""
        try:
            signature = await self._drafts.signature(user, row)
            return self._drafts.why_not(row, text, signature), signed(text, signature)
        except SlackError:
            return LATER, ""


def _about(row: ConversationRow) -> str:
    about = row.about
    kind = conversation_type(about.conversation_type)
    return f"To {about.guest_name or 'the guest'} · {kind} {about.reference or ''}".rstrip()
