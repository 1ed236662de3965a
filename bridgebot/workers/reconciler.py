"""Looks up deliveries whose outcome is unknown before anything is tried again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge import reconcile
from bridgebot.bridge.delivery import MAX_ATTEMPTS, Outcome, State, after_lookup
from bridgebot.errors import CallError, ProviderError, StoreError
from bridgebot.model import MessageId, Sent
from bridgebot.slack.faults import ROOTLESS
from bridgebot.slack.gateway import Gateway
from bridgebot.store import conversations, inbox, outbox, queues, records
from bridgebot.store.engine import was_crowded
from bridgebot.store.rows import ConversationRow, InboxRow, OutboxRow, from_ms
from bridgebot.store.schema import inbox as inbox_table
from bridgebot.store.schema import messages
from bridgebot.store.schema import outbox as outbox_table
from bridgebot.tracing import Subject, outgoing
from bridgebot.workers import ends, trail
from bridgebot.workers.context import Context
from bridgebot.workers.notices import to_notice
from bridgebot.workers.showing import PATIENT_ATTEMPTS, not_at_all, not_yet, record_post

log = structlog.get_logger()

PAUSE = 1.0
AT_ONCE = 8
LOOK_AGAIN = 5.0
SKEW_SECONDS = 120.0
"""How far Slack's clock may run behind ours."""


Whose = Callable[[ColumnElement[str]], ColumnElement[bool]]


def reconcilers(context: Context, gateway: Gateway, *, bot_id: str) -> list[Reconciler]:
    """Make what looks up posts in Slack, and for each account what looks up its replies.

    An account that does not answer so holds up no other. One more looks after replies of accounts
    that are not in the settings any more.
    """
    make = partial(Reconciler, context, gateway, bot_id=bot_id)
    names = tuple(context.providers)
    return [
        make(inbox_table),
        *(make(outbox_table, of=partial(_is, name), part=name) for name in names),
        make(outbox_table, of=lambda account: account.not_in(names), part="departed"),
    ]


def _is(name: str, account: ColumnElement[str]) -> ColumnElement[bool]:
    return account == name


class Reconciler:
    """Settles what is uncertain in one queue, so that neither side keeps the other waiting.

    ``of`` tells whose rows it looks up, ``part`` what these are called in the log.
    """

    def __init__(
        self,
        context: Context,
        gateway: Gateway,
        queue: Table,
        *,
        bot_id: str,
        of: Whose | None = None,
        part: str = "",
    ) -> None:
        self.name = ":".join(filter(None, ("reconciler", queue.name, part)))
        self._of = of
        self._context = context
        self._queue = queue
        self._gateway = gateway
        self._bot_id = bot_id

    async def step(self) -> float:
        """Look up what is due; see ``Worker.step``."""
        now, me = self._context.ms(), self._context.owner
        due = await self._context.store.peek(
            lambda c: queues.due_uncertain(c, self._queue, now, AT_ONCE, me, of=self._of)
        )
        look_up = self._look_up_post if self._queue is inbox_table else self._look_up_reply
        refused: StoreError | None = None
        for row_id in due:
            try:
                if await self._hold(row_id):
                    await look_up(row_id)
            except StoreError as error:
                if not was_crowded(error):
                    raise
                # Somebody has locked this one; those behind it are looked up all the same.
                refused = error
        if refused is not None:
            raise refused
        return 0.0 if len(due) == AT_ONCE else PAUSE

    async def _hold(self, row_id: int) -> bool:
        return await self._context.store.write(
            lambda c: queues.hold(c, self._queue, row_id, self._context.owner)
        )

    def _age(self, started_at: int | None) -> float:
        return (self._context.ms() - (started_at or 0)) / 1000

    def _outcome(self, row: InboxRow | OutboxRow, *, found: bool) -> Outcome:
        return after_lookup(
            found=found,
            age=self._age(row.started_at),
            settle=self._context.settle,
            attempts=row.attempts,
            chance=self._context.chance(),
        )

    async def _look_up_post(self, row_id: int) -> None:
        (row,) = await self._context.store.peek(lambda c: inbox.read(c, [row_id]))
        try:
            posted, progress = await self._posted(row)
        except CallError as error:
            await self._not_looked_up(row, error)
            return
        if progress:
            # The poster goes on after the part that arrived, or finds that none is missing.
            await self._end_post(row, Outcome(state=State.RETRYABLE), posted)
            return
        outcome = self._outcome(row, found=False)
        aside, told = self._place_of(row, outcome)
        await self._end_post(row, outcome, row.posted, aside=aside, told=told)

    async def _not_looked_up(self, row: InboxRow, error: CallError) -> None:
        """Look again later; a thread that is gone holds nothing, and is opened anew."""
        if error.code not in ROOTLESS:
            outcome = Outcome(state=State.UNCERTAIN, delay=LOOK_AGAIN, code=error.code)
            await self._end_post(row, outcome, row.posted)
            return
        known = row.conversation
        await self._context.store.write(
            lambda c: conversations.unbind_thread(c, known.id, known.thread_ts or "")
        )
        await self._end_post(row, Outcome(state=State.RETRYABLE, code=error.code), [])

    async def _posted(self, row: InboxRow) -> tuple[list[str], bool]:
        """Find which posts of a delivery are in Slack, and whether that tells how to go on."""
        conversation = row.conversation
        thread_ts = conversation.thread_ts
        if thread_ts is None:
            # The root comes first and is remembered before anything follows: if it is there, its
            # answer was lost and the message itself has not been posted.
            return [], await self._find_root(row)
        read, channel = self._gateway.thread, conversation.channel
        if row.picture is not None:
            return await self._shared(row, read(channel, thread_ts))
        posts = await self._own(read(channel, thread_ts, oldest=_oldest(row.started_at)))
        if row.message is None:
            notices = reconcile.notice_of(posts, row.id)
            return notices, bool(notices)
        provider = conversation.about.provider
        new = reconcile.parts_of(posts, provider, row.message.message_id)
        if len(new) <= len(row.posted):
            # Earlier parts may lie before the look-up's beginning.
            everything = await self._own(read(channel, thread_ts))
            new = reconcile.parts_of(everything, provider, row.message.message_id)
        return new, len(new) > len(row.posted)

    async def _shared(
        self, row: InboxRow, posts: AsyncIterator[Mapping[str, Any]]
    ) -> tuple[list[str], bool]:
        """Find a picture in its thread; one whose sharing had not begun can simply go on."""
        if row.file is None:
            return [], row.attempts < MAX_ATTEMPTS
        found = reconcile.shows_file([post async for post in posts], row.file)
        return [row.file] if found else [], found

    async def _find_root(self, row: InboxRow) -> bool:
        """Look for the thread's root in the channel; bind the conversation to it if it is there."""
        conversation = row.conversation
        about = conversation.about
        read, channel = self._gateway.history, conversation.channel
        posts = await self._own(read(channel, oldest=_oldest(row.started_at)))
        thread_ts = reconcile.root_of(posts, about.provider, about.conversation_id)
        if thread_ts is None:
            return False
        await self._context.store.write(
            lambda c: conversations.bind_thread(c, conversation.id, channel, thread_ts)
        )
        return True

    async def _own(self, posts: AsyncIterator[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """Keep what the bot itself posted: any app can write metadata that looks like ours."""
        return [post async for post in posts if post.get("bot_id") == self._bot_id]

    async def _end_post(
        self,
        row: InboxRow,
        outcome: Outcome,
        posted: Sequence[str],
        *,
        aside: bool = False,
        told: str | None = None,
    ) -> None:
        await self._context.store.write(
            lambda c: record_post(c, self._context, row, outcome, posted, aside=aside, told=told)
        )
        log.info("looked_up", queue="inbox", delivery=row.id, state=outcome.state.value)
        if (of := trail.subject_of(row)) is not None:
            self._trace(of, row.id, row.conversation.id, outcome)
        self._context.signals.inbox.set()

    def _place_of(self, row: InboxRow, outcome: Outcome) -> tuple[bool, str | None]:
        """Tell whether a picture steps aside, and what the thread is told of it."""
        if row.picture is None:
            return False, None
        if outcome.state is State.DISCARDED:
            label = self._context.label(row.conversation.about.provider)
            return False, not_at_all(row.picture, label)
        if outcome.state is not State.RETRYABLE or row.attempts < PATIENT_ATTEMPTS:
            return False, None
        return True, None if row.aside else not_yet(row.picture, "Slack", outcome.code)

    async def _look_up_reply(self, row_id: int) -> None:
        (row,) = await self._context.store.peek(lambda c: outbox.read(c, [row_id]))
        number = row.conversation
        assert number is not None  # noqa: S101 - only claimed rows become uncertain
        conversation = await self._context.store.peek(lambda c: conversations.get(c, number))
        try:
            found = await self._found_at_provider(row, conversation)
        except ProviderError as error:
            await self._cannot_tell(row, conversation, error)
            return
        outcome = self._outcome(row, found=found is not None)
        sent = Sent(message_id=found) if found is not None else None
        await self._end_reply(row, conversation, outcome, sent)

    async def _found_at_provider(
        self, row: OutboxRow, conversation: ConversationRow
    ) -> MessageId | None:
        about = conversation.about
        provider = self._context.providers.get(about.provider)
        if provider is None or provider.history is None or about.property_id is None:
            raise ProviderError("the provider cannot be asked", code="no_history", permanent=True)
        transcript = await provider.history.by_id(about.property_id, about.conversation_id)
        taken = await self._context.store.peek(lambda c: _taken(c, conversation.id, row.id))
        found = reconcile.sent_already(
            row.content or "", from_ms(row.started_at or 0), taken, transcript.messages
        )
        return None if found is None else found.message_id

    async def _cannot_tell(
        self, row: OutboxRow, conversation: ConversationRow, error: ProviderError
    ) -> None:
        """Wait where the provider is away; ask a person where it will never tell."""
        if not error.permanent:
            outcome = Outcome(state=State.UNCERTAIN, delay=LOOK_AGAIN, code=error.code)
            await self._end_reply(row, conversation, outcome, None)
            return
        await self._context.store.write(lambda c: self._ask(c, row, conversation))
        log.warning("asked_a_person", delivery=row.id, code=error.code)
        self._context.signals.views.set()
        self._context.signals.inbox.set()

    async def _ask(
        self, connection: AsyncConnection, row: OutboxRow, conversation: ConversationRow
    ) -> None:
        now, label = self._context.ms(), self._context.label(conversation.about.provider)
        never = now + 10 * 365 * 86_400_000
        mine = await queues.finish(
            connection,
            outbox_table,
            row.id,
            owner=self._context.owner,
            state="uncertain",
            now=now,
            due_at=never,
            mark_wanted=ends.UNDELIVERED,
        )
        if not mine:
            return
        text = (
            f"{label} did not answer when this reply was sent, and cannot be asked whether it "
            "has it. Please look there and choose."
        )
        await inbox.add_notice(
            connection, conversation.id, to_notice(text, row.user_id, question=row.id), now=now
        )
        await records.raise_alert(
            connection,
            kind="uncertain",
            provider=conversation.about.provider,
            subject=f"outbox:{row.id}",
            conversation=conversation.id,
            title="It is not known whether a reply reached the guest",
            lines=("A question with buttons stands in the thread.",),
            now=now,
        )

    async def _end_reply(
        self, row: OutboxRow, conversation: ConversationRow, outcome: Outcome, sent: Sent | None
    ) -> None:
        await self._context.store.write(
            lambda c: ends.record_reply(c, self._context, row, conversation, outcome, sent)
        )
        log.info("looked_up", queue="outbox", delivery=row.id, state=outcome.state.value)
        self._trace(outgoing(row.channel, row.ts), row.id, conversation.id, outcome)
        for signal in (self._context.signals.outbox, self._context.signals.views):
            signal.set()

    def _trace(self, of: Subject, delivery: int, conversation: int, outcome: Outcome) -> None:
        now, state = self._context.ms(), outcome.state.value
        self._context.traces.step(
            "look up",
            of,
            began=now,
            ended=now,
            state=state,
            conversation=conversation,
            delivery=delivery,
        )


async def _taken(connection: AsyncConnection, conversation: int, reply: int) -> set[str]:
    """List the messages of a conversation that are known to be something other than this reply."""
    query = select(messages.c.message_id).where(
        messages.c.conversation == conversation,
        messages.c.reply.is_distinct_from(reply),
        messages.c.sender == "property",
    )
    return set((await connection.execute(query)).scalars())


def _oldest(started_at: int | None) -> str:
    return f"{max(0.0, (started_at or 0) / 1000 - SKEW_SECONDS):.6f}"
