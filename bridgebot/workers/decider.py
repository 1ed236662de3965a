"""Decides about captured staff messages: to the guest, a note, or refused with the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from sqlalchemy import and_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge import reconcile
from bridgebot.bridge.replies import Decision, Kind, Rules, Written, decide
from bridgebot.errors import SlackError
from bridgebot.rendering.to_guest import mentioned
from bridgebot.slack.faults import ROOTLESS
from bridgebot.slack.gateway import Gateway
from bridgebot.slack.group import Group
from bridgebot.slack.people import People, Person
from bridgebot.store import conversations, inbox, outbox
from bridgebot.store.rows import ConversationRow, OutboxRow
from bridgebot.store.schema import outbox as table
from bridgebot.tracing import outgoing
from bridgebot.workers import ends
from bridgebot.workers.context import Context, nudge
from bridgebot.workers.notices import to_notice
from bridgebot.workers.outright import decided_values, may_call, own_names, reply_values, written

log = structlog.get_logger()

PAUSE = 1.0
AT_ONCE = 32
LOOK_AGAIN_MS = 3_000


class Decider:
    """Turns what was captured into replies, notes and refusals."""

    name = "decider"

    def __init__(
        self,
        context: Context,
        gateway: Gateway,
        people: People,
        rules: Rules,
        group: Group,
        *,
        undo: float,
    ) -> None:
        self._context = context
        self._gateway = gateway
        self._people = people
        self._rules = rules
        self._group = group
        self._undo_ms = int(undo * 1000)

    async def step(self) -> float:
        """Decide about what was captured, oldest first; see ``Worker.step``."""
        rows = await self._context.store.peek(
            lambda c: outbox.undecided(c, now=self._context.ms(), limit=AT_ONCE)
        )
        threads: dict[tuple[str, str], list[OutboxRow]] = {}
        for row in rows:
            threads.setdefault((row.channel, row.thread_ts), []).append(row)
        # Threads side by side, so that their decisions share a commit; in each one after the other.
        decided = await asyncio.gather(
            *map(self._decide_all, threads.values()), return_exceptions=True
        )
        for error in filter(None, decided):
            raise error
        return 0.0 if rows else PAUSE

    async def _decide_all(self, rows: Sequence[OutboxRow]) -> None:
        for row in rows:
            await self._decide(row)

    async def _decide(self, row: OutboxRow) -> None:
        try:
            conversation = await self._conversation_of(row)
            if conversation is None:
                await self._settle(row, None, Decision(kind=Kind.SILENT))
                return
            decision = decide(await self._written(row, conversation), self._rules)
        except SlackError as error:
            if error.code in ROOTLESS:
                await self._settle(row, None, Decision(kind=Kind.SILENT))
                return
            log.info("decision_waits", delivery=row.id, code=error.code)
            await self._postpone(row)
            return
        await self._settle(row, conversation, decision)

    async def _conversation_of(self, row: OutboxRow) -> ConversationRow | None:
        """Find the conversation; ask Slack for the root where the store does not know it yet."""
        known = await self._context.store.peek(
            lambda c: conversations.by_thread(c, row.channel, row.thread_ts)
        )
        if known is not None:
            return known
        async for root in self._gateway.thread(row.channel, row.thread_ts, limit=1):
            payload = reconcile.metadata_of(root, reconcile.ROOT)
            if payload is None:
                return None
            return await self._context.store.write(partial(_adopt, row=row, payload=payload))
        return None

    async def _written(self, row: OutboxRow, conversation: ConversationRow) -> Written:
        author = await self._people.person(row.user_id)
        return written(
            self._context,
            row.event,
            conversation,
            author,
            may_send=await self._may_send(author),
            ts=row.ts,
            names=await self._people.names(mentioned(row.event).users),
            colleagues=await self._colleagues(row, author, conversation),
        )

    async def _may_send(self, author: Person) -> bool | None:
        """Tell whether somebody is in the group that answers guests; ``None``: no telling, ever."""
        if not author.may_act:
            return False
        try:
            return await self._group.lets(author)
        except SlackError as error:
            if not error.permanent:
                raise
            return None

    async def _colleagues(
        self, row: OutboxRow, author: Person, conversation: ConversationRow
    ) -> frozenset[str]:
        """Name those who read along, where a message begins as if it called one of them."""
        if not may_call(row.event, self._rules):
            return frozenset()
        around = await self._people.first_names(row.channel)
        return around - own_names(author, conversation)

    async def _postpone(self, row: OutboxRow) -> None:
        due = self._context.ms() + LOOK_AGAIN_MS
        undecided = and_(table.c.id == row.id, table.c.kind.is_(None))
        await self._context.store.write(
            lambda c: c.execute(update(table).where(undecided).values(due_at=due))
        )

    async def _settle(
        self, row: OutboxRow, conversation: ConversationRow | None, decision: Decision
    ) -> None:
        if decision.kind is Kind.REPLY:
            # Before the commit: the relayer's claim may share it.
            nudge(self._context.signals.outbox)
        settled = await self._context.store.write(
            lambda c: self._settle_unit(c, row, conversation, decision)
        )
        if settled:
            log.info("decided", delivery=row.id, kind=decision.kind.value)
            self._context.traces.step(
                "decide",
                outgoing(row.channel, row.ts),
                began=row.due_at,
                ended=self._context.ms(),
                conversation=conversation.id if conversation else None,
                delivery=row.id,
                kind=decision.kind.value,
            )
        self._wake(decision)

    def _wake(self, decision: Decision) -> None:
        """Wake those for whom a decision is work, and no others: each look has its price."""
        signals = self._context.signals
        signals.outbox.set()
        if decision.kind is not Kind.REPLY:
            signals.views.set()
        if decision.told or decision.private:
            signals.inbox.set()

    async def _settle_unit(
        self,
        connection: AsyncConnection,
        row: OutboxRow,
        conversation: ConversationRow | None,
        decision: Decision,
    ) -> bool:
        values = self._values(row, decision)
        if conversation is not None:
            values["conversation"] = conversation.id
        settled = await outbox.settle(connection, row, event=row.event, **values)
        if settled and conversation is not None:
            for notice in _notices(row, decision):
                await inbox.add_notice(connection, conversation.id, notice, now=self._context.ms())
        return settled

    def _values(self, row: OutboxRow, decision: Decision) -> dict[str, Any]:
        if decision.kind is Kind.REPLY:
            return reply_values(decision, due_at=row.due_at + self._undo_ms) | {"error": None}
        mark = ends.UNDELIVERED if decision.told else None
        if decision.kind is Kind.NOTE or (decision.kind is Kind.SILENT and decision.private):
            mark = "lock"
        return decided_values(decision) | {
            "state": "cancelled",
            "finished_at": self._context.ms(),
            "error": decision.kind.value,
            "mark_wanted": mark,
        }


def _notices(row: OutboxRow, decision: Decision) -> list[Mapping[str, Any]]:
    notices: list[Mapping[str, Any]] = []
    if decision.kind is Kind.HELD:
        # One question per reply: what was asked before and then edited is not asked about again.
        if row.error != Kind.HELD:
            notices.append(to_notice(decision.told or "", row.user_id, held=row.id))
    elif decision.told:
        notices.append(to_notice(decision.told, row.user_id))
    if decision.private:
        notices.append(to_notice(decision.private, to=row.user_id))
    return notices


async def _adopt(
    connection: AsyncConnection, *, row: OutboxRow, payload: Mapping[str, Any]
) -> ConversationRow | None:
    """Bind a conversation to the root that is its own, where the root's answer was lost."""
    found = await conversations.find(
        connection, str(payload.get("provider")), str(payload.get("conversation_id"))
    )
    if found is None or found.thread_ts is not None:
        return found
    await conversations.bind_thread(connection, found.id, row.channel, row.thread_ts)
    return await conversations.get(connection, found.id)
