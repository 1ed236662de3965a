"""Masks payment card numbers, which guests write although nobody asked them to."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"(?<![\d])(?<![\d][ .-])[2-6](?:[ .-]?\d){12,18}(?![ .-]?\d)")
"""13 to 19 digits, in groups or not, that begin as cards do (ISO/IEC 7812: 2 to 6)."""

LAST = 4


def mask(text: str) -> str:
    """Replace each card number by its last four digits and a word that says so.

    Only what passes the check digit (Luhn, ISO/IEC 7812-1 annex B) counts, so that most telephone
    and reservation numbers stay as they are.
    """
    return _NUMBER.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    return f"[card number ending in {digits[-LAST:]} removed]" if _passes(digits) else found[0]


def _passes(digits: str) -> bool:
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(digits[::-1], start=1)]
    return sum(sum(divmod(each, 10)) for each in doubled) % 10 == 0
