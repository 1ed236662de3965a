"""What the shipped process tells staff to type."""

from __future__ import annotations

import pytest

from tests.e2e.world import ANNA, GUESTS, World

pytestmark = pytest.mark.e2e


async def test_the_help_follows_the_settings(world: World) -> None:
    """Commands by their names here, the sign of a note as it is set."""
    world.more |= {"COMMAND_PREFIX": "hotel-", "NOTE_PREFIXES": '["int:"]'}
    await world.start()
    ask, said = world.slack.interactions.slash_command, world.slack.workspace.ephemerals

    ask(ANNA, GUESTS, "/hotel-bridgebot", "help")
    await world.until(lambda: len(said) == 1)
    ask(ANNA, GUESTS, "/hotel-reservation", "")
    await world.until(lambda: len(said) == 2)
    ask(ANNA, GUESTS, "/hotel-bridgebot", "backfill yesterday")

    await world.until(lambda: len(said) == 3)
    assert "begin with int: or by mentioning" in said[0]["text"]
    assert all("/hotel-" in each["text"] for each in said)
