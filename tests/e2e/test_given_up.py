"""What Slack refuses for good: an alert with a button, never silence."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.test_alerts import buttons
from tests.e2e.world import ALERTS, ANNA, TOM, World

pytestmark = pytest.mark.e2e

RETRY = "post_retry"


def alerts(world: World) -> list[dict[str, Any]]:
    """List what stands in the alerts channel."""
    return [each for each in world.messages(ALERTS) if each.get("metadata")]


def _press(world: World, user: str) -> None:
    (alert,) = alerts(world)
    world.slack.interactions.press_button(user, ALERTS, alert["ts"], RETRY)


async def test_a_message_that_slack_refuses_is_shown_by_a_button(world: World) -> None:
    """The alert stands until somebody acts, says who did, and the message stands once."""
    world.guest("c1", "Hello")
    await world.start()
    await world.until(lambda: world.thread("c1"))
    world.slack.faults.add("chat.postMessage", "refused")
    world.guest("c1", "Is there parking?")
    world.guest("c1", "And breakfast?")
    await world.until(lambda: alerts(world))
    (alert,) = alerts(world)
    assert "A guest's message could not be shown in Slack" in alert["text"]
    assert "Slack answered: invalid_arguments." in alert["text"]
    assert "parking" not in alert["text"]
    assert buttons(alert) == [RETRY]
    await world.until(lambda: "breakfast" in str(world.thread("c1")))

    _press(world, TOM)
    await world.until(lambda: world.slack.workspace.ephemerals)
    assert "parking" not in str(world.thread("c1"))
    _press(world, ANNA)
    _press(world, ANNA)

    await world.until(lambda: "parking" in str(world.thread("c1")))
    await world.until(lambda: "Closed: " in alerts(world)[0]["text"])
    assert f"<@{ANNA}> had it tried again." in str(alerts(world)[0])
    assert buttons(alerts(world)[0]) == []
    texts = [each["text"] for each in world.thread("c1")]
    assert texts == ["Hello", "And breakfast?", "Is there parking?"]
