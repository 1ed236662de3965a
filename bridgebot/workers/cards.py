"""Draws a conversation's root from what the store knows."""

from __future__ import annotations

import hashlib
import json

from bridgebot.bridge.window import open_until
from bridgebot.rendering.blocks import CardState, root_card
from bridgebot.rendering.to_slack import Post
from bridgebot.rendering.words import moment
from bridgebot.store.rows import ConversationRow, from_ms, state_of
from bridgebot.workers.context import Context


def card_of(row: ConversationRow, context: Context) -> Post:
    """Draw the root card of a conversation."""
    provider = context.providers.get(row.about.provider)
    waiting = from_ms(row.awaiting_since) if row.awaiting_since is not None else None
    until = open_until(context.window(row.about.provider), row.last_guest_at)
    return root_card(
        CardState(
            provider=row.about.provider,
            provider_label=context.label(row.about.provider),
            conversation=row.about,
            state=state_of(row),
            id=row.id,
            closing=row.closing_since is not None,
            claimed_by=row.claimed_by,
            snoozed_until=from_ms(row.snoozed_until) if row.snoozed_until else None,
            awaiting_since=waiting,
            last_answer=last_answer(row),
            open_until=from_ms(until) if until is not None else None,
            signing=context.signing.in_words(row.about.property_id),
            whole=row.whole,
            read_only_provider=provider is not None and provider.replies is None,
        )
    )


def digest(card: Post) -> int:
    """Make a number of what a card looks like; it fits into a column of 64 bits."""
    looks = json.dumps([card.text, list(card.blocks)], default=dict).encode()
    return int.from_bytes(hashlib.blake2b(looks, digest_size=7).digest())


def last_answer(row: ConversationRow) -> str | None:
    """Say who answered last, where and when, in our own mark-up."""
    if row.last_answer_by is None or row.last_answer_at is None:
        return None
    where, _, user = row.last_answer_by.partition(":")
    read = row.guest_read_until is not None and row.guest_read_until >= row.last_answer_at
    by = f"by <@{user}>, from Slack" if where == "slack" else "by the property, outside Slack"
    seen = " · read by the guest" if read else ""
    return f"Last answer {by}, {moment(from_ms(row.last_answer_at))}{seen}"
