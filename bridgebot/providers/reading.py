"""How a provider's JSON is read tolerantly, whoever it comes from.

Keys that are not known are ignored, numbers and strings stand for each other, and what is merely
good to know never keeps a guest's message away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import to_json

_TIME = re.compile(
    r"^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?"
    r"\s*(Z|[+-]\d\d:?\d\d)?(?:\[[^\]]*\])?$"
)


def parse_time(value: str) -> datetime:
    """Read a time as the API writes it: 0 to 9 digits of a second, a zone or none (UTC).

    ``2020-08-18T14:59:26.41`` and ``2021-01-01T14:52:38.860Z[GMT]`` were both seen. Raises
    ``ValueError``.
    """
    found = _TIME.match(value.strip())
    if found is None:
        raise ValueError("not a time")
    day, clock, fraction, zone = found.groups()
    micros = (fraction or "0").ljust(6, "0")[:6]
    offset = "+00:00" if zone in {None, "Z"} else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{micros}{offset}").astimezone(UTC)
    except OverflowError:
        raise ValueError("not a time") from None


def second_of(at: datetime) -> datetime:
    """Cut a time to its whole second, as Booking.com cuts guests' times."""
    return at.replace(microsecond=0)


def clean(text: str) -> str:
    """Replace what databases cannot store: NUL, and halves of characters.

    A text that was cut inside an emoji comes as a JSON escape of its first half.
    """
    text = text.replace("\0", "\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _as_text(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def as_text_or_none(value: object) -> str | None:
    """Read a text or a number; anything else is nothing."""
    text = _as_text(value)
    return text if isinstance(text, str) and text else None


def _as_time(value: object) -> object:
    return parse_time(value) if isinstance(value, str) else value


def _as_content(value: object) -> object:
    return "" if value is None else _as_text(value)


def as_list(value: object) -> list[Any]:
    """Read a list that may be absent or something else."""
    return value if isinstance(value, list) else []


def as_mapping(value: object) -> Mapping[str, Any]:
    """Read an object that may be absent or something else."""
    return value if isinstance(value, dict) else {}


# What a message cannot be shown or answered without.
Id = Annotated[str, BeforeValidator(_as_text), Field(min_length=1)]
Content = Annotated[str, BeforeValidator(_as_content)]
Moment = Annotated[datetime, BeforeValidator(_as_time)]
# What is good to know: an odd form of it must not keep a guest's message away.
Text = Annotated[str | None, BeforeValidator(as_text_or_none)]
Entries = Annotated[list[Any], BeforeValidator(as_list)]
Open = Annotated[Mapping[str, Any], BeforeValidator(as_mapping)]


class Payload(BaseModel):
    """A part of an answer; what it does not name is ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


def raw_of(entry: object) -> str:
    """Write JSON back, readable where it can be stored so."""
    try:
        raw = to_json(entry).decode()
    except ValueError:
        # Half a character is no UTF-8.
        return json.dumps(entry)
    return raw if clean(raw) == raw else json.dumps(entry)


def reason_of(error: ValidationError) -> str:
    """Name the field that is wrong, and never what stands in it."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the entry"
    return f"{where}: {first['type'].replace('_', ' ')}"
