"""The button below an alert about something that could not be shown in Slack: try again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.rendering.blocks import SHOW_AGAIN
from bridgebot.slack.access import Access
from bridgebot.slack.telling import in_time, store_then_ack, tell
from bridgebot.store import audit, formed, inbox, queues, standing
from bridgebot.store.database import Store
from bridgebot.store.schema import inbox as table

log = structlog.get_logger()


class Retries:
    """Lets what was given up go to its thread once more, whoever presses first."""

    def __init__(
        self, store: Store, access: Access, *, now: Callable[[], int], wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._access = access
        self._now = now
        self._wake = wake

    def register(self, app: AsyncApp) -> None:
        """Listen to the button."""
        app.action(SHOW_AGAIN)(self.press)

    async def press(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Try again; a reply from a form goes to the guest with it."""
        user, row_id, now = str(body["user"]["id"]), int(str(action["value"])), self._now()
        rows = await self._store.read(lambda c: inbox.read(c, [row_id]))
        sends = any(formed.reply_of(row.notice) for row in rows)
        refusal = await in_time(self._access.refusal(user, sends=sends), ack)
        if refusal is not None:
            await ack()
            await tell(respond, f"{refusal} Nothing was decided.")
            return
        done = await store_then_ack(
            self._store, lambda c: _try_again(c, row_id, user, now), ack, respond
        )
        if done is None:
            return
        log.info("pressed", action=SHOW_AGAIN, delivery=row_id, done=done)
        self._wake()
        if not done:
            await tell(respond, "This was decided already.")


async def _try_again(connection: AsyncConnection, row_id: int, user: str, now: int) -> bool:
    if not await queues.try_again(connection, table, row_id, now=now):
        return False
    line = f"<@{user}> had it tried again."
    await standing.close(connection, table, row_id, line=line, now=now)
    (row,) = await inbox.read(connection, [row_id])
    await audit.note(
        connection,
        at=now,
        actor=audit.person(user),
        act="retried",
        conversation=row.conversation.id,
        subject=standing.subject_of(table, row_id),
    )
    return True
