"""Closing words: a guest's "thanks!" or "ok" that asks nothing and raises no alert.

A text closes only when every word of it is known and at least one is a closing word; a question
mark, a figure or any other word makes it a message like all others. Rather one alert too many than
a guest who waits unnoticed; so "yes" and "please" are not among the words.
"""

from __future__ import annotations

import re
import unicodedata

from bridgebot.bridge.closing_words import BESIDE, CLOSING

LONGEST = 160
_QUESTIONS = frozenset("?\uff1f\u061f\u2e2e\u055e\u037e")
"""Question marks: Latin, wide, Arabic, reversed, Armenian and Greek."""


def is_closing(text: str) -> bool:
    """Tell whether a text only thanks, agrees or takes leave, and so needs no answer."""
    if len(text) > LONGEST or _QUESTIONS & set(text) or any(map(_is_other_picture, text)):
        return False
    words = _plain(text)
    if not words:
        return _is_cheer(text)
    found, rest = False, words
    while rest:
        phrase = _longest(rest)
        if phrase is None:
            return False
        found = found or phrase in _CLOSING
        rest = rest[len(phrase) :].lstrip()
    return found


def _plain(text: str) -> str:
    """Keep letters and figures, in small letters, with single blanks between."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'").replace("`", "'")
    kept = "".join(each if _counts(each) else " " for each in folded)
    return " ".join(kept.split())


def _counts(char: str) -> bool:
    return char == "'" or (unicodedata.category(char)[0] in "LNM" and char not in _INVISIBLE)


def _is_cheer(text: str) -> bool:
    """Tell whether a text without words is a nod: a thumb, a smile, folded hands."""
    return any(char in _CHEERS for char in text)


def _is_other_picture(char: str) -> bool:
    """Tell whether this is a small picture that says something else, as an angry face."""
    return unicodedata.category(char) == "So" and char not in _CHEERS


def _longest(words: str) -> str | None:
    """Find the longest known phrase that a text begins with."""
    for length in range(min(len(words), _LONGEST_PHRASE), 0, -1):
        phrase = words[:length]
        if phrase in _KNOWN and (_ends_word(words, length) or _IDEOGRAMS.search(phrase)):
            return phrase
    return None


def _ends_word(words: str, at: int) -> bool:
    return at == len(words) or words[at] == " "


_INVISIBLE = frozenset("\ufe0f\u200d\u20e3")
_CHEERS = frozenset("👍🙏😊🙂😀😃😄😁👌❤♥🤗😍🥰👏✅🤝☺")
_IDEOGRAMS = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_CLOSING = frozenset(map(_plain, CLOSING.split("|"))) - {""}
_KNOWN = _CLOSING | frozenset(map(_plain, BESIDE.split("|"))) - {""}
_LONGEST_PHRASE = max(map(len, _KNOWN))
