"""The service's settings, all from the environment; the README's table lists them and a test holds the two equal."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What an operator may set."""

    database_url: str = "sqlite:///var/market.db"
    home_region: str = "150000"
    small_cell: int = 3
    """Public statistics show amounts only for cells of at least so many contracts."""
    competent_authority: str = "内蒙古自治区科学技术厅"
    """Which department answers for registration; the 2026 national rule may move it."""

    @classmethod
    def from_environment(cls) -> Settings:
        """Read DATABASE_URL, MARKET_HOME_REGION, MARKET_SMALL_CELL, MARKET_COMPETENT_AUTHORITY."""
        given = os.environ
        return cls(
            given.get("DATABASE_URL", cls.database_url),
            given.get("MARKET_HOME_REGION", cls.home_region),
            int(given.get("MARKET_SMALL_CELL", cls.small_cell)),
            given.get("MARKET_COMPETENT_AUTHORITY", cls.competent_authority),
        )
