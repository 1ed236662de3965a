"""The hand-over: what the next shift has to know, in one message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bridgebot.rendering.literal import clip, escape, neutral
from bridgebot.rendering.post import Block, Post, context, headline, literal_block, marked_up, plain
from bridgebot.rendering.waiting import WaitingGuest, guest_line
from bridgebot.rendering.words import moment

MOST = 10
_EXCERPT = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Promised:
    """What somebody promised a guest."""

    guest: WaitingGuest
    user_id: str
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """All of a hand-over; ``since`` is when the last one was, ``came_in`` are figures in words."""

    since: datetime
    waiting: Sequence[WaitingGuest]
    count: int
    promised: Sequence[Promised]
    undelivered: Sequence[WaitingGuest]
    came_in: str


def digest_post(digest: Digest) -> Post:
    """Draw the hand-over."""
    counts = f"{digest.count} waiting, {len(digest.promised)} promised"
    counts += f", {len(digest.undelivered)} not delivered"
    lines = ["Hand-over", counts, digest.came_in]
    blocks: list[Block] = [headline("clipboard", lines[0])]
    blocks.append(context([marked_up(f"Since {moment(digest.since)}"), plain(lines[2])]))
    blocks.append(headline("hourglass_flowing_sand", f"Waiting: {digest.count or 'nobody'}"))
    blocks += [guest_line(guest) for guest in digest.waiting[:MOST]]
    if digest.promised:
        blocks.append(headline("handshake", "Promised to guests"))
        for each in digest.promised[:MOST]:
            blocks += _promise(each)
    if digest.undelivered:
        blocks.append(headline("warning", "Not delivered"))
        blocks += [guest_line(guest) for guest in digest.undelivered[:MOST]]
    payload = {"kind": "digest", "provider": "", "conversation_id": None, "state": "closed"}
    return Post(escape("\n".join(lines)), tuple(blocks), "bridgebot_alert", payload=payload)


def _promise(each: Promised) -> list[Block]:
    link = [marked_up(f"<{each.guest.link}|Open the thread>")] if each.guest.link else []
    notes = [plain(f"To {each.guest.name}"), marked_up(f"by <@{each.user_id}>, {moment(each.at)}")]
    text = clip(neutral(each.text), _EXCERPT) or "(no text)"
    return [literal_block(text), context([*notes, *link])]
