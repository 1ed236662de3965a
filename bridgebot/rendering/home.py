"""The Home tab: who waits, today's figures, and the reply score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridgebot.rendering.literal import clip, neutral
from bridgebot.rendering.post import Block, actions, button, headline, literal_block
from bridgebot.rendering.waiting import WaitingGuest, waiting_list
from bridgebot.rendering.words import how_long

ALL = "all"
_MOST_PLACES = 99
_MOST_SCORES = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class HomeState:
    """What the tab shows; ``chosen`` is the property it is limited to.

    ``today`` and ``scores`` are lines in words.
    """

    groups: Sequence[tuple[str, Sequence[WaitingGuest]]]
    count: int
    today: str
    scores: Sequence[str]
    places: Sequence[str]
    chosen: str | None = None


def home_view(state: HomeState) -> dict[str, object]:
    """Draw the tab for somebody who may see it."""
    where = f" at property {state.chosen}" if state.chosen else ""
    head = f"{state.count} waiting{where}" if state.count else f"Nobody waits{where}"
    shown = sum(len(guests) for _, guests in state.groups)
    if state.count > shown:
        head += f", the first {shown}"
    post = waiting_list(state.groups, head=head, page=f"home:{state.chosen or ''}")
    blocks = [
        _filter(state),
        *post.blocks,
        {"type": "divider"},
        headline("bar_chart", "Today"),
        literal_block(state.today),
        *_scores(state),
    ]
    return {"type": "home", "blocks": [dict(block) for block in blocks]}


def refused_view(why: str) -> dict[str, object]:
    """Draw the tab for somebody who may not see it."""
    return {"type": "home", "blocks": [dict(literal_block(why))]}


def today_line(received: int, answered: int, median_ms: int | None) -> str:
    """Say the figures of a day, or of a shift, in one line."""
    middle = how_long(median_ms) if median_ms is not None else "none yet"
    return f"Messages received: {received} · answered: {answered} · median first reply: {middle}"


def score_line(place: str, percent: int, answered: int, counted: int, *, few: bool) -> str:
    """Say a property's reply score; with ``few`` messages the provider shows none yet."""
    hidden = "; Booking.com shows it from the tenth message on" if few else ""
    share = f"{answered} of {counted} answered within 24 hours{hidden}"
    return f"Property {place}: {percent} % ({share})"


def _scores(state: HomeState) -> list[Block]:
    if not state.scores:
        return []
    text = "\n".join(state.scores[:_MOST_SCORES])
    return [headline("star", "Reply score at Booking.com, last 30 days"), literal_block(text)]


def _filter(state: HomeState) -> Block:
    """Let the reader choose a property, and look again at once."""
    options = [_option("All properties", ALL)]
    options += [_option(f"Property {place}", place) for place in state.places[:_MOST_PLACES]]
    chosen = [each for each in options if each["value"] == (state.chosen or ALL)]
    select: dict[str, object] = {
        "type": "static_select",
        "action_id": "home_property",
        "placeholder": {"type": "plain_text", "text": "All properties"},
        "options": options,
        "initial_option": (chosen or options)[0],
    }
    return actions([select, button("Look again", "home_refresh", state.chosen or ALL)])


def _option(label: str, value: str) -> dict[str, object]:
    words = clip(neutral(label), 70)
    return {"text": {"type": "plain_text", "text": words, "emoji": False}, "value": value}
