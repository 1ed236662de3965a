"""Raises, escalates and closes the alerts about guests who wait.

Each conversation says when it has to be looked at next; whatever happens in it sets that to now.
A look is one transaction: what the row says, what ``bridge.waiting`` decides, what is written.
The first one comes when each source was heard: a guest may have been answered elsewhere meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.waiting import Desk, Rules, Verdict, Waiting, judge
from bridgebot.rendering.words import how_long
from bridgebot.store import records, watch
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.rows import ConversationRow
from bridgebot.workers.context import Context
from bridgebot.workers.lease import STANDBY_SECONDS

log = structlog.get_logger()

PAUSE = 1.0
LONGEST_WAIT = 60.0
"""Seconds that the first look waits for what was answered elsewhere in the meantime."""
JOIN_MS = 10 * 60_000
"""How long a summary takes in who falls due after it: a flood comes in several fetches."""


class Heard(Protocol):
    """Something that brings messages in."""

    @property
    def caught_up(self) -> bool:
        """Whether it has brought all there was since the process began, or could not."""
        ...

    @property
    def standby(self) -> bool:
        """Whether another node does its work."""
        ...


class Call(NamedTuple):
    """People to notify below an alert: why, and at which step of that."""

    why: str
    step: int | None
    to: Sequence[str]


Look = tuple[ConversationRow, Verdict, Rules]


class Watchman:
    """Looks after the guests who wait."""

    name = "watchman"

    def __init__(self, context: Context, desk: Desk, sources: Sequence[Heard] = ()) -> None:
        self._context = context
        self._desk = desk
        self._sources = sources
        self._began: float | None = None
        self._knows = False

    async def step(self) -> float:
        """Look at the conversations that are due; see ``Worker.step``."""
        self._knows = self._knows or self._is_heard()
        if not self._knows:
            return PAUSE
        now = self._context.ms()
        if not await self._context.store.peek(lambda c: watch.is_due(c, now)):
            return PAUSE
        looked, raised = await self._context.store.write(lambda c: self._look(c, now))
        if raised:
            log.info("guests_wait", alerts=raised)
        self._context.signals.views.set()
        # Each message wants a look at its conversation; under a backlog one serves for many.
        return 0.0 if looked == watch.MOST else PAUSE

    def _is_heard(self) -> bool:
        """Tell whether it is known what came while this process was away, as far as it can be.

        A node that stands by may wait for the lease of one that died: then it is about to hear.
        """
        now = self._context.pulse.time()
        began = self._began = now if self._began is None else self._began
        if now - began >= LONGEST_WAIT:
            return True
        others_do = now - began >= LEASE_MS / 1000 + STANDBY_SECONDS
        return all(each.caught_up or (each.standby and others_do) for each in self._sources)

    async def _look(self, connection: AsyncConnection, now: int) -> tuple[int, int]:
        """Look at those that are due; count them, and the alerts that were raised."""
        # One node at a time, or each would see half of a flood, and raise no summary.
        await watch.alone(connection)
        rows = await watch.due(connection, now)
        looks = [self._judge(row, now) for row in rows]
        raised = [look for look in looks if look[1].alert]
        summary = await self._summary(connection, raised, now)
        called: dict[int, list[Call]] = {}
        for row, verdict, rules in looks:
            alert = await self._apply(connection, row, verdict, summary, now)
            if alert is not None:
                called.setdefault(alert, []).extend(_calls(row, verdict, rules))
        for alert, calls in called.items():
            await self._call(connection, alert, calls)
        if summary is not None:
            await watch.touch(connection, summary)
        return len(rows), len(raised)

    def _judge(self, row: ConversationRow, now: int) -> Look:
        about = row.about
        within = self._context.answer_within(about.provider)
        rules = self._desk.rules_of(about.property_id, within)
        waiting = Waiting(
            since=row.awaiting_since,
            closing_since=row.closing_since,
            snoozed_until=row.snoozed_until,
            alert_since=row.alert_since,
            step=row.alert_step,
            warned=row.alert_warned,
        )
        return row, judge(waiting, rules, now), rules

    async def _summary(
        self, connection: AsyncConnection, raised: Sequence[Look], now: int
    ) -> int | None:
        """Find or open the one alert for many; ``None`` where each gets its own."""
        if not raised:
            return None
        standing = await watch.open_summary(connection, after=now - JOIN_MS)
        if standing is not None or len(raised) < self._desk.flood:
            return standing
        return await records.raise_alert(
            connection,
            kind=watch.UNANSWERED,
            provider=raised[0][0].about.provider,
            subject=f"{watch.FLOOD}:{now}",
            title="Many guests wait for an answer",
            now=now,
        )

    async def _apply(
        self,
        connection: AsyncConnection,
        row: ConversationRow,
        verdict: Verdict,
        summary: int | None,
        now: int,
    ) -> int | None:
        """Write down what was decided about a guest; return the alert that stands for it now."""
        alert = row.alert
        values: dict[str, object] = {"watch_at": verdict.look_at}
        values |= {"alert_warned": verdict.warn or (row.alert_warned and not verdict.over)}
        if row.snoozed_until is not None and (verdict.over or row.snoozed_until <= now):
            values |= {"snoozed_until": None}
        if verdict.over:
            await self._end(connection, row, now)
            alert = None
            values |= {"alert_since": None}
        if verdict.alert:
            since = row.awaiting_since or row.closing_since
            alert = summary or await self._raise(connection, row, since, now)
            values |= {"alert_since": since}
        step = _step(row, verdict)
        await watch.note(connection, row.id, alert=alert, alert_step=step, **values)
        if verdict.over and row.alert is not None:
            await self._end_summary(connection, row.alert, now)
        return alert

    async def _call(self, connection: AsyncConnection, alert: int, calls: Sequence[Call]) -> None:
        """Have the alert drawn as it is now, and people notified below it.

        Guests of several properties may stand in it: for one cause all their people are called in
        one post.
        """
        await watch.touch(connection, alert)
        together: dict[tuple[str, int | None], list[str]] = {}
        for each in calls:
            together.setdefault((each.why, each.step), []).extend(each.to)
        for (why, step), to in together.items():
            await watch.call(connection, alert, why=why, step=step, to=to)

    async def _raise(
        self, connection: AsyncConnection, row: ConversationRow, since: int | None, now: int
    ) -> int:
        return await records.raise_alert(
            connection,
            kind=watch.UNANSWERED,
            provider=row.about.provider,
            subject=str(row.id),
            conversation=row.id,
            title="A guest waits for an answer",
            since=since,
            now=now,
        )

    async def _end(self, connection: AsyncConnection, row: ConversationRow, now: int) -> None:
        """Close the alert of a conversation; one that stands in a summary has none of its own."""
        await records.close_alert(
            connection,
            kind=watch.UNANSWERED,
            provider=row.about.provider,
            subject=str(row.id),
            line=how_it_ended(row),
            now=now,
        )

    async def _end_summary(self, connection: AsyncConnection, alert: int, now: int) -> None:
        """Draw a summary again that somebody left, and close it after the last one."""
        if not await watch.is_summary(connection, alert):
            return
        await watch.touch(connection, alert)
        if await watch.count_members(connection, alert) == 0:
            line = "Nobody of these guests waits any more."
            await watch.close(connection, alert, line=line, now=now)


def how_it_ended(row: ConversationRow) -> str:
    """Say why a guest does not wait any more; people are named as Slack mentions them."""
    since = row.alert_since or 0
    if row.last_answer_at is not None and row.last_answer_at >= since:
        where, _, user = (row.last_answer_by or "").partition(":")
        who = f"<@{user}>" if where == "slack" and user else "the property, outside Slack,"
        return f"Answered by {who} after {how_long(row.last_answer_at - since)}"
    if row.no_reply_at is not None and row.no_reply_at >= since:
        by = f"says <@{row.no_reply_by}>" if row.no_reply_by else "marked outside Slack"
        return f"No reply needed, {by}"
    if row.about.access == "read_only":
        return "The conversation is closed for replies (read only)"
    return "The guest does not wait any more"


def _step(row: ConversationRow, verdict: Verdict) -> int:
    """Tell which step of the escalation a guest's wait has reached."""
    return (0 if verdict.over else row.alert_step) + len(verdict.steps)


def _calls(row: ConversationRow, verdict: Verdict, rules: Rules) -> list[Call]:
    """List whom to notify below the alert, why, and which time it is: each is called once.

    The warning about the score has one step only, so that a summary warns once for all.
    """
    calls: list[Call] = []
    first = [each.to for each in rules.steps if each.to][:1]
    if verdict.steps:
        due = [each.to for each in verdict.steps if each.to]
        calls.append(Call("late", _step(row, verdict), due))
    if verdict.woken:
        calls.append(Call("woken", row.snoozed_until, [row.snoozed_by] if row.snoozed_by else []))
    if verdict.warn:
        calls.append(Call("score", 0, first))
    return calls
