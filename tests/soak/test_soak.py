"""A short soak; ``scripts/soak`` runs a long one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bridgebot.rendering import blocks
from tests.e2e.told import questions
from tests.soak.soak import Size, soak, soak_nodes

pytestmark = pytest.mark.e2e


async def test_a_short_soak_is_clean(tmp_path: Path) -> None:
    """Nothing lost, twice or out of order; every kill and many faults really struck."""
    async with asyncio.timeout(600):
        figures = await soak(tmp_path, Size(messages=400, replies=80, kills=4), seed=1)

    assert figures.clean, figures
    assert (figures.messages, figures.replies, figures.kills) == (400, 80, 4)
    assert figures.struck > 0


@pytest.mark.postgres
async def test_a_short_soak_of_three_nodes_is_clean(tmp_path: Path) -> None:
    """The same on PostgreSQL, with nodes killed and the database ended in the middle of it."""
    size = Size(messages=90, replies=18, kills=2, restarts=1, rate=10, cuts=False)
    async with asyncio.timeout(600):
        figures = await soak_nodes(tmp_path, size, 3, seed=1)

    assert figures.clean, figures
    assert (figures.messages, figures.replies) == (90, 18)
    assert (figures.kills, figures.restarts) == (2, 1)


def test_questions_are_seen() -> None:
    """What the soak counts as a question to a person is what the bridge draws."""
    asked = [blocks.question(1, "Was it sent?"), blocks.held(2, "Send it?")]
    drawn = [{"text": each.text, "blocks": each.blocks} for each in asked]

    assert questions([*drawn, {"text": "Hello", "blocks": []}, {"text": "no blocks"}]) == 2
