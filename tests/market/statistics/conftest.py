"""A register to write into."""

from __future__ import annotations

import pytest

from market.statistics import cube
from tests.market.statistics.history import History
from tests.world import World


@pytest.fixture
def history(world: World) -> History:
    return History(world.database, world.ids["office"])


@pytest.fixture
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stretch is closed after four lines."""
    monkeypatch.setattr(cube, "LENGTH", 4)
