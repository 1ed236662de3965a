"""Everything in Slack that is not a guest's message: thread roots, notices, questions, alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridgebot.model import Conversation
from bridgebot.rendering.literal import clip, cut_before, escape, neutral, split_by
from bridgebot.rendering.post import (
    TEXT_LIMIT,
    Block,
    Post,
    actions,
    button,
    context,
    headline,
    literal_block,
    marked_up,
    plain,
    room,
    units_of,
)
from bridgebot.rendering.words import conversation_type, moment

__all__ = [
    "CardState",
    "Post",
    "alert",
    "copied",
    "correction",
    "formed",
    "held",
    "notice",
    "open_note",
    "question",
    "reworded",
    "root_card",
    "undelivered",
]

SHOW_AGAIN = "post_retry"
"""The button's action below an alert about something that could not be shown."""

_NAME = 100
_TITLE = 500
_ALERT_LINES = 30

_STATES: Mapping[str, str] = {
    "new": "new",
    "waiting": "waiting",
    "answered": "answered",
    "read_only": "read only",
    "no_reply_needed": "no reply needed",
}
_STATE_ICONS: Mapping[str, str] = {
    "new": ":new:",
    "waiting": ":hourglass_flowing_sand:",
    "answered": ":white_check_mark:",
    "read_only": ":lock:",
    "no_reply_needed": ":heavy_check_mark:",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class CardState:
    """What a thread's root shows; ``last_answer`` is our own mark-up, since it names people.

    ``id`` is what the buttons act on, 0 for none; ``closing`` says that the guest only thanked;
    ``open_until`` is how long replies are taken for sure; ``signing`` says how they are signed;
    ``whole`` that nothing older could be shown.
    """

    provider: str
    provider_label: str
    conversation: Conversation
    state: str
    awaiting_since: datetime | None = None
    last_answer: str | None = None
    read_only_provider: bool = False
    id: int = 0
    closing: bool = False
    claimed_by: str | None = None
    snoozed_until: datetime | None = None
    open_until: datetime | None = None
    signing: str | None = None
    whole: bool = True


def root_card(card: CardState) -> Post:
    """Render the post a conversation's thread hangs from."""
    conversation = card.conversation
    guest = clip(conversation.guest_name or "", _NAME) or "Guest"
    place = clip(conversation.property_id or "", _NAME) or "not known yet"
    about = conversation_type(conversation.conversation_type)
    reference = clip(conversation.reference or "", _NAME)
    state = _STATES.get(card.state) or clip(card.state, _NAME)
    told = f"{state} · read only" if card.read_only_provider else state
    fields = [
        plain(f"{clip(card.provider_label, _NAME)}, property {place}"),
        plain(f"{about[:1].upper()}{about[1:]} {reference}".rstrip()),
    ]
    title = {"type": "plain_text", "text": guest, "emoji": False}
    return Post(
        text=escape(f"{guest} · property {place} · {about} {reference}".rstrip() + f" · {told}"),
        blocks=(
            {"type": "header", "text": title},
            {"type": "section", "fields": fields},
            context(_state_notes(card, state)),
            *_card_buttons(card),
        ),
        event_type="bridgebot_thread",
        payload={
            "provider": card.provider,
            "property_id": conversation.property_id,
            "conversation_id": conversation.conversation_id,
        },
    )


def notice(text: str) -> Post:
    """Say something to staff in the thread."""
    return _words(text, event_type="bridgebot_notice")


def undelivered(delivery_id: int | str, text: str) -> Post:
    """Say that a reply did not reach the guest and why, with buttons to try again or to copy it."""
    buttons = [
        button("Try again", "delivery_retry", delivery_id, style="primary"),
        button("Copy", "delivery_copy", delivery_id),
    ]
    return _words(text, event_type="bridgebot_notice", buttons=buttons)


def copied(text: str) -> Post:
    """Show the text of a reply as the guest would have read it, to be copied whole."""
    parts = split_by(neutral(text), room) or ["-"]
    frames = [
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": part}]}
        for part in parts
    ]
    framed = {"type": "rich_text", "elements": frames}
    return Post(text=escape(_fitting(text)), blocks=(framed,), event_type="bridgebot_notice")


def question(delivery_id: int | str, text: str) -> Post:
    """Ask staff what became of a reply when nobody can know."""
    buttons = [
        button("It was sent", "uncertain_sent", delivery_id),
        button("Send again", "uncertain_again", delivery_id),
        button("Drop", "uncertain_drop", delivery_id, style="danger"),
    ]
    return _words(text, event_type="bridgebot_notice", buttons=buttons)


def held(delivery_id: int | str, text: str) -> Post:
    """Ask the author about a reply before it is sent."""
    buttons = [
        button("Send", "held_send", delivery_id, style="primary"),
        button("Keep internal", "held_keep", delivery_id),
        button("Edit", "held_edit", delivery_id),
    ]
    return _words(text, event_type="bridgebot_notice", buttons=buttons)


def correction(delivery_id: int | str, text: str) -> Post:
    """Say that an edit came too late for the guest, with a button to send the new text."""
    send = button("Send correction", "correction_send", delivery_id, style="primary")
    return _words(text, event_type="bridgebot_notice", buttons=[send])


def formed(user: str, text: str) -> Post:
    """Show a reply that somebody wrote in a form, whole, as the guest gets it."""
    line = f"<@{user}> to the guest:"
    parts = [literal_block(part) for part in split_by(neutral(text), room)]
    return Post(
        text=f"{line} {escape(neutral(text))}",
        blocks=({"type": "section", "text": marked_up(line)}, *parts),
        event_type="bridgebot_notice",
    )


def reworded(user: str, text: str) -> Post:
    """Say who sent a held reply, and with which words."""
    post = _words(text, event_type="bridgebot_notice")
    line = f"<@{user}> decided: the reply is sent with these words:"
    head = {"type": "section", "text": marked_up(line)}
    return Post(text=f"{line} {post.text}", blocks=(head, *post.blocks), event_type=post.event_type)


def alert(
    kind: str,
    title: str,
    lines: Sequence[str],
    *,
    provider: str,
    conversation_id: str | None,
    state: str,
    again: int | None = None,
) -> Post:
    """Render an alert, open or closed; addresses in its lines become links.

    ``again`` is a delivery that a button below lets go to its thread once more.
    """
    is_closed = state == "closed"
    head = f"Closed: {clip(title, _TITLE)}" if is_closed else clip(title, _TITLE)
    words = _fitting("\n".join([head, *lines[:_ALERT_LINES]]))
    head, _, rest = words.partition("\n")
    emoji = "white_check_mark" if is_closed else "rotating_light"
    sections = [literal_block(part) for part in split_by(rest, room)]
    if again is not None and not is_closed:
        sections.append(actions([button("Try again", SHOW_AGAIN, again, style="primary")]))
    return Post(
        text=escape(words),
        blocks=(headline(emoji, head), *sections),
        event_type="bridgebot_alert",
        payload={
            "kind": kind,
            "provider": provider,
            "conversation_id": conversation_id,
            "state": state,
        },
    )


def _state_notes(card: CardState, state: str) -> list[Block]:
    icon = _STATE_ICONS.get(card.state, ":speech_balloon:")
    words = state[:1].upper() + state[1:]
    since = ""
    if card.awaiting_since is not None and card.state in {"new", "waiting"}:
        words = "Waiting" if card.state == "waiting" else f"{words}, waiting"
        since = f" since {moment(card.awaiting_since)}"
    notes = [marked_up(f"{icon} {escape(words)}{since}")]
    if card.read_only_provider:
        notes.append(plain(f"{card.provider_label} takes no replies from here"))
    if card.closing:
        notes.append(plain("The guest's last words ask nothing, so there is no alert"))
    if card.claimed_by:
        notes.append(marked_up(f":raising_hand: Claimed by <@{card.claimed_by}>"))
    if card.snoozed_until:
        notes.append(marked_up(f":zzz: Quiet until {moment(card.snoozed_until)}"))
    if card.last_answer:
        notes.append(marked_up(card.last_answer))
    if card.state != "read_only" and not card.read_only_provider:
        notes += open_note(card.open_until)
        notes += [plain(card.signing)] if card.signing else []
    return notes


def open_note(until: datetime | None) -> list[Block]:
    """Say until when replies are taken, where that is known."""
    if until is None:
        return []
    return [marked_up(f":calendar: Replies are taken until {moment(until)} at least")]


def _card_buttons(card: CardState) -> list[Block]:
    """Offer what can be done about the guest as things stand."""
    if not card.id:
        return []
    older = [] if card.whole else [button("Older messages", "older_show", card.id)]
    buttons = [*([] if card.state == "read_only" else _about_guest(card)), *older]
    return [actions(buttons)] if buttons else []


def _about_guest(card: CardState) -> list[Block]:
    buttons: list[Block] = []
    if card.claimed_by:
        buttons.append(button("Release", "wait_release", card.id))
    elif card.awaiting_since is not None:
        buttons.append(button("Claim", "wait_claim", card.id))
    if card.awaiting_since is not None or card.closing:
        buttons.append(button("No reply needed", "wait_settle", card.id))
    if card.closing or card.state == "no_reply_needed":
        buttons.append(button("Count as waiting", "wait_reopen", card.id))
    if not card.read_only_provider:
        buttons.append(button("Saved replies", "saved_open", card.id))
    return buttons


def _words(text: str, *, event_type: str, buttons: Sequence[Block] = ()) -> Post:
    words = _fitting(text)
    blocks = [literal_block(part) for part in split_by(words, room)]
    if buttons:
        blocks.append(actions(buttons))
    return Post(text=escape(words), blocks=tuple(blocks), event_type=event_type)


def _fitting(text: str) -> str:
    """Cut a text of ours so that the post can still be edited."""
    words = neutral(text).strip() or "-"
    while (excess := units_of(escape(words)) - TEXT_LIMIT) > 0:
        words = words[: cut_before(words, max(1, len(words) - 1 - (excess + 4) // 5))].rstrip()
        words = words.removesuffix("…") + "…"
    return words
