"""What requests to the console say, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

_LONGEST: Final = 40_000

Body = Mapping[str, object]
Act = Callable[[web.Request, Body], Awaitable[object]]


class WrongRequestError(Exception):
    """A request says something the sandbox cannot do; the text is for a person."""


def text_of(body: Body, name: str) -> str:
    """Read a text that must be there."""
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise WrongRequestError(f"{name} must be a text")
    if len(value) > _LONGEST:
        raise WrongRequestError(f"the text is longer than {_LONGEST} characters")
    return value
