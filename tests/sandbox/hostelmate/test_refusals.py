"""Keys, limits and errors."""

from __future__ import annotations

import httpx
import pytest

from bridgebot.sandbox.hostelmate.limits import PER_MINUTE
from tests.sandbox.hostelmate.side import HOSTEL, Serve, Side


@pytest.mark.parametrize("status", [401, 403])
async def test_a_wrong_key_is_refused(serve: Serve, status: int) -> None:
    """The status is not documented; a rotated key is dead at once."""
    side = await serve(bad_key=status)
    assert (await side.call()).status_code == 200
    key = side.mate.rotate_key(HOSTEL)

    assert (await side.call()).status_code == status
    side.key = key
    assert (await side.call()).status_code == 200
    side.key = ""
    assert (await side.call()).status_code == status


async def test_a_key_opens_its_own_property_alone(side: Side) -> None:
    """Threads of another property are neither listed nor found."""
    side.mate.add_hostel("other", "hm_live_other")
    foreign = side.mate.open_thread("other")

    assert (await side.get())["results"] == []
    answer = await side.call(f"/{foreign.thread_id}/messages")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


async def test_404_has_three_meanings(serve: Serve) -> None:
    """An unknown thread, messaging that is not enabled, and an address that is not there."""
    side = await serve(feature_off="feature_not_enabled")
    unknown = await side.call("/nobody/messages")
    side.mate.hostels[HOSTEL].enabled = False
    off = await side.call()
    nowhere = await side.call("/nobody/archive")

    assert [each.status_code for each in (unknown, off, nowhere)] == [404] * 3
    assert off.json()["error"] == "feature_not_enabled"
    assert unknown.json()["error"] == nowhere.json()["error"] == "not_found"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [404, 405])
async def test_nothing_can_be_sent(serve: Serve, method: str, status: int) -> None:
    """No call that writes is documented, so nobody may build on one."""
    side = await serve(writing=status)
    thread = side.mate.open_thread(HOSTEL)

    answer = await side.call(f"/{thread.thread_id}/messages", method)

    assert answer.status_code == status
    assert thread.messages == []


@pytest.mark.parametrize(
    "params", [{"limit": 0}, {"limit": 101}, {"offset": -1}, {"limit": "many"}, {"booking_id": "7"}]
)
async def test_values_out_of_range_are_refused(side: Side, params: dict[str, str]) -> None:
    """A page holds 1 to 100."""
    side.mate.open_thread(HOSTEL)

    assert (await side.call("", **params)).status_code == 400


async def test_values_out_of_range_may_be_cut(serve: Serve) -> None:
    """Whether they are refused is not documented."""
    side = await serve(over_limit="clamp")

    assert (await side.get(limit=101))["pagination"]["limit"] == 100


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("flat", '"error": "not_found"'),
        ("nested", '"code": "not_found"'),
        ("plain", "Not found"),
        ("empty", ""),
    ],
)
async def test_the_shape_of_an_error_is_a_switch(serve: Serve, body: str, expected: str) -> None:
    """Only the code is documented."""
    answer = await (await serve(error_body=body)).call("/nobody/messages")

    assert expected in answer.text
    assert (answer.text == "") is (body == "empty")


async def test_120_calls_a_minute_and_no_more(side: Side) -> None:
    """The limit counts every call of an address; the minute slides."""
    for _ in range(PER_MINUTE):
        assert (await side.call()).status_code == 200
        side.clock[0] += 0.1
    refused = await side.call()
    side.clock[0] = 60.0

    assert refused.status_code == 429
    assert "Retry-After" not in refused.headers
    assert side.stand_in.limits.limited == 1
    assert [(await side.call()).status_code for _ in range(2)] == [200, 429]


async def test_the_minute_may_begin_anew_and_the_wait_be_told(serve: Serve) -> None:
    """Neither the kind of window nor ``Retry-After`` is documented."""
    side = await serve(window="fixed", retry_after="seconds")
    side.clock[0] = 50.0
    for _ in range(PER_MINUTE):
        await side.call()

    refused = await side.call()
    side.clock[0] = 60.0

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "10")
    assert (await side.call()).status_code == 200


@pytest.mark.parametrize(
    ("kind", "status"), [("503", 503), ("500", 500), ("429", 429), ("html", 502)]
)
async def test_faults_strike_once(side: Side, kind: str, status: int) -> None:
    """Faults that are set strike as often as they are told."""
    side.stand_in.faults.add("conversations.list", kind)  # type: ignore[arg-type]

    assert [(await side.call()).status_code for _ in range(2)] == [status, 200]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
async def test_an_answer_may_be_lost(side: Side, kind: str) -> None:
    """The connection closes without an answer."""
    side.stand_in.faults.add("*", kind)  # type: ignore[arg-type]

    with pytest.raises(httpx.HTTPError):
        await side.call()
    assert (await side.call()).status_code == 200


async def test_the_key_is_not_kept(side: Side) -> None:
    """What is kept of the wire holds no key."""
    await side.call()

    assert side.mate.wire[0]["what"] == "conversations.list"
    assert side.key not in str(list(side.mate.wire))
