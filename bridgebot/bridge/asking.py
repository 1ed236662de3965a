"""Which replies are held for one question to their author before a guest gets them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

QUESTION = "Not sent yet: {why}. Send it to the guest?"

_MENTION = re.compile(r"<[@!#][^>]*>")
_CALL = re.compile(r"<!(?:here|channel|everyone|subteam)\b|(?<![\w.])@(?:here|channel|everyone)\b")
_OPENING = re.compile(r"[\s*_~]*(@?)([^\W\d_](?:[\w'-]*[^\W_])?)")
_ENDINGS = "com|net|org|info|eu|io|me|app|hotel|travel|co|uk|de|nl|fr|it|es|pt|at|ch|be|pl|ru"
_LINK = re.compile(
    rf"(?:https?://|\bwww\.)\S|(?<![@\w.-])(?:[a-zA-Z0-9-]+\.)+(?:(?:{_ENDINGS})\b(?!\.?\w)|[a-z]{{2,}}/\w)"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SPACED = r"(?:[ ./()-]{0,3}\d)"
_PHONE = re.compile(
    rf"(?<![\w.])(?:(?:\+|\(\+)\d{_SPACED}{{6,13}}|\(?0\d{_SPACED}{{7,13}}"
    r"|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4})(?!\d)"
)
_DATE = re.compile(r"\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b|\b\d{4}-\d\d-\d\d\b")
# First words of many sentences that are names too; alone they call nobody.
_WORDS = frozenset(
    ("art", "bill", "faith", "frank", "grace", "hope", "joy", "june", "mark", "may", "page", "will")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A reply about to go out: as typed, as the guest would read it, and who is around.

    ``colleagues`` are first names of those who read along, without the author's and the guest's.
    """

    typed: str
    content: str
    colleagues: Collection[str] = ()


def first_names(*names: str) -> frozenset[str]:
    """Take the first word of each name, in small letters."""
    words = (name.split() for name in names)
    return frozenset(each[0].casefold() for each in words if each and len(each[0]) > 1)


def may_call_somebody(typed: str) -> bool:
    """Tell whether a text begins as if it called somebody by name."""
    found = _OPENING.match(typed)
    return found is not None and (bool(found[1]) or found[2][0].isupper())


def question(outgoing: Outgoing, asks: Collection[str], internal_pattern: str = "") -> str | None:
    """Put the question to the author where the owner's settings want one; else ``None``."""
    if "internal" in asks and _is_internal(outgoing, internal_pattern):
        return QUESTION.format(why="this looks like a message among colleagues")
    for kind, (has, why) in _DISLIKED.items():
        if kind in asks and has(outgoing.content):
            return QUESTION.format(why=why)
    return None


def _is_internal(outgoing: Outgoing, internal_pattern: str) -> bool:
    typed = outgoing.typed
    if _CALL.search(typed):
        return True
    rest = _MENTION.sub("", typed)
    if rest != typed and not any(sign.isalnum() for sign in rest):
        return True
    if internal_pattern and re.search(internal_pattern, outgoing.content):
        return True
    return _calls_a_colleague(outgoing)


def _calls_a_colleague(outgoing: Outgoing) -> bool:
    found = _OPENING.match(outgoing.typed)
    if found is None or not may_call_somebody(outgoing.typed):
        return False
    name = found[2].casefold()
    if name not in outgoing.colleagues:
        return False
    follows = outgoing.typed[found.end(2) :].lstrip()[:1]
    return name not in _WORDS or bool(found[1]) or follows in {",", ":", "-", "\N{EN DASH}"}


def _has_link(text: str) -> bool:
    return _LINK.search(_EMAIL.sub("", text)) is not None


def _has_contact(text: str) -> bool:
    return _EMAIL.search(text) is not None or _PHONE.search(_DATE.sub("", text)) is not None


_DISLIKED: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "links": (_has_link, "it has a link, which the provider may remove"),
    "contacts": (
        _has_contact,
        "it has an e-mail address or a phone number, which the provider may not like",
    ),
}
