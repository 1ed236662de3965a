"""Compares the two sides and says what is missing, what came twice, and what nobody asked for.

It knows only what the stand-ins know: what the provider holds and what stands in Slack. The bot
is not asked; its marks on a staff message count for one thing only: a reply it openly refused is
not lost.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from bridgebot.sandbox.console.words import is_note, key, keys

CORRECT, REWORD = "correction_send", "held_edit"
"""Buttons by which a member sends something else than what stands in the thread."""

SENT = "uncertain_sent"
"""The button by which a member says that a reply is with the guest, whatever the API holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A message as the provider holds it; ``api`` says that it was posted through the API.

    ``pictures`` counts those that go with it.
    """

    message_id: str
    conversation_id: str
    content: str
    api: bool = False
    from_guest: bool = True
    at: float = 0.0
    pictures: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A message as Slack holds it.

    ``author`` is ``app`` for the bridge, ``member`` for a full human member, else ``other``;
    ``texts`` are all versions it had, the last one first; ``marks`` the bridge's reactions on it;
    ``files`` counts those that go with it.
    """

    channel: str
    ts: str
    author: str
    thread_ts: str | None = None
    texts: tuple[str, ...] = ("",)
    event_type: str = ""
    payload: Mapping[str, object] = field(default_factory=dict)
    deleted: bool = False
    marks: frozenset[str] = frozenset()
    files: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Books:
    """Everything that is compared; ``writable`` names the conversations that take replies.

    ``forms`` are texts that members typed into forms; ``pressed`` counts, by thread and button,
    what they pressed.
    """

    held: tuple[Held, ...] = ()
    posts: tuple[Post, ...] = ()
    forms: tuple[str, ...] = ()
    pressed: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    writable: frozenset[str] = frozenset()
    names: Mapping[str, str] = field(default_factory=dict)
    confirmed: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """The figures; ``problems`` says each in words, ``waiting`` is what may still be on its way."""

    guest_messages: int = 0
    threads: int = 0
    shown: int = 0
    replies: int = 0
    posted_to_guest: int = 0
    confirmed: int = 0
    refused: int = 0
    waiting: int = 0
    lost: int = 0
    twice: int = 0
    out_of_order: int = 0
    strays: int = 0
    problems: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Whether both sides agree and nothing is on its way."""
        wrong = self.waiting + self.lost + self.twice + self.out_of_order + self.strays
        return wrong == 0


@dataclass(slots=True)
class _Tally:
    """Counts while the books are read."""

    figures: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def note(self, name: str, words: str, times: int = 1) -> None:
        if times:
            self.figures[name] += times
            self.problems.append(words)

    def absent(self, words: str, *, recent: bool) -> None:
        """Count something that is not there: on its way while it is recent, lost afterwards."""
        self.note("waiting" if recent else "lost", words)


def ledger(books: Books, *, now: float = math.inf, patience: float = 0.0) -> Ledger:
    """Compare both sides; what is younger than ``patience`` seconds is waiting, not lost.

    Without ``now`` nothing is young: everything has to be in its place.
    """
    tally = _Tally()
    threads = _threads(books.posts, tally)
    since = now - patience
    _compare_shown(books, threads, tally, since)
    _compare_replies(books, threads, tally, since)
    tally.figures["guest_messages"] = sum(message.from_guest for message in books.held)
    tally.figures["confirmed"] = books.confirmed
    return Ledger(**tally.figures, problems=tuple(tally.problems))


def _threads(posts: Iterable[Post], tally: _Tally) -> dict[tuple[str, str], str]:
    """Find which conversation each thread belongs to, by its root's metadata."""
    roots = {
        (post.channel, post.ts): str(post.payload.get("conversation_id"))
        for post in posts
        if post.event_type == "bridgebot_thread" and post.author == "app" and not post.thread_ts
    }
    for conversation, count in Counter(roots.values()).items():
        tally.note("twice", f"conversation {conversation} has {count} threads", count - 1)
    tally.figures["threads"] = len(roots)
    return roots


def _message_ids(post: Post) -> list[str]:
    several = post.payload.get("message_ids")
    if isinstance(several, list):
        return [str(one) for one in several]
    if isinstance(several, str):
        return several.split(",")
    return [str(post.payload["message_id"])] if "message_id" in post.payload else []


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | str) else 1


def _copies(
    books: Books, threads: Mapping[tuple[str, str], str]
) -> dict[tuple[str, str], tuple[Counter[int], int]]:
    """Count, per conversation and message id, each part shown in the right thread."""
    seen: dict[tuple[str, str], tuple[Counter[int], int]] = {}
    for post in books.posts:
        if post.event_type != "bridgebot_message" or post.author != "app" or post.deleted:
            continue
        place = threads.get((post.channel, post.thread_ts or ""), "")
        for message_id in _message_ids(post):
            parts, total = seen.get((place, message_id), (Counter(), 1))
            parts[_number(post.payload.get("part", 1))] += 1
            seen[place, message_id] = parts, max(total, _number(post.payload.get("parts", 1)))
    return seen


def _compare_shown(
    books: Books, threads: Mapping[tuple[str, str], str], tally: _Tally, since: float
) -> None:
    copies = _copies(books, threads)
    for message in books.held:
        parts, total = copies.pop((message.conversation_id, message.message_id), (Counter(), 1))
        where = f"message {message.message_id} of conversation {message.conversation_id}"
        if message.api:
            tally.note("strays", f"the echo of a reply is shown: {where}", sum(parts.values()))
            continue
        extra = sum(parts.values()) - len(parts)
        tally.note("twice", f"shown {extra + 1} times: {where}", extra)
        if all(parts[part] for part in range(1, total + 1)):
            tally.figures["shown"] += 1
        else:
            tally.absent(f"not in its thread: {where}", recent=message.at > since)
    for (place, message_id), (parts, _) in copies.items():
        times = sum(parts.values())
        tally.note("strays", f"message {message_id} is shown in a wrong place: {place}", times)


@dataclass(slots=True)
class _Reply:
    """A staff message in a guest's thread, and how often the guest got it."""

    post: Post
    keys: frozenset[str]
    required: bool
    got: int = 0


def _staff_replies(books: Books, threads: Mapping[tuple[str, str], str]) -> dict[str, list[_Reply]]:
    """Collect what staff wrote for the guest, oldest first, by conversation."""
    result: dict[str, list[_Reply]] = defaultdict(list)
    for post in sorted(books.posts, key=lambda one: one.ts):
        conversation = threads.get((post.channel, post.thread_ts or ""))
        if conversation is None or post.author != "member" or is_note(post.texts[0]):
            continue
        # A deleted message may have gone out before; a refused or kept one must not be demanded.
        held_back = post.deleted or bool(post.marks & {"warning", "lock"})
        required = conversation in books.writable and not held_back
        versions = frozenset().union(*(keys(text, books.names) for text in post.texts))
        result[conversation].append(_Reply(post=post, keys=versions, required=required))
    return result


def _compare_replies(
    books: Books, threads: Mapping[tuple[str, str], str], tally: _Tally, since: float
) -> None:
    staff = _staff_replies(books, threads)
    sent: dict[str, list[Held]] = defaultdict(list)
    for message in books.held:
        if message.api:
            sent[message.conversation_id].append(message)
    forms = Counter(key(text) for text in books.forms)
    for conversation, messages in sent.items():
        places = {place for place, name in threads.items() if name == conversation}
        by_hand = _ByHand(
            forms=forms,
            corrections=sum(books.pressed.get((*place, CORRECT), 0) for place in places),
            rewordings=sum(books.pressed.get((*place, REWORD), 0) for place in places),
        )
        _match(staff.get(conversation, []), messages, tally, by_hand)
    for place, name in threads.items():
        missing = (one for one in staff.get(name, []) if one.required and not one.got)
        for reply in islice(missing, books.pressed.get((*place, SENT), 0)):
            reply.required = False
    for reply in (one for several in staff.values() for one in several):
        _judge(reply, tally, since)


@dataclass(slots=True)
class _ByHand:
    """What may go to a guest besides what was typed in the thread, each as often as was pressed."""

    forms: Counter[str]
    corrections: int = 0
    rewordings: int = 0

    def takes(self, message: Held, replies: Iterable[_Reply]) -> bool:
        """Tell whether a message that no reply fits was typed into a form."""
        content = key(message.content)
        if not self.forms[content]:
            return False
        self.forms[content] -= 1
        # It may have been the form of a reply that was held: that one is not sent beside it.
        held = next((each for each in replies if each.required and not each.got), None)
        if self.rewordings and held is not None:
            self.rewordings -= 1
            held.required = False
        return True

    def corrects(self, reply: _Reply) -> bool:
        """Tell whether a reply went out once more because somebody corrected it."""
        if not reply.got or not self.corrections or len(reply.post.texts) == 1:
            return False
        self.corrections -= 1
        return True


def _match(replies: list[_Reply], messages: list[Held], tally: _Tally, by_hand: _ByHand) -> None:
    """Give each message at the provider to the reply it came from."""
    last = ""
    for message in messages:
        content = key(message.content)
        fitting = [reply for reply in replies if content in reply.keys]
        # A picture without words gets a line of the hotel's own.
        fitting = fitting or [
            reply
            for reply in replies
            if message.pictures and reply.post.files and not reply.post.texts[0].strip()
        ]
        if not fitting and by_hand.takes(message, replies):
            tally.figures.update(("replies", "posted_to_guest"))
            continue
        if not fitting:
            tally.note("strays", f"nobody wrote this to the guest: message {message.message_id}")
            continue
        reply = min(fitting, key=lambda one: (one.got, not one.required, one.post.ts))
        if by_hand.corrects(reply):
            tally.figures.update(("replies", "posted_to_guest"))
            continue
        reply.got += 1
        if reply.post.ts < last:
            tally.note("out_of_order", f"sent after a later reply: {reply.post.ts}")
        last = max(last, reply.post.ts)


def _judge(reply: _Reply, tally: _Tally, since: float) -> None:
    place = f"reply {reply.post.channel}/{reply.post.ts}"
    tally.figures["posted_to_guest"] += min(reply.got, 1)
    tally.note("twice", f"sent {reply.got} times: {place}", max(reply.got - 1, 0))
    tally.figures["replies"] += reply.required or reply.got > 0
    if reply.got == 0 and "warning" in reply.post.marks:
        tally.figures["refused"] += 1
    if reply.required and reply.got == 0:
        tally.absent(f"not sent to the guest: {place}", recent=float(reply.post.ts) > since)
