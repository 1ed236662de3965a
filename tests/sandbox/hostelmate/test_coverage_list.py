"""The list of what the Hostel Mate stand-in covers is true."""

from __future__ import annotations

import re

import pytest
from aiohttp import web

from bridgebot.sandbox.hostelmate.coverage import COVERAGE, Covered
from bridgebot.sandbox.hostelmate.hostel import HostelMate
from bridgebot.sandbox.hostelmate.standin import BASE, HostelMateStandIn
from bridgebot.sandbox.hostelmate.switches import Switches, variants
from tests.sandbox.hostelmate.side import Side


def test_the_list_and_the_routes_agree() -> None:
    """What is served is listed as such, and nothing else is served."""
    app = web.Application()
    HostelMateStandIn(HostelMate()).add_routes(app, "")
    served = {
        (route.method, re.sub(r"\{\w+\}", "{}", route.resource.canonical))
        for route in app.router.routes()
        if route.resource is not None and route.method not in {"*", "HEAD"}
    }

    assert served == {(each.method, each.path) for each in COVERAGE if each.level == "supported"}


@pytest.mark.parametrize(
    "missing",
    [each for each in COVERAGE if each.level == "missing"],
    ids=lambda each: f"{each.method} {each.path}",
)
async def test_what_is_missing_is_answered_as_unknown(side: Side, missing: Covered) -> None:
    """A client sees a 404, never a success."""
    path = missing.path.removeprefix(BASE).format(*["x"] * missing.path.count("{}"))
    answer = await side.http.request(
        missing.method, f"{side.base}{BASE}{path}", headers={"X-API-Key": side.key}
    )
    assert answer.status_code == 404


def test_every_switch_is_varied_and_explained() -> None:
    """Each setting is tried by the provider's tests, and said in words."""
    names = {name.partition("=")[0] for name, _ in variants()}
    fields = set(Switches.__dataclass_fields__)

    assert names == fields | {"default"}
    assert {name for name in fields if f"``{name}``" not in str(Switches.__doc__)} == set()
