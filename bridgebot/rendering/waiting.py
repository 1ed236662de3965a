"""Guests who wait: their alerts, the calls below them, and the list of all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bridgebot.model import Conversation
from bridgebot.rendering.literal import clip, escape, neutral
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
    quote_block,
)
from bridgebot.rendering.words import conversation_type, moment

EXCERPT = 300
_NAME = 100
MOST_LISTED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingGuest:
    """A guest who waits, or has waited; ``id`` is what the buttons act on.

    ``waited`` is in words; ``closing`` says that the guest only thanked; ``can_wait`` that the
    property closes at night, so that an alert can be put off until the opening.
    """

    id: int
    conversation: Conversation
    provider_label: str
    since: datetime | None
    waited: str
    text: str = ""
    more: int = 0
    closing: bool = False
    claimed_by: str | None = None
    snoozed_until: datetime | None = None
    link: str | None = None
    can_wait: bool = False

    @property
    def name(self) -> str:
        """The guest's name, as it may be shown."""
        return clip(neutral(self.conversation.guest_name or ""), 100) or "A guest"

    @property
    def about(self) -> str:
        """Where the guest stays and under which number."""
        about = self.conversation
        kind = conversation_type(about.conversation_type)
        place = f"{self.provider_label} property {about.property_id or 'not known yet'}"
        return clip(neutral(f"{place} · {kind} {about.reference or ''}".rstrip()), 250)


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """Many guests who wait, in one summary: how many by property, and the first of them."""

    places: Sequence[str] = ()
    first: Sequence[WaitingGuest] = field(default_factory=tuple)
    count: int = 0


def waiting_alert(guest: WaitingGuest, *, state: str, ended: str | None = None) -> Post:
    """Draw the alert about one guest, open or closed (``ended`` says how)."""
    provider, conversation = guest.conversation.provider, guest.conversation.conversation_id
    payload = _payload(provider, conversation, state)
    if state == "closed":
        how = ended or "The guest does not wait any more"
        end = {"type": "section", "text": marked_up(how)}
        again = [button("Count as waiting again", "wait_reopen", guest.id)]
        reopen = (actions(again),) if how.startswith("No reply") else ()
        return Post(
            f"{escape(guest.name)}: {how}",
            (headline("white_check_mark", guest.name), end, context(_where(guest)), *reopen),
            "bridgebot_alert",
            payload=payload,
        )
    waits = "only thanked and has no reply" if guest.closing else "waits for an answer"
    head = f"{guest.name} {waits}: {guest.waited}"
    quoted = clip(neutral(guest.text), EXCERPT) or "(no text)"
    notes = _where(guest)
    if guest.more:
        notes.append(plain(f"and {guest.more} more message{'s' * (guest.more > 1)}"))
    blocks = (headline("rotating_light", head), quote_block(quoted), context(notes))
    return Post(
        escape(f"{head}\n{guest.about}\n{quoted}"),
        (*blocks, *([context(_notes(guest))] if _notes(guest) else []), _buttons(guest)),
        "bridgebot_alert",
        payload=payload,
    )


def crowd_alert(crowd: Crowd, *, provider: str, state: str, ended: str | None = None) -> Post:
    """Draw the one alert for many guests."""
    payload = _payload(provider, None, state)
    if state == "closed":
        text = ended or "Nobody of these guests waits any more."
        done = headline("white_check_mark", text)
        return Post(escape(text), (done,), "bridgebot_alert", payload=payload)
    head = "1 guest waits" if crowd.count == 1 else f"{crowd.count} guests wait"
    head += " for an answer"
    lines = [head, *(clip(neutral(each), 200) for each in crowd.places[:MOST_LISTED])]
    listed = [context([plain(each)]) for each in lines[1:]]
    guests = [guest_line(each) for each in crowd.first]
    show = actions([button("Show all", "wait_list", "0:")])
    blocks = (headline("rotating_light", head), *listed, *guests, show)
    return Post(escape("\n".join(lines)), blocks, "bridgebot_alert", payload=payload)


def call_post(why: str, to: Sequence[str], waited: str, who: str | None = None) -> Post:
    """Draw a post below an alert that notifies people, who may see nothing else of it."""
    name = clip(neutral(who or ""), _NAME)
    words = {
        "late": f"Still no answer{name and f' for {name}'} after {waited}.",
        "woken": f"The snooze is over and {name or 'the guest'} still waits: {waited}.",
        "score": f"Without an answer{name and f' to {name}'} this will soon count against the "
        "reply score at Booking.com. "
        "Please answer, or press No reply needed.",
    }[why]
    called = " ".join(map(mention_of, to))
    head: tuple[Block, ...] = ({"type": "section", "text": marked_up(called)},) if called else ()
    text = f"{called} {escape(words)}".strip()
    return Post(text, (*head, literal_block(words)), "bridgebot_call")


def mention_of(who: str) -> str:
    """Write a mention that notifies: a person, a user group, or everybody who is here."""
    if who == "here":
        return "<!here>"
    return f"<!subteam^{who}>" if who.startswith("S") else f"<@{who}>"


def waiting_list(
    groups: Sequence[tuple[str, Sequence[WaitingGuest]]],
    *,
    head: str,
    page: str,
    next_page: str | None = None,
) -> Post:
    """Draw who waits, by property; ``page`` and ``next_page`` name this list and its continuation.

    The buttons carry the page, since Slack does not tell what stood in a message that only one
    person sees.
    """
    blocks: list[Block] = [headline("hourglass_flowing_sand", clip(neutral(head), 200))]
    lines = [clip(neutral(head), 200)]
    for place, guests in groups:
        blocks.append(context([plain(place)]))
        for guest in guests:
            blocks += [guest_line(guest), _buttons(guest, page=page)]
            lines.append(f"{guest.name} · {guest.about} · {guest.waited}")
    if next_page is not None:
        blocks.append(actions([button("Show more", "wait_list", next_page)]))
    return Post(escape("\n".join(lines))[:TEXT_LIMIT], tuple(blocks), "bridgebot_desk")


def _payload(provider: str, conversation: str | None, state: str) -> dict[str, object]:
    return {
        "kind": "unanswered",
        "provider": provider,
        "conversation_id": conversation,
        "state": state,
    }


def guest_line(guest: WaitingGuest) -> Block:
    """Draw one guest in a line."""
    since = f" since {moment(guest.since)}" if guest.since else ""
    reference = neutral(guest.conversation.reference or "")
    name = plain(f"{guest.name} {clip(reference, 50)}".rstrip())
    link = [marked_up(f"<{guest.link}|Open the thread>")] if guest.link else []
    # Who does not wait stands in hand-overs too; Slack takes no empty text.
    waits = [marked_up(f"{guest.waited}{since}")] if guest.waited else []
    return context([name, *waits, *_notes(guest), *link])


def _where(guest: WaitingGuest) -> list[Block]:
    since = [marked_up(f"since {moment(guest.since)}")] if guest.since else []
    return [plain(guest.about), *since]


def _notes(guest: WaitingGuest) -> list[Block]:
    notes = []
    if guest.claimed_by:
        notes.append(marked_up(f":raising_hand: Claimed by <@{guest.claimed_by}>"))
    if guest.snoozed_until:
        notes.append(marked_up(f":zzz: Quiet until {moment(guest.snoozed_until)}"))
    return notes


def _buttons(guest: WaitingGuest, *, page: str | None = None) -> Block:
    """Offer what can be done; a list offers less than the guest's own alert."""
    value = str(guest.id) if page is None else f"{guest.id}|{page}"
    claim = ("Release", "wait_release") if guest.claimed_by else ("Claim", "wait_claim")
    buttons = [button(*claim, value)]
    if page is None and not guest.closing:
        buttons.append(button("Snooze 30 min", "wait_snooze_30", value))
        buttons.append(button("Snooze 2 h", "wait_snooze_120", value))
        if guest.can_wait:
            buttons.append(button("Snooze until opening", "wait_snooze_opening", value))
    buttons.append(button("No reply needed", "wait_settle", value))
    if guest.link:
        buttons.append({**button("Open thread", "wait_open", value), "url": guest.link})
    return actions(buttons)
