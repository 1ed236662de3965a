"""Masks payment card numbers, which guests write although nobody asked them to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Any

from bridgebot.model import Message, Received

_BLANK = r"\s.\u2010-\u2015\u2212\u200b-\u200d\u2060-"
_GAP = rf"[{_BLANK}]{{1,3}}"
"""What people put between the groups of a number, or what a program puts there as they paste."""

SHORTEST, LONGEST, LAST = 13, 19, 4

_GROUP = re.compile(r"\d+")
_RUN = re.compile(rf"\d(?=[\d{_BLANK}]{{{SHORTEST - 1}}})\d*(?:{_GAP}\d+)*")
"""Digits, in groups or not; what is too short for a card is passed over at its first digit."""

FIRST_GROUP = range(4, 9)
"""How many digits the first group of a number has that is written in several."""

_CARD = re.compile(
    r"""
      4(?:\d{12}|\d{15}|\d{18})                                         # Visa
    | (?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}  # Mastercard
    | 3[47]\d{13}                                                       # American Express
    | (?:30[0-5]\d|3095|3[689]\d\d)\d{10}(?:\d{2,5})?                   # Diners Club
    | 35(?:2[89]|[3-8]\d)\d{12,15}                                      # JCB
    | 220[0-4]\d{12,15}                                                 # Mir
    | (?:5018|5020|5038|5893|6304|6759|676[1-3])\d{9,15}                # Maestro
    | (?:50|5[6-8]|6\d)\d{14}(?:\d{3})?           # Discover, UnionPay, RuPay, other Maestro …
    """,
    re.VERBOSE,
)
"""How the networks' numbers begin, and how long they are.

(https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN)).
"""

_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?: ?[A-Za-z0-9]){11,30}")


_ASCII = 128
_PART = re.compile(rf"[\d{_BLANK}]")
_KEPT, _CUT = b"0", b"_"
_MARKED = b"".join(
    _KEPT if byte >= _ASCII or _PART.match(chr(byte)) else _CUT for byte in range(256)
)
"""What may be a digit or a blank, byte by byte; so may all that is not ASCII."""


def _may_hold_card(text: str) -> bool:
    """Tell whether a text is worth a search: at a tenth of its cost, and nearly none is."""
    marked = text.encode("utf-8", "surrogatepass").translate(_MARKED)
    return _KEPT * SHORTEST in marked


def mask(text: str) -> str:
    """Replace each card number by its last four digits and a word that says so.

    Digits may stand beside it (its expiry date, its check code, the next card). Only what begins as
    a network's cards do, is as long, is grouped as people group them and passes the check digit
    (Luhn, ISO/IEC 7812-1 annex B) counts, so that telephone numbers, reservations, dates and
    bank accounts stay as they are.
    """
    if not _may_hold_card(text) or _RUN.sub(_masked, text) == text:
        return text
    parts, end = [], 0
    for start, beyond in _ibans(text):
        parts += [_RUN.sub(_masked, text[end:start]), text[start:beyond]]
        end = beyond
    return "".join([*parts, _RUN.sub(_masked, text[end:])])


def without_cards(received: Received) -> tuple[Message, str]:
    """Mask a message and the entry it came in; where it held a card, each of the entry's texts."""
    message = received.message
    content = mask(message.content)
    if content == message.content:
        return message, mask(received.raw)
    return replace(message, content=content), mask_document(received.raw)


def mask_document(document: str) -> str:
    """Mask each text in a JSON document: written as JSON, a new line is no blank any more."""
    try:
        return json.dumps(_walk(json.loads(document)), ensure_ascii=False)
    except (ValueError, RecursionError):
        return mask(document)


def _walk(value: Any) -> Any:  # noqa: ANN401 - whatever a document holds
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(key): _walk(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_walk(each) for each in value]
    is_card = isinstance(value, int) and mask(str(value)) != str(value)
    return mask(str(value)) if is_card else value


def _ibans(text: str) -> Iterator[tuple[int, int]]:
    """Find the numbers of bank accounts: four digits at a time they look like cards'."""
    for found in _IBAN.finditer(text):
        words = [found.start() + each.end() for each in re.finditer(r"[^ ]+", found[0])]
        for end in reversed(words):
            code = text[found.start() : end].replace(" ", "")
            # A word that was cut off by the longest length is none.
            if not text[end : end + 1].isalnum() and _is_iban(code):
                yield found.start(), end
                break


def _is_iban(code: str) -> bool:
    """Check the two digits that ISO 13616 puts behind the country."""
    return int("".join(str(int(each, 36)) for each in code[4:] + code[:4])) % 97 == 1


def _masked(run: re.Match[str]) -> str:
    """Mask the cards in one run of digits, from the left."""
    text = run[0]
    if len(text) < SHORTEST:
        return text
    groups = [each.span() for each in _GROUP.finditer(text)]
    # Behind a plus sign begins a telephone number, whatever its check digit.
    index = int(run.string[run.start() - 1 : run.start()] == "+")
    parts, end = [], 0
    while index < len(groups):
        taken = _card_at(text, groups[index : index + LONGEST])
        if taken:
            start, beyond = groups[index][0], groups[index + taken - 1][1]
            ending = _digits(text[start:beyond])[-LAST:]
            parts += [text[end:start], f"[card number ending in {ending} removed]"]
            end = beyond
        index += taken or 1
    return "".join([*parts, text[end:]])


def _card_at(text: str, groups: list[tuple[int, int]]) -> int:
    """Return how many of the groups are a card's number, as many as can be; 0 for none."""
    digits = _digits(text[groups[0][0] : groups[-1][1]])
    for count, size in reversed([*enumerate(accumulate(e - s for s, e in groups), start=1)]):
        if not SHORTEST <= size <= LONGEST:
            continue
        if not _CARD.fullmatch(digits[:size]) or not _passes(digits[:size]):
            continue
        if _is_grouped(text[groups[0][0] : groups[count - 1][1]]):
            return count
    return 0


def _is_grouped(written: str) -> bool:
    """Tell whether somebody groups a card's number so.

    A telephone number begins with a short group, a date too; a reservation has ten digits in one.
    Who writes all groups short writes them alike.
    """
    sizes = [len(each) for each in _GROUP.findall(written)]
    if len(sizes) == 1 or sizes[0] in FIRST_GROUP:
        return True
    alike = len({*sizes[:-1]}) == 1 and sizes[-1] <= sizes[0] < FIRST_GROUP.start
    return alike and len({*_GROUP.split(written)[1:-1]}) == 1


def _digits(written: str) -> str:
    """Return the digits alone, from whatever script."""
    return "".join(str(int(each)) for each in written if each.isdecimal())


def _passes(digits: str) -> bool:
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(digits[::-1], start=1)]
    return sum(sum(divmod(each, 10)) for each in doubled) % 10 == 0
