"""Loading the tree of places; nobody edits single ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert

from market.places.model import PlacePeriod
from market.store.session import Unit


def replace_places(unit: Unit, rows: Sequence[dict[str, Any]]) -> None:
    """Put these periods in place of all that are stored."""
    unit.execute(delete(PlacePeriod))
    unit.execute(insert(PlacePeriod), [{**row, "name_key": (row["name_en"] or "").lower() or None} for row in rows])
