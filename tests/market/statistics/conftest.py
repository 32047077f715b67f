"""A register to write into."""

from __future__ import annotations

import pytest

from tests.market.statistics.history import History
from tests.world import World


@pytest.fixture
def history(world: World) -> History:
    return History(world.database, world.ids["office"])
