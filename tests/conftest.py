"""Fixtures for all tests."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

# A busy machine is no defect: no test is judged by the clock.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Give the folder of the vendors' documents beside the checkout."""
    beside = Path(__file__).parents[2] / "shared"
    found = Path(os.environ.get("BRIDGEBOT_SHARED") or beside)
    if not found.is_dir():
        if os.environ.get("BRIDGEBOT_REQUIRE_ALL") == "1":
            pytest.fail("the vendors' documents are not there")
        pytest.skip("the vendors' documents are not there")
    return found


def pytest_xdist_auto_num_workers() -> int:
    """Use one process more than there are processors: most tests wait for others now and then."""
    return (os.cpu_count() or 1) + 1
