"""What Booking.com's documents name: endpoints, elements of calls and answers, values, errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FILES = (
    "booking-managing-messages.txt",
    "booking-managing-conversations-v1.0.txt",
    "booking-managing-conversations-v1.2.md",
    "booking-searching-messages.txt",
)
_ENDPOINT = re.compile(
    r"^(GET|PUT|POST)\s+https://supply-xml\.booking\.com/messaging(/\S+)", re.MULTILINE
)
_PART = re.compile(r"^(?:#+ )?(Path|Query|Body request|Response body) (?:parameters|elements)$")
_PARTS = {"Path": "path", "Query": "query", "Body request": "body", "Response body": "answer"}
_MARKDOWN_ROW = re.compile(r"^\| (?:\*\*(:+)\*\* )?`(\w+)` \| (.*)\|$")
_TEXT_ROW = re.compile(r"^(:*) ?([a-z_]+)((?:Specifies|Contains|Indicates).*)$")
_ONE_OF = re.compile(r"ossible values?(?: is| are|:)? `?(\w+)`?(?: or `?(\w+)`?)?")
_LISTED = re.compile(r"(?:^| )-  ?`?([a-z_]+)`?(?=:|$| )")
_ERROR = re.compile(r"receive a (\d{3}) response")


class Element(NamedTuple):
    """One thing that an endpoint's part of the documents names."""

    endpoint: str
    where: str
    name: str


def elements(seeds: Path) -> set[Element]:
    """Read everything that the documents name, each with its endpoint."""
    return {each for name in FILES for each in _of_text((seeds / name).read_text("utf-8"))}


def _of_text(text: str) -> Iterator[Element]:
    found = list(_ENDPOINT.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    for match, end in zip(found, ends, strict=True):
        endpoint = f"{match[1]} {match[2]}"
        section = text[match.end() : end]
        for where, name in (*_of_tables(section), *_of_examples(section)):
            yield Element(endpoint, where, name.removeprefix("data."))
        for status in _ERROR.findall(section):
            yield Element(endpoint, "error", status)


def _of_tables(section: str) -> Iterator[tuple[str, str]]:
    where, above = "", list[str]()
    for line in section.splitlines():
        if part := _PART.match(line):
            where, above = _PARTS[part[1]], []
        row = _MARKDOWN_ROW.match(line) or _TEXT_ROW.match(line)
        if where and row:
            above = [*above[: len(row[1] or "")], row[2]]
            yield where, ".".join(above)
            yield from (("value", value) for value in _values(row[3]))
        elif where and above:
            yield from (("value", value) for value in _LISTED.findall(line) if line[0] == "-")


def _values(notes: str) -> list[str]:
    """Find the words that a row's notes give as possible."""
    one_of = [word for pair in _ONE_OF.findall(notes) for word in pair if word]
    listed = _LISTED.findall(notes.partition("ossible values")[2])
    return listed or [word for word in one_of if word not in {"are", "include"}]


def _of_examples(section: str) -> Iterator[tuple[str, str]]:
    at, decoder = 0, json.JSONDecoder()
    while (start := section.find("\n{", at)) >= 0:
        example, at = decoder.raw_decode(section, start + 1)
        where = "body" if "message" in example else "answer"
        yield from ((where, path) for path in _keys(example))


def _keys(value: Any, above: str = "") -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _keys(each, above)
    elif isinstance(value, dict):
        for key, each in value.items():
            path = f"{above}.{key}" if above else key
            yield path
            yield from _keys(each, path)
