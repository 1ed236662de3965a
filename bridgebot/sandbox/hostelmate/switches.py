"""What Hostel Mate's documents do not say, as switches with a stated default.

Each marks a ``?`` of the reference that a client can notice; a client should pass its tests under
every setting.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True, slots=True)
class Switches:
    """How the stand-in behaves where the real service is not documented.

    ``list_order``: newest activity first, oldest thread first, or by id. ``preview``: is a thread's
    last message the one written last or the one that came last? ``bad_key``: the answer to a wrong
    key. ``error_body``: the shape around an error's code. ``feature_off``: the code that goes with
    the 404 where messaging is not enabled. ``writing``: the answer to any other method.
    ``over_limit``: what a page size out of range does. ``retry_after``: whether a 429 says how
    long. ``window``: whether the minute of the rate limit slides or begins anew. ``unset``: how a
    value that is not there comes. ``times``: how a time is written. ``reading``: whether reading a
    thread marks its messages as read.
    """

    list_order: Literal["activity", "created", "id"] = "activity"
    preview: Literal["written", "arrived"] = "written"
    bad_key: Literal[401, 403] = 401
    error_body: Literal["flat", "nested", "plain", "empty"] = "flat"
    feature_off: Literal["not_found", "feature_not_enabled"] = "not_found"
    writing: Literal[404, 405] = 404
    over_limit: Literal["400", "clamp"] = "400"
    retry_after: Literal["absent", "seconds"] = "absent"
    window: Literal["sliding", "fixed"] = "sliding"
    unset: Literal["null", "absent"] = "null"
    times: Literal["seconds", "millis", "offset"] = "seconds"
    reading: Literal["leaves", "marks"] = "leaves"


_OTHERS: dict[str, tuple[Any, ...]] = {
    "list_order": ("created", "id"),
    "preview": ("arrived",),
    "bad_key": (403,),
    "error_body": ("nested", "plain", "empty"),
    "feature_off": ("feature_not_enabled",),
    "writing": (405,),
    "over_limit": ("clamp",),
    "retry_after": ("seconds",),
    "window": ("fixed",),
    "unset": ("absent",),
    "times": ("millis", "offset"),
    "reading": ("marks",),
}


def variants() -> Iterator[tuple[str, Switches]]:
    """Yield the default and then each switch in each of its other settings."""
    yield "default", Switches()
    for field in fields(Switches):
        for value in _OTHERS[field.name]:
            yield f"{field.name}={value}", replace(Switches(), **{field.name: value})
