"""What the stand-ins cover is what their page says."""

from __future__ import annotations

import re
from pathlib import Path

from aiohttp import web

from bridgebot.sandbox.messaging.booking import Booking
from bridgebot.sandbox.messaging.standin import BookingStandIn
from bridgebot.sandbox.slack.coverage import COVERAGE, ELEMENTS, elements_table, table
from bridgebot.sandbox.slack.elements import INTERACTIVE
from bridgebot.sandbox.slack.methods import SERVED
from bridgebot.sandbox.slack.standin import OPEN

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"


def test_the_pages_slack_methods_are_those_of_the_table() -> None:
    """The page shows the table as it is written from the code."""
    assert table() in PAGE.read_text("utf-8")


def test_the_tables_methods_are_those_that_are_served() -> None:
    """A method is served unless it is missing; what differs from Slack is said in a note."""
    covered = {name for name, each in COVERAGE.items() if each.how != "missing"}

    assert covered == set(SERVED) | {OPEN}
    assert list(COVERAGE) == sorted(COVERAGE)
    assert all(bool(each.note) == (each.how != "supported") for each in COVERAGE.values())


def test_the_pages_elements_are_those_that_can_be_used() -> None:
    """An element is drawn by the page and told by the stand-in, or it is listed as missing."""
    static = PAGE.parents[1] / "bridgebot" / "sandbox" / "static" / "controls.js"
    drawn = set(re.findall(r"\w+", static.read_text("utf-8"))) | {"button"}
    usable = {name for name, each in ELEMENTS.items() if each.how != "missing"}

    assert elements_table() in PAGE.read_text("utf-8")
    assert list(ELEMENTS) == sorted(ELEMENTS)
    assert usable <= drawn
    assert usable <= INTERACTIVE <= ELEMENTS.keys() | {"button"}


def test_the_pages_booking_endpoints_are_those_that_are_served() -> None:
    """Each route that is served is listed, and none is listed that is not."""
    app = web.Application()
    BookingStandIn(Booking()).add_routes(app)
    served = {
        (route.method, _short(route.resource.canonical))
        for route in app.router.routes()
        if route.resource is not None and route.method not in {"*", "HEAD"}
    }
    lines = re.findall(r"\| `(GET|PUT|POST|DELETE) ([^`]+)`", PAGE.read_text("utf-8"))

    assert {(method, _short(path)) for method, path in lines} == served


def _short(path: str) -> str:
    tail = path.replace("…", "").replace("/booking/messaging", "").replace("/booking", "")
    return re.sub(r"\{\w+\}", "{}", tail)
