"""Where the text of an e-mail ends and the earlier message it quotes begins."""

from __future__ import annotations

import re
from collections.abc import Sequence

_RULE = re.compile(
    r"\s*(?:-{2,}|_{5,})\s*(?:original message|forwarded message|ursprüngliche nachricht"
    r"|message d.origine|mensaje original|messaggio originale|oorspronkelijk bericht)",
    re.IGNORECASE,
)
_FROM = re.compile(r"\s*\*?(?:From|Von|De|Da|Van|Od|От)\*?\s?:", re.IGNORECASE)
_HEADER = re.compile(
    r"\s*\*?(?:Sent|Date|To|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Fecha|Para"
    r"|Asunto|Inviato|Data|Oggetto|Verzonden|Aan|Onderwerp)\*?\s?:",
    re.IGNORECASE,
)
_OPENING = re.compile(r"\s*(?:On|Am|Le|El|Il|Op|Em|Den|W dniu)\s")
_WROTE = re.compile(
    r"\b(?:wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|skrev|napisał)\b.{0,200}:\s*$"
)
_HEADERS_WITHIN = 4


def quote_start(text: str) -> int | None:
    """Find where the quoted tail begins; ``None`` where there is none or nothing before it."""
    lines = text.splitlines(keepends=True)
    first = next((at for at in range(len(lines)) if _opens_quote(lines, at)), len(lines))
    first = min(first, _first_of_marked_tail(lines))
    if first == len(lines) or not "".join(lines[:first]).strip():
        return None
    return sum(map(len, lines[:first]))


def _opens_quote(lines: Sequence[str], at: int) -> bool:
    line = lines[at]
    if _RULE.match(line):
        return True
    if _FROM.match(line):
        following = lines[at + 1 : at + 1 + _HEADERS_WITHIN]
        return any(_HEADER.match(other) for other in following)
    if not _OPENING.match(line):
        return False
    # Mail programs break the line in which they say who wrote.
    pair = line.rstrip() + " " + (lines[at + 1].strip() if at + 1 < len(lines) else "")
    return bool(_WROTE.search(line.rstrip()[-400:]) or _WROTE.search(pair[-400:]))


def _first_of_marked_tail(lines: Sequence[str]) -> int:
    first = len(lines)
    for at in range(len(lines) - 1, -1, -1):
        if lines[at].lstrip().startswith(">"):
            first = at
        elif lines[at].strip():
            break
    return first
