"""Sends staff replies to the guest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import Outcome, State, after_failure
from bridgebot.elapsed import elapsed
from bridgebot.errors import BridgebotError, ProviderError, SlackError
from bridgebot.metrics import DELIVERIES, FIRST_REPLY, PICTURES
from bridgebot.model import PropertyId, Sent
from bridgebot.providers.base import Provider
from bridgebot.store import absences, conversations, outbox, queues
from bridgebot.store.leases import LEASE_MS
from bridgebot.store.rows import ConversationRow, OutboxRow
from bridgebot.store.schema import outbox as table
from bridgebot.tracing import outgoing
from bridgebot.workers import ends
from bridgebot.workers.context import Context
from bridgebot.workers.encloser import Encloser, NotEnclosedError
from bridgebot.workers.leftovers import Leftovers, SentBeforeError
from bridgebot.workers.outage import Outage
from bridgebot.workers.pauses import Pauses
from bridgebot.workers.pool import Pool
from bridgebot.workers.whereabouts import learn, property_of

log = structlog.get_logger()

IN_FLIGHT = 32
PAUSE = 0.25


class _WithdrawnError(BridgebotError):
    """A reply was deleted before it was sent."""


class Relayer:
    """Claims the outbox and sends."""

    name = "relayer"

    def __init__(
        self,
        context: Context,
        encloser: Encloser,
        *,
        held: Callable[[], Collection[str] | None] = lambda: (),
        cut: Callable[[], bool] = lambda: False,
        monotonic: Callable[[], float] = elapsed,
    ) -> None:
        self._context = context
        self._encloser = encloser
        self._leftovers = Leftovers(context)
        self._held = held
        self._cut = cut
        self._monotonic = monotonic
        self._doubts = context.store.writer.doubts
        self._tell_at = 0.0
        self._told = False
        self._pauses = Pauses()
        self._outages = {name: _outage(context, each) for name, each in context.providers.items()}
        self.pool: Pool[OutboxRow] = Pool(
            size=IN_FLIGHT,
            claim=self._claim,
            handle=self._deliver,
            recover=self._recover,
            release=self._release,
            doubts=lambda: context.store.writer.doubts,
            pulse=context.pulse,
            wake=context.signals.outbox,
        )

    async def step(self) -> float:
        """Claim what there is room for; see ``Worker.step``."""
        await self._tell_others()
        await self.pool.fill()
        return self.pool.gathers or PAUSE

    async def _claim(self, room: int) -> Sequence[OutboxRow]:
        held = self._held()
        if held is None:
            return ()
        now, owner = self._context.ms(), self._context.owner
        paused, tried = self._pauses.paused(), self._pauses.next_try()
        leased_at = self._context.leased_at()
        claim = partial(outbox.claim, owner=owner, now=now, held=held, leased_at=leased_at)

        async def unit(connection: AsyncConnection) -> Sequence[OutboxRow]:
            rows = await claim(connection, limit=room, of=lambda each: each not in paused)
            if tried is None or len(rows) == room:
                return rows
            return [*rows, *await claim(connection, limit=1, of=lambda each: each == tried)]

        return await self._context.store.write(unit)

    async def _may_miss(self) -> bool:
        """Tell whether this node reads something that a reply, on whichever node, waits for.

        Else two nodes that were cut off together would wait for each other until all is read.
        """
        held = self._held() if self._cut() else ()
        if not held:
            return held is None
        waiting = await self._context.store.read(outbox.waiting_threads)
        return any(thread_ts in held for _, thread_ts in waiting)

    async def _tell_others(self) -> None:
        """Have the other nodes wait while this one reads what it missed, and then go on."""
        reads = await self._may_miss()
        owner, store, now = self._context.owner, self._context.store, self._monotonic()
        if reads and now >= self._tell_at:
            at = self._context.leased_at()
            await store.write(lambda c: absences.begin(c, owner, now=at))
            self._tell_at, self._told = now + LEASE_MS / 2000, True
        elif not reads and self._told:
            await store.write(lambda c: absences.end(c, owner))
            self._tell_at, self._told = 0.0, False

    async def _recover(self, row: OutboxRow) -> None:
        owner = self._context.owner
        due_at = self._context.ms() + int(self._context.settle * 1000)
        await self._context.store.write(
            lambda c: queues.give_back(c, table, row, owner=owner, due_at=due_at)
        )
        self._context.signals.reconcile.set()

    async def _release(self, known: Collection[int]) -> None:
        owner = self._context.owner
        self._look_for_doubts()
        released = await self._context.store.write(
            lambda c: queues.release_unknown(c, table, owner=owner, known=known)
        )
        if released:
            log.warning("claim_released", queue=table.name, deliveries=released)

    def _look_for_doubts(self) -> None:
        """Doubt what is known of replies where a connection to the database went away."""
        doubts = self._context.store.writer.doubts
        if doubts != self._doubts:
            # The server that answers now may know less than the one before it.
            self._leftovers.doubt()
            self._doubts = doubts

    async def _deliver(self, row: OutboxRow) -> None:
        """Send one reply and record its end."""
        assert row.conversation is not None  # noqa: S101 - claims join on it
        number = row.conversation
        conversation = await self._context.store.peek(lambda c: conversations.get(c, number))
        provider = self._context.providers.get(conversation.about.provider)
        try:
            sent = await self._send(provider, conversation, row)
        except _WithdrawnError:
            await self._withdrawn(row, conversation)
        except SentBeforeError as before:
            found = Sent(message_id=before.message.message_id)
            await self._record(before.row, conversation, Outcome(state=State.COMPLETED), found)
        except NotEnclosedError as refusal:
            await self._not_enclosed(row, conversation, refusal)
        except SlackError as error:
            # Its pictures could not be fetched, so nothing was sent.
            error.certain = True
            outcome = after_failure(error, attempts=row.attempts, chance=self._context.chance())
            await self._record(row, conversation, outcome, None, reason=str(error))
        except ProviderError as error:
            await self._failed(row, conversation, error)
        else:
            PICTURES.labels("to_guest", "sent").inc(len(row.pictures))
            await self._let_in(conversation.about.provider)
            await self._record(row, conversation, Outcome(state=State.COMPLETED), sent)

    async def _let_in(self, account: str) -> None:
        """Take note that an account took a reply."""
        self._pauses.end(account)
        await self._outages[account].succeeded()

    async def _send(
        self, provider: Provider | None, conversation: ConversationRow, row: OutboxRow
    ) -> Sent:
        if row.event.get(outbox.GONE):
            raise _WithdrawnError
        if provider is None:
            raise ProviderError(
                f"the account {conversation.about.provider} is not in the settings any more",
                code=ends.ACCOUNT_GONE,
                permanent=True,
            )
        if provider.replies is None:
            raise ProviderError(
                "replies to this conversation's provider are not switched on",
                code="no_replies",
                permanent=True,
            )
        property_id = await property_of(self._context, provider, conversation)
        self._look_for_doubts()
        await self._leftovers.compare(provider, property_id, conversation, row)
        enclosed = await self._enclose(provider, property_id, conversation, row)
        if enclosed and await self._is_withdrawn(row):
            raise _WithdrawnError
        if not self._context.pulse.beats():
            raise ProviderError("this process stood still", code="stood_still", after=1.0)
        return await provider.replies.send(
            property_id=property_id,
            conversation_id=conversation.about.conversation_id,
            content=row.content or "",
            attachment_ids=enclosed,
        )

    async def _enclose(
        self,
        provider: Provider,
        property_id: PropertyId,
        conversation: ConversationRow,
        row: OutboxRow,
    ) -> list[str]:
        """Bring a reply's pictures to the provider, and tell of it in the reply's trace."""
        if not row.pictures:
            return []
        began, done = self._context.ms(), False
        try:
            enclosed = await self._encloser.enclose(provider, property_id, conversation, row)
            done = True
        finally:
            self._step(row, "enclose", began, failed=not done)
        return enclosed

    async def _is_withdrawn(self, row: OutboxRow) -> bool:
        """Tell whether a reply was deleted while its pictures were on their way."""
        now = await self._context.store.read(lambda c: outbox.read(c, [row.id]))
        return any(each.event.get(outbox.GONE) for each in now)

    async def _withdrawn(self, row: OutboxRow, conversation: ConversationRow) -> None:
        outcome = Outcome(state=State.CANCELLED, code=outbox.DELETED)
        await self._record(row, conversation, outcome, None)

    async def _not_enclosed(
        self, row: OutboxRow, conversation: ConversationRow, refusal: NotEnclosedError
    ) -> None:
        if await self._is_withdrawn(row):
            await self._withdrawn(row, conversation)
        else:
            await self._ask_without(row, conversation, refusal)

    async def _ask_without(
        self, row: OutboxRow, conversation: ConversationRow, refusal: NotEnclosedError
    ) -> None:
        """Hold a reply of which some pictures cannot go, and ask its author once."""
        wordless = not str(row.event.get("text") or "").strip() and not refusal.kept

        async def unit(connection: AsyncConnection) -> None:
            await ends.hold_reply(
                connection,
                self._context,
                row,
                conversation,
                wrong=refusal.wrong,
                kept=refusal.kept,
                refused=wordless,
            )

        await self._context.store.write(unit)
        log.info("asked_without_files", delivery=row.id, refused=wordless)
        signals = self._context.signals
        for signal in (signals.views, signals.inbox, signals.decide):
            signal.set()

    async def _failed(
        self, row: OutboxRow, conversation: ConversationRow, error: ProviderError
    ) -> None:
        if error.auth:
            self._pauses.begin(conversation.about.provider)
        elif error.answered:
            self._pauses.end(conversation.about.provider)
        if not error.permanent:
            outage = self._outages.get(conversation.about.provider)
            if outage is not None:
                await outage.failed(error)
        else:
            conversation = await self._look_again(conversation)
        outcome = after_failure(error, attempts=row.attempts, chance=self._context.chance())
        await self._record(row, conversation, outcome, None, reason=str(error))

    async def _look_again(self, conversation: ConversationRow) -> ConversationRow:
        """Read a conversation that refused a reply: it may have been closed meanwhile."""
        about = conversation.about
        provider = self._context.providers.get(about.provider)
        if provider is None or provider.history is None or about.property_id is None:
            return conversation
        try:
            found = await provider.history.by_id(about.property_id, about.conversation_id)
        except ProviderError:
            return conversation
        return await learn(self._context, conversation, found)

    async def _record(
        self,
        row: OutboxRow,
        conversation: ConversationRow,
        outcome: Outcome,
        sent: Sent | None,
        reason: str = "",
    ) -> None:
        async def unit(connection: AsyncConnection) -> bool:
            return await ends.record_reply(
                connection, self._context, row, conversation, outcome, sent, reason, called=True
            )

        mine = await self._context.store.write(unit)
        DELIVERIES.labels("outbox", outcome.state.value).inc()
        if mine and sent and conversation.awaiting_since is not None:
            FIRST_REPLY.observe((self._context.ms() - conversation.awaiting_since) / 1000)
        log.info(
            "reply_sent" if sent else "reply_failed",
            delivery=row.id,
            conversation=conversation.id,
            state=outcome.state.value,
            code=outcome.code,
            attempt=row.attempts,
            ruid=sent.request_id if sent else None,
            recorded=mine,
        )
        self._trace(row, outcome, sent)
        self._wake(outcome)

    def _wake(self, outcome: Outcome) -> None:
        """Wake those for whom an end is work; a crossing is told when its thread is next served."""
        signals = self._context.signals
        signals.views.set()
        if outcome.state is State.UNCERTAIN:
            signals.reconcile.set()
        if outcome.state is not State.COMPLETED:
            signals.inbox.set()

    def _trace(self, row: OutboxRow, outcome: Outcome, sent: Sent | None) -> None:
        self._step(
            row,
            "send",
            row.started_at,
            failed=sent is None,
            state=outcome.state.value,
            code=outcome.code,
            ruid=sent.request_id if sent else None,
        )

    def _step(
        self,
        row: OutboxRow,
        name: str,
        began: int | None,
        *,
        failed: bool,
        state: str | None = None,
        code: str | None = None,
        ruid: str | None = None,
    ) -> None:
        now = self._context.ms()
        self._context.traces.step(
            name,
            outgoing(row.channel, row.ts),
            began=now if began is None else began,
            ended=now,
            failed=failed,
            conversation=row.conversation,
            delivery=row.id,
            attempt=row.attempts,
            state=state,
            code=code,
            ruid=ruid,
        )


def _outage(context: Context, provider: Provider) -> Outage:
    """Watch an account's replies; what stood before this process is its source's to end."""
    sources = (provider.source, provider.recent, provider.listing)
    return Outage(context, provider.name, inherits=not any(sources))
