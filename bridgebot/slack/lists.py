"""The list of guests who wait: ``/unanswered``, its pages, and what its buttons change in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond

from bridgebot.rendering.desk import said_post
from bridgebot.rendering.post import Post
from bridgebot.rendering.waiting import waiting_list
from bridgebot.slack.access import Access
from bridgebot.slack.guests import Guests, by_property
from bridgebot.slack.telling import show

PAGE = 10
FIRST = "0:"


class Lists:
    """Shows who waits, to the person who asked."""

    def __init__(self, guests: Guests, access: Access, *, prefix: str = "") -> None:
        self._guests = guests
        self._access = access
        self._prefix = prefix

    def register(self, app: AsyncApp) -> None:
        """Listen to the command and to the buttons that turn pages."""
        app.command(f"/{self._prefix}unanswered")(self.unanswered)
        app.action("wait_list")(self.turn)

    async def unanswered(
        self, ack: AsyncAck, command: Mapping[str, Any], respond: AsyncRespond
    ) -> None:
        """List the guests who wait, the longest first; of one property, where its id is given."""
        await ack()
        wanted = str(command.get("text") or "").strip()
        await self._answer(str(command["user_id"]), f"0:{wanted}", respond)

    async def turn(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Show another page; in place of the list it was asked from, beside an alert."""
        await ack()
        in_list = bool((body.get("container") or {}).get("is_ephemeral"))
        await self._answer(str(body["user"]["id"]), str(action["value"]), respond, replace=in_list)

    async def again(self, page: str, respond: AsyncRespond) -> None:
        """Show a list anew after one of its buttons was pressed."""
        await show(respond, await self._page(page), replace=True)

    async def _answer(
        self, user: str, page: str, respond: AsyncRespond, *, replace: bool = False
    ) -> None:
        refusal = await self._access.refusal(user)
        post = said_post(refusal) if refusal is not None else await self._page(page)
        await show(respond, post, replace=replace)

    async def _page(self, page: str) -> Post:
        offset, _, wanted = page.partition(":")
        start = int(offset)
        guests, count = await self._guests.page(
            property_id=wanted or None, offset=start, limit=PAGE
        )
        where = f" at property {wanted}" if wanted else ""
        if not guests:
            return said_post(f"Nobody waits{where}: every guest has an answer.")
        head = f"{count} waiting{where}"
        if count > len(guests):
            head += f", {start + 1} to {start + len(guests)}"
        rest = f"{start + PAGE}:{wanted}" if count > start + len(guests) else None
        return waiting_list(by_property(guests), head=head, page=page, next_page=rest)
