"""Buttons about a guest who waits: on alerts, in lists and on the thread's root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.hours import opens_at
from bridgebot.bridge.waiting import MINUTE, Desk
from bridgebot.rendering.found import AGAIN
from bridgebot.slack.access import Access
from bridgebot.slack.find import Find
from bridgebot.slack.home import Home
from bridgebot.slack.lists import Lists
from bridgebot.slack.telling import in_time, store_then_ack, tell
from bridgebot.store import audit, conversations, desk
from bridgebot.store.database import Store

log = structlog.get_logger()

Act = Callable[[AsyncConnection, int, str, int], Awaitable[bool]]
ACTS = {
    "wait_claim": "claimed",
    "wait_release": "released",
    "wait_snooze_30": "snoozed",
    "wait_snooze_120": "snoozed",
    "wait_snooze_opening": "snoozed",
    "wait_settle": "settled",
    "wait_reopen": "reopened",
}
"""What the audit trail calls a button."""

LATE = "Somebody was faster, or the guest does not wait any more."


class WaitingButtons:
    """Handles presses; what they change is drawn again by the presenter."""

    def __init__(
        self,
        store: Store,
        access: Access,
        rules: Desk,
        lists: Lists,
        home: Home,
        find: Find,
        *,
        now: Callable[[], int],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._access = access
        self._rules = rules
        self._lists = lists
        self._home = home
        self._find = find
        self._now = now
        self._wake = wake
        self._acts: Mapping[str, Act] = {
            "wait_claim": _claim,
            "wait_release": _release,
            "wait_snooze_30": _snooze_for(30),
            "wait_snooze_120": _snooze_for(120),
            "wait_snooze_opening": self._until_opening,
            "wait_settle": _settle,
            "wait_reopen": _reopen,
        }

    def register(self, app: AsyncApp) -> None:
        """Listen to the buttons."""
        for action_id in self._acts:
            app.action(action_id)(self.press)
        app.action("wait_open")(self.opened)

    async def opened(self, ack: AsyncAck) -> None:
        """Acknowledge a link: Slack tells of its press as of any other."""
        await ack()

    async def press(
        self,
        ack: AsyncAck,
        body: Mapping[str, Any],
        action: Mapping[str, Any],
        respond: AsyncRespond,
    ) -> None:
        """Carry a button out; who may not, or came too late, is told privately."""
        user = str(body["user"]["id"])
        # The Home tab has no place for an answer; who may not use it sees that there.
        answer = respond if "response_url" in body else None
        refusal = await in_time(self._access.refusal(user), ack)
        if refusal is not None:
            await ack()
            if answer is not None:
                await tell(answer, refusal)
            return
        number, _, page = str(action["value"]).partition("|")
        action_id, row_id, now = str(action["action_id"]), int(number), self._now()
        done = await store_then_ack(
            self._store, lambda c: self._act(c, action_id, row_id, user, now), ack, answer
        )
        if done is None:
            return
        log.info("pressed", action=action["action_id"], conversation=row_id, done=done)
        self._wake()
        if page.startswith("home:"):
            await self._home.again(user)
        elif page.startswith(AGAIN):
            await self._find.again(page.removeprefix(AGAIN), respond)
        elif page:
            await self._lists.again(page, respond)
        elif not done:
            await tell(respond, LATE)

    async def _act(
        self, connection: AsyncConnection, action_id: str, row_id: int, user: str, now: int
    ) -> bool:
        done = await self._acts[action_id](connection, row_id, user, now)
        if done:
            await _note(connection, action_id, row_id, user, now)
        return done

    async def _until_opening(
        self, connection: AsyncConnection, row_id: int, user: str, now: int
    ) -> bool:
        about = (await conversations.get(connection, row_id)).about
        until = opens_at(self._rules.rules_of(about.property_id, None).hours, now)
        return until is not None and await desk.snooze(connection, row_id, user, until=until)


async def _note(
    connection: AsyncConnection, action_id: str, row_id: int, user: str, now: int
) -> None:
    """Write down who pressed what, beside what it did."""
    detail = {}
    if ACTS[action_id] == "snoozed":
        until = (await conversations.get(connection, row_id)).snoozed_until
        detail = {"until": until or now}
    await audit.note(
        connection,
        at=now,
        actor=audit.person(user),
        act=ACTS[action_id],
        conversation=row_id,
        detail=detail,
    )


async def _claim(connection: AsyncConnection, row_id: int, user: str, now: int) -> bool:
    return await desk.claim(connection, row_id, user, now=now)


async def _release(connection: AsyncConnection, row_id: int, _user: str, _now: int) -> bool:
    return await desk.release(connection, row_id)


async def _settle(connection: AsyncConnection, row_id: int, user: str, now: int) -> bool:
    return await desk.settle(connection, row_id, user, now=now)


async def _reopen(connection: AsyncConnection, row_id: int, _user: str, _now: int) -> bool:
    return await desk.reopen(connection, row_id)


def _snooze_for(minutes: int) -> Act:
    async def snooze(connection: AsyncConnection, row_id: int, user: str, now: int) -> bool:
        return await desk.snooze(connection, row_id, user, until=now + minutes * MINUTE)

    return snooze
