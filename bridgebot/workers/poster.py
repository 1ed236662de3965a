"""Puts guest messages, and the bot's own words, into their threads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bridgebot.bridge.delivery import Outcome, State, after_failure
from bridgebot.errors import SlackError
from bridgebot.metrics import DELIVERIES
from bridgebot.rendering.to_slack import Post, message_posts
from bridgebot.slack.faults import ROOTLESS
from bridgebot.slack.files import Files
from bridgebot.slack.gateway import Gateway
from bridgebot.store import conversations, formed, inbox, queues
from bridgebot.store.rows import InboxRow
from bridgebot.store.schema import inbox as table
from bridgebot.workers import trail
from bridgebot.workers.cards import card_of, digest
from bridgebot.workers.context import Context
from bridgebot.workers.gallery import Gallery
from bridgebot.workers.notices import notice_post
from bridgebot.workers.pool import Pool
from bridgebot.workers.showing import record_post

log = structlog.get_logger()

IN_FLIGHT = 32
PAUSE = 0.5
ELSEWHERE_SECONDS = 5.0
"""How often to look where no channel has its turn: a thread may be in one that no setting names."""
UNPOSTABLE = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})


class Poster:
    """Claims the inbox and posts."""

    name = "poster"

    def __init__(self, context: Context, gateway: Gateway, files: Files) -> None:
        self._context = context
        self._gateway = gateway
        self._ahead = queues.Ahead()
        self._looked_at = -ELSEWHERE_SECONDS
        self._gallery = Gallery(context, gateway, files, self._open_thread)
        self.pool: Pool[InboxRow] = Pool(
            size=IN_FLIGHT,
            claim=self._claim,
            handle=self._deliver,
            recover=self._recover,
            release=self._release,
            doubts=lambda: context.store.writer.doubts,
            pulse=context.pulse,
            wake=context.signals.inbox,
        )

    async def step(self) -> float:
        """Claim what there is room for; see ``Worker.step``."""
        await self.pool.fill()
        return self.pool.gathers or PAUSE

    async def _claim(self, room: int) -> Sequence[InboxRow]:
        """Claim heads of conversations, as many as may be posted now.

        What waits for Slack's limits is not claimed, so that the next one is chosen when there is
        room: who writes in a flood stands behind none of those whose turn has not come. A look
        reads all that waits, so where no channel has room it is seldom worth it.
        """
        limit = int(min(room, self._gateway.room()))
        skip, now = self._gateway.full(), self._context.pulse.time()
        crowded = self._context.routing.channels() <= {*skip}
        if limit < 1 or (crowded and now - self._looked_at < ELSEWHERE_SECONDS):
            return ()
        self._looked_at = now
        return await self._context.store.write(
            lambda c: inbox.claim(
                c,
                owner=self._context.owner,
                now=self._context.ms(),
                limit=limit,
                skip_channels=skip,
                room=self._gateway.room,
                ahead=self._ahead,
            )
        )

    async def _recover(self, row: InboxRow) -> None:
        owner = self._context.owner
        due_at = self._context.ms() + int(self._context.settle * 1000)
        await self._context.store.write(
            lambda c: queues.give_back(c, table, row, owner=owner, due_at=due_at)
        )
        self._context.signals.reconcile.set()

    async def _release(self, known: Collection[int]) -> None:
        owner = self._context.owner
        released = await self._context.store.write(
            lambda c: queues.release_unknown(c, table, owner=owner, known=known)
        )
        if released:
            log.warning("claim_released", queue=table.name, deliveries=released)

    async def _deliver(self, row: InboxRow) -> None:
        """Post what is missing of a delivery and record its end."""
        if row.picture is not None:
            await self._gallery.deliver(row, row.picture)
            return
        posted = list(row.posted)
        try:
            await self._post_all(row, posted)
        except SlackError as error:
            if error.code in ROOTLESS:
                await self._forget_thread(row)
                # The parts in it went with it.
                posted.clear()
            outcome = after_failure(error, attempts=row.attempts, chance=self._context.chance())
            await self._record(row, outcome, posted)
        else:
            await self._record(row, Outcome(state=State.COMPLETED), posted)

    async def _post_all(self, row: InboxRow, posted: list[str]) -> None:
        thread_ts = row.conversation.thread_ts or await self._open_thread(row)
        if row.notice is not None and row.notice.get("to"):
            await self._whisper(row, row.notice, thread_ts)
            return
        posts = self._posts(row)
        for post in posts[len(posted) :]:
            posted.append(await self._post(row, post, thread_ts))
            if len(posted) < len(posts):
                kept = list(posted)
                await self._context.store.write(
                    lambda c, kept=kept: inbox.note_posted(c, row.id, kept)  # type: ignore[misc]
                )

    async def _whisper(self, row: InboxRow, notice: Mapping[str, Any], thread_ts: str) -> None:
        """Tell one person something; somebody who left the channel is not told."""
        try:
            await self._gateway.ephemeral(
                row.conversation.channel,
                str(notice["to"]),
                str(notice["text"]),
                thread_ts=thread_ts,
            )
        except SlackError as error:
            if not error.permanent:
                raise
            log.info("not_told", delivery=row.id, code=error.code)

    def _posts(self, row: InboxRow) -> Sequence[Post]:
        about = row.conversation.about
        if row.message is None:
            return [notice_post(row.id, row.notice or {})]
        provider = self._context.providers.get(about.provider)
        return message_posts(
            about.provider,
            row.message,
            guest_name=about.guest_name,
            provider_label=self._context.label(about.provider),
            shown_at=self._context.now(),
            pictures_follow=provider is not None and provider.attachments is not None,
            older=row.older,
        )

    async def _post(self, row: InboxRow, post: Post, thread_ts: str) -> str:
        """Post once; what Slack cannot draw is posted again as plain text, so that it is seen."""
        blocks = post.blocks
        while True:
            try:
                return await self._gateway.post(
                    row.conversation.channel,
                    post.text,
                    blocks=blocks,
                    thread_ts=thread_ts,
                    metadata=(post.event_type, post.payload),
                    username=post.username,
                    icon_emoji=post.icon_emoji,
                )
            except SlackError as error:
                if error.code not in UNPOSTABLE or not blocks:
                    raise
                log.warning("posted_without_blocks", delivery=row.id, code=error.code)
                blocks = ()

    async def _forget_thread(self, row: InboxRow) -> None:
        """Let a new thread be opened where somebody deleted the old one's root."""
        conversation = row.conversation
        log.warning("thread_gone", conversation=conversation.id)
        await self._context.store.write(
            lambda c: conversations.unbind_thread(c, conversation.id, conversation.thread_ts)
        )

    async def _open_thread(self, row: InboxRow) -> str:
        """Post the root of a conversation's thread and remember it at once."""
        conversation = row.conversation
        card = card_of(conversation, self._context)
        thread_ts = await self._gateway.post(
            conversation.channel,
            card.text,
            blocks=card.blocks,
            metadata=(card.event_type, card.payload),
        )
        await self._context.store.write(
            lambda c: conversations.bind_thread(
                c,
                conversation.id,
                conversation.channel,
                thread_ts,
                shown=conversation.card_wanted,
                drawn=digest(card),
            )
        )
        log.info("thread_opened", conversation=conversation.id)
        return thread_ts

    async def _record(self, row: InboxRow, outcome: Outcome, posted: Sequence[str]) -> None:
        await self._context.store.write(lambda c: self._record_unit(c, row, outcome, posted))
        DELIVERIES.labels("inbox", outcome.state.value).inc()
        self._trace(row, outcome, posted)
        level = log.debug if outcome.state is State.COMPLETED else log.warning
        level(
            "posted" if outcome.state is State.COMPLETED else "post_failed",
            delivery=row.id,
            conversation=row.conversation.id,
            state=outcome.state.value,
            code=outcome.code,
            attempt=row.attempts,
        )
        if outcome.state is State.UNCERTAIN:
            self._context.signals.reconcile.set()
        if formed.reply_of(row.notice):
            self._context.signals.decide.set()
        if outcome.state is not State.COMPLETED:
            self._context.signals.views.set()

    def _trace(self, row: InboxRow, outcome: Outcome, posted: Sequence[str]) -> None:
        """Tell of a try to post a message; a reply from a form begins with its post."""
        trail.tried(self._context, "post", row, outcome)
        completed = outcome.state is State.COMPLETED
        if completed and posted and formed.reply_of(row.notice):
            now, channel = self._context.ms(), row.conversation.channel
            began = now if row.started_at is None else row.started_at
            self._context.traces.captured(channel, posted[0], began=began, ended=now)

    async def _reply(
        self, connection: AsyncConnection, row: InboxRow, posted: Sequence[str]
    ) -> None:
        """Let a reply that was written in a form go its way, now that it stands in the thread."""
        found = await conversations.get(connection, row.conversation.id)
        thread_ts = row.conversation.thread_ts or found.thread_ts
        if posted and thread_ts:
            now = self._context.ms()
            await formed.posted(connection, row, ts=posted[0], thread_ts=thread_ts, now=now)

    async def _record_unit(
        self, connection: AsyncConnection, row: InboxRow, outcome: Outcome, posted: Sequence[str]
    ) -> None:
        mine = await record_post(connection, self._context, row, outcome, posted, called=True)
        if mine and outcome.state is State.COMPLETED and formed.reply_of(row.notice):
            await self._reply(connection, row, posted)
