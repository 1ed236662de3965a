"""A provider's message as posts for its Slack thread.

A guest's words stand in ``rich_text`` elements, which Slack does not parse: they can mention nobody
and disguise no link. https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridgebot.model import Message, SenderKind
from bridgebot.rendering.literal import clip, escape, neutral, split_by, split_text
from bridgebot.rendering.post import (
    Block,
    Post,
    context,
    literal_block,
    marked_up,
    plain,
    quote_block,
    room,
)
from bridgebot.rendering.quoted import quote_start
from bridgebot.rendering.words import about_attachments, about_kind, moment, template_title

__all__ = ["Post", "escape", "message_posts", "neutral", "split_text"]

_NAME_LIMIT = 80
_GUEST_MARK = " (guest)"
_LATE = timedelta(minutes=2)
_EMPTY = "(no text)"


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one post shows: words of the message, then words it quotes."""

    body: str = ""
    gap: str = ""
    quote: str = ""

    @property
    def text(self) -> str:
        return self.body + self.gap + self.quote


def message_posts(
    provider: str,
    message: Message,
    *,
    guest_name: str | None,
    provider_label: str,
    shown_at: datetime,
    pictures_follow: bool = False,
    older: bool = False,
) -> list[Post]:
    """Render a message of a guest, or of the property written elsewhere, in as few posts as fit.

    ``pictures_follow`` says that its pictures are shown behind it. One that is ``older`` stands
    below what was written after it, and says so.
    """
    pieces = _pieces(message, provider_label)
    notes = _notes(message, provider_label, shown_at, pictures_follow=pictures_follow)
    notes = [plain("Older message"), *notes] if older else notes
    username, icon = _author(message, guest_name)
    posts = []
    for part, piece in enumerate(pieces, start=1):
        payload: dict[str, object] = {"provider": provider, "message_id": message.message_id}
        shown = list(notes) if part == 1 else []
        if len(pieces) > 1:
            payload |= {"part": part, "parts": len(pieces)}
            shown.append(plain(f"Part {part} of {len(pieces)}"))
        posts.append(
            Post(
                text=escape(piece.text),
                blocks=_blocks(piece, shown),
                username=username,
                icon_emoji=icon,
                event_type="bridgebot_message",
                payload=payload,
            )
        )
    return posts


def _blocks(piece: _Piece, notes: list[Block]) -> tuple[Block, ...]:
    blocks: list[Block] = []
    if piece.body:
        blocks.append(literal_block(piece.body))
    if piece.quote:
        blocks += [context([plain("earlier message quoted")]), quote_block(piece.quote)]
    if notes:
        blocks.append(context(notes))
    return tuple(blocks)


def _pieces(message: Message, provider_label: str) -> list[_Piece]:
    content = neutral(message.content)
    if not content.strip():
        return [_Piece(body=_gone(provider_label) if message.is_redacted else _EMPTY)]
    start = quote_start(content) if message.kind == "email" else None
    if start is None:
        return [_Piece(body=part) for part in split_by(content, room)]
    body = content[:start].rstrip()
    pieces = [_Piece(body=part) for part in split_by(body, room)]
    quotes = [_Piece(quote=part) for part in split_by(content[start:], room)]
    joined = _Piece(body=pieces[-1].body, gap=content[len(body) : start], quote=quotes[0].quote)
    if room(joined.text) < len(joined.text):
        return pieces + quotes
    return [*pieces[:-1], joined, *quotes[1:]]


def _gone(provider_label: str) -> str:
    """Say in place of a text that it was taken back."""
    return f"(text redacted by {provider_label})"


def _author(message: Message, guest_name: str | None) -> tuple[str, str]:
    if message.sender is SenderKind.GUEST:
        name = clip(guest_name or message.sender_name or "", _NAME_LIMIT - len(_GUEST_MARK))
        return (name + _GUEST_MARK if name else "Guest"), ":bust_in_silhouette:"
    if message.sender is SenderKind.UNKNOWN:
        return "Unknown sender", ":grey_question:"
    if message.kind == "automatically_sent_template":
        return clip(template_title(message), _NAME_LIMIT), ":robot_face:"
    return "Property, outside Slack", ":hotel:"


def _notes(
    message: Message, provider_label: str, shown_at: datetime, *, pictures_follow: bool
) -> list[Block]:
    words = about_kind(message, provider_label)
    if message.is_redacted and message.content.strip():
        words.append(f"Redacted by {provider_label}")
    if message.sender is SenderKind.UNKNOWN:
        words.append(f"{provider_label} does not say who wrote this")
    words += about_attachments(len(message.attachment_ids), follow=pictures_follow)
    notes = [plain(word) for word in words]
    if abs(shown_at - message.sent_at) > _LATE:
        notes.append(marked_up(f"sent {moment(message.sent_at)}"))
    return notes
