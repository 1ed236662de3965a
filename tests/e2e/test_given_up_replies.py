"""What was given up is tried again, or dropped for good: by its button, or by the operator."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.test_alerts import buttons
from tests.e2e.test_given_up import alerts
from tests.e2e.test_holes import cli
from tests.e2e.told import DELIVERED, REFUSED
from tests.e2e.world import ANNA, GUESTS, TOM, World

pytestmark = pytest.mark.e2e

RETRY = "delivery_retry"


async def _refused(world: World) -> str:
    """Run the bot until a reply was refused for good; return its ts."""
    world.guest("c1", "Hello")
    world.booking.faults.add("conversations.post", "403")
    await world.start()
    await world.until(lambda: world.thread("c1") and world.queued() == 0)
    ts = world.staff("c1", "Until noon")
    await world.until(lambda: world.marks(ts) == [REFUSED])
    await world.until(lambda: alerts(world))
    await world.until(lambda: "Not delivered" in world.thread("c1")[-1]["text"])
    return ts


async def test_a_reply_that_was_given_up_goes_out_by_its_button(world: World) -> None:
    """Once, whoever presses how often; what is said of it ends."""
    ts = await _refused(world)
    told = world.thread("c1")[-1]
    assert RETRY in buttons(told)

    world.slack.interactions.press_button(TOM, GUESTS, told["ts"], RETRY)
    await world.until(lambda: world.slack.workspace.ephemerals)
    assert world.got("c1") == []
    for _ in range(2):
        world.slack.interactions.press_button(ANNA, GUESTS, told["ts"], RETRY)

    await world.until(lambda: world.marks(ts) == [DELIVERED])
    await world.until(lambda: "Closed: " in alerts(world)[0]["text"])
    last = world.staff("c1", "See you")
    await world.until(lambda: world.marks(last) == [DELIVERED])
    assert world.got("c1") == ["Until noon", "See you"]
    assert len(alerts(world)) == 1


async def _name(world: World, letter: str) -> str:
    """Find the one delivery of a queue that was given up, as the operator does."""
    status, out = await cli(world, "deliveries", "list")
    (name,) = re.findall(rf"^({letter}\d+)  discarded", out, re.MULTILINE)
    assert status == 0
    assert "Hello" not in out
    assert "noon" not in out
    return str(name)


@pytest.mark.parametrize(("order", "got"), [("retry", ["Until noon"]), ("discard", [])])
async def test_an_operator_decides_about_a_reply(
    world: World, tmp_path: Path, order: str, got: list[str]
) -> None:
    """Beside the running bridge, once; its alert ends with who did what."""
    world.more["DATABASE_URL"] = f"sqlite:///{tmp_path}/hotel.db"
    await _refused(world)
    name = await _name(world, "o")

    status, _ = await cli(world, "deliveries", order, name)
    assert status == 0
    await world.until(lambda: "Closed: " in alerts(world)[0]["text"])
    last = world.staff("c1", "See you")
    await world.until(lambda: world.marks(last) == [DELIVERED])

    assert world.got("c1") == [*got, "See you"]
    assert "operator" in str(alerts(world)[0])
    _, again = await cli(world, "deliveries", order, name)
    assert "not" in again
    assert name not in (await cli(world, "deliveries", "list"))[1]


@pytest.mark.parametrize(("order", "shown"), [("retry", 1), ("discard", 0)])
async def test_an_operator_decides_about_a_guests_message(
    world: World, tmp_path: Path, order: str, shown: int
) -> None:
    """The same for what Slack refused to show."""
    world.more["DATABASE_URL"] = f"sqlite:///{tmp_path}/hotel.db"
    first = world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.shown(first))
    world.slack.faults.add("chat.postMessage", "refused")
    message = world.guest("c1", "Until noon?")
    await world.until(lambda: alerts(world))

    status, _ = await cli(world, "deliveries", order, await _name(world, "i"))
    assert status == 0
    await world.until(lambda: "Closed: " in alerts(world)[0]["text"])
    last = world.guest("c1", "Are you there?")
    await world.until(lambda: world.shown(last))

    assert (world.shown(message), world.shown(first)) == (shown, 1)
