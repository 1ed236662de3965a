"""What to do with something a person wrote in a conversation's thread."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bridgebot.bridge.asking import Outgoing, question
from bridgebot.bridge.enclosures import Sorted, enclosures_of, listed

REPLY_SUBTYPES = frozenset({None, "thread_broadcast", "file_share", "me_message"})
_APP = ("user", "bot_id", "app_id")
MAY = frozenset({"member", "named"})
"""Kinds of author who may reply."""
OUTSIDE = (
    "Only people of the group that answers guests may reply, so this stays internal. One of them "
    "can send it: More actions → Send to guest."
)
UNCHECKED = (
    "It cannot be checked who may reply to guests: Slack cannot read the user group in the "
    "settings. So this stays internal, and nothing was sent."
)
_MENTION = re.compile(r"^<[@!]|^<#")
_BEFORE_WORDS = "*_~`>•◦▪︎- \t\r\n\u00a0\u200b\u2060\ufeff"
"""Formatting, quote and list signs, and blanks may stand before the first word."""


class Kind(StrEnum):
    """What a staff message in a thread is."""

    REPLY = "reply"
    NOTE = "note"
    SILENT = "silent"
    REFUSED = "refused"
    HELD = "held"


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The decision on a staff message.

    ``content`` is what the guest gets, with the files of ``pictures``; ``told`` are words for the
    thread; ``private`` are words that only the author sees.
    """

    kind: Kind
    content: str = ""
    pictures: tuple[str, ...] = ()
    told: str | None = None
    private: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The owner's settings that decide about replies."""

    policy: str = "thread"
    note_prefixes: tuple[str, ...] = ("//", "note:")
    max_chars: int = 4000
    max_age_seconds: float = 12 * 3600.0
    asks: tuple[str, ...] = ("internal",)
    internal_pattern: str = ""
    picture_line: str = "Please see the picture."


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A staff message and what is known about it.

    ``author`` is a kind of person (``member``, ``named``, ``guest``, ``external``, ``bot``,
    ``gone``, ``unknown``); ``may_send`` tells whether the author is in the group that answers
    guests, ``None`` where that will never be known; ``content`` the text rendered for the guest;
    ``access`` the conversation's; ``account_gone`` says that its account is not in the settings;
    ``files`` those of its files that can go, and what is wrong with
    the others; ``colleagues`` the first names of those who read along; ``signature`` is what stands
    below the text; ``window`` says until when the provider takes replies. A text that was ``seen``
    in a form as the guest gets it is asked about no more.
    """

    event: Mapping[str, object]
    author: str
    content: str
    access: str | None
    label: str
    can_reply: bool
    account_gone: bool = False
    files: Sorted = field(default_factory=Sorted)
    may_send: bool | None = True
    age_seconds: float = 0.0
    colleagues: frozenset[str] = frozenset()
    signature: str = ""
    window: str = ""
    seen: bool = False

    @property
    def signed(self) -> str:
        """Return the whole text that the guest gets."""
        return signed(self.content, self.signature)


def signed(content: str, signature: str) -> str:
    """Put a signature below a text; below no text stands none."""
    return f"{content}\n\n{signature}" if content.strip() and signature else content


def is_reply_event(event: Mapping[str, object], named: Collection[str] = ()) -> bool:
    """Tell whether a message event is a person's message inside a thread.

    By the table of message events in Slack's reference: no ``message`` key (that is an edit or a
    notice about the root), one of four subtypes, in a thread and not its root, by a person or by
    an app whose user, bot or app id is ``named`` by the owner.
    """
    if event.get("type") != "message" or "message" in event:
        return False
    if event.get("bot_id") and not {event.get(key) for key in _APP} & {*named}:
        return False
    if event.get("subtype") not in REPLY_SUBTYPES:
        return False
    thread, ts = event.get("thread_ts"), event.get("ts")
    return bool(event.get("user") and thread and ts and thread != ts)


def is_note(event: Mapping[str, object], prefixes: Sequence[str]) -> bool:
    """Tell whether a message begins as an internal note: a prefix, or a mention of a colleague."""
    if event.get("subtype") == "me_message":
        return True
    text = str(event.get("text") or "").replace("&gt;", ">").lstrip(_BEFORE_WORDS)
    lowered = text.replace("&lt;", "<").replace("&amp;", "&").lower()
    if any(lowered.startswith(prefix.strip().lower()) for prefix in prefixes):
        return True
    return _MENTION.match(text) is not None


def decide(written: Written, rules: Rules) -> Decision:
    """Decide whether a staff message goes to the guest, stays a note, or is refused, and why."""
    if written.author not in MAY:
        return Decision(kind=Kind.REFUSED, private=_not_allowed(written.author))
    by_hand = bool(written.event.get("by_hand"))
    if by_hand:
        written = replace(written, content=without_prefix(written.content, rules))
    # The API demands words with a picture.
    words = written.content or (rules.picture_line if enclosures_of(written.event) else "")
    content = signed(words, written.signature)
    if not by_hand and _is_note(written, rules):
        return Decision(kind=Kind.NOTE, content=content, pictures=_all_files(written))
    return _decide_reply(written, rules, content)


def _decide_reply(written: Written, rules: Rules, content: str) -> Decision:
    """Decide about what is no note, written by somebody who may write here.

    A correction was released by a button and an edited note by its menu, whose pressers were asked
    for the group; what came from a form was released by its author.
    """
    released = bool(written.event.get("released"))
    if rules.policy == "off" or (rules.policy == "explicit" and not released):
        return Decision(kind=Kind.SILENT, content=content, pictures=_all_files(written))
    if not written.may_send and (written.seen or not released):
        told = UNCHECKED if written.may_send is None else OUTSIDE
        kept = _all_files(written)
        return Decision(kind=Kind.SILENT, content=content, pictures=kept, private=told)
    refusal = why_not(written, rules)
    if refusal is not None:
        return Decision(kind=Kind.REFUSED, content=written.signed, told=refusal)
    pictures = tuple(each.file for each in written.files.good)
    asked = _question(written, rules)
    kind = Kind.HELD if asked is not None else Kind.REPLY
    return Decision(kind=kind, content=content, pictures=pictures, told=asked)


def _all_files(written: Written) -> tuple[str, ...]:
    """Name all files: what is wrong with them is said when the message is sent after all."""
    return tuple(each.file for each in enclosures_of(written.event))


def _question(written: Written, rules: Rules) -> str | None:
    """Put the one question that a reply is held for, or ``None`` in the ordinary case."""
    asked = _question_of_words(written, rules)
    if not written.files.wrong:
        return asked
    without = listed(written.files.wrong)
    if asked is not None:
        return f"{asked} It would go without a file: {without}."
    return without_files(without, pictures=len(written.files.good))


def without_files(wrong: str, *, pictures: int) -> str:
    """Ask whether a reply shall go without the files that cannot."""
    rest = {0: "the text", 1: "the rest, with the other picture,"}.get(
        pictures, "the rest, with the other pictures,"
    )
    return f"Not sent yet: {wrong}. Send {rest} without it?"


def _question_of_words(written: Written, rules: Rules) -> str | None:
    """Put the question that age or words ask for."""
    if written.age_seconds > rules.max_age_seconds:
        hours = round(written.age_seconds / 3600)
        return f"This was written {hours} hours ago and has not been sent. Send it now?"
    if written.seen:
        return None
    typed = str(written.event.get("text") or "")
    outgoing = Outgoing(typed=typed, content=written.content, colleagues=written.colleagues)
    return question(outgoing, rules.asks, rules.internal_pattern)


def _is_note(written: Written, rules: Rules) -> bool:
    """Tell whether a message begins as a note, as typed or as the guest would read it."""
    if is_note(written.event, rules.note_prefixes):
        return True
    words = written.content.lstrip(_BEFORE_WORDS).lower()
    return any(words.startswith(prefix.strip().lower()) for prefix in rules.note_prefixes)


def without_prefix(content: str, rules: Rules) -> str:
    """Take off what marks a text as a note: who sends one to the guest means what follows."""
    words = content.lstrip(_BEFORE_WORDS)
    for prefix in rules.note_prefixes:
        sign = prefix.strip()
        if words.lower().startswith(sign.lower()):
            return words[len(sign) :].lstrip()
    return content


def _one_way(written: Written) -> str:
    """Say why nothing at all goes to a conversation's account."""
    if written.account_gone:
        return (
            f"Not sent: the account {written.label} is not in the settings of the bridge any more. "
            "Please answer the guest there; the conversation and your text are kept."
        )
    return (
        f"Not sent: {written.label} can only be read here. Please answer in {written.label} itself."
    )


def why_not(written: Written, rules: Rules) -> str | None:
    """Say why a reply cannot be sent, or ``None`` where it can."""
    if not written.can_reply:
        return _one_way(written)
    if written.access == "read_only":
        return (
            "Not sent: this conversation is closed for replies (read only)."
            f"{written.window and ' '}{written.window} "
            "Please reach the guest another way; your text is kept."
        )
    if not written.content.strip() and not written.files.good:
        if written.files.wrong:
            return f"Not sent: {listed(written.files.wrong)}."
        return "Not sent: there is no text in this message."
    if len(written.signed) > rules.max_chars:
        counted = " with its signature" if written.signature else ""
        return (
            f"Not sent: the text has {len(written.signed)} characters{counted}, "
            f"the longest that can be sent has {rules.max_chars}. Please shorten or split it."
        )
    return None


def _not_allowed(author: str) -> str:
    who = {
        "guest": "Guests of this workspace",
        "external": "People of other organisations",
        "bot": "Apps",
        "gone": "Deactivated members",
    }.get(author, "People whose membership could not be checked")
    return f"{who} may read here but not reply to hotel guests. Nothing was sent."
