"""The list of what the Booking.com stand-in covers is true."""

from __future__ import annotations

import re

from aiohttp import web

from bridgebot.sandbox.messaging.booking import Booking
from bridgebot.sandbox.messaging.coverage import COVERAGE
from bridgebot.sandbox.messaging.standin import BookingStandIn
from bridgebot.sandbox.messaging.switches import Switches, variants
from tests.sandbox.messaging.side import Side


def test_the_list_and_the_routes_agree() -> None:
    """What is served is listed as such, and nothing else is served."""
    app = web.Application()
    BookingStandIn(Booking()).add_routes(app, "")
    served = {
        (route.method, re.sub(r"\{\w+\}", "{}", route.resource.canonical))
        for route in app.router.routes()
        if route.resource is not None and route.method not in {"*", "HEAD"}
    }
    listed = {(each.method, each.path) for each in COVERAGE if each.level != "missing"}

    assert served == listed
    assert len({(each.method, each.path) for each in COVERAGE}) == len(COVERAGE)


def test_what_is_partial_says_what_is_not_there() -> None:
    """A reader learns what to expect."""
    assert all(each.note for each in COVERAGE if each.level == "partial")


async def test_what_is_missing_is_answered_as_unknown(side: Side) -> None:
    """A client sees a 404, or a refusal where a path could be another's, never a success."""
    for missing in (each for each in COVERAGE if each.level == "missing"):
        path = missing.path.removeprefix("/messaging").format(*["x"] * missing.path.count("{}"))
        assert (await side.call(missing.method, path)).status_code == 404
    assert (await side.call("POST", "/messages")).status_code in {404, 405}


def test_every_switch_is_varied_and_explained() -> None:
    """Each setting is tried by the provider's tests, and said in words."""
    names = {name.partition("=")[0] for name, _ in variants()}
    fields = set(Switches.__dataclass_fields__)

    assert names == fields | {"default"}
    assert {name for name in fields if f"``{name}``" not in str(Switches.__doc__)} == set()
