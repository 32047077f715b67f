"""The service's settings, all from the environment; the README's table lists them and a test holds the two equal."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What an operator may set."""

    database_url: str = "sqlite:///var/market.db"
    small_cell: int = 3
    """Public statistics show amounts only for cells of at least so many contracts."""
    public_as_of: str = "live"
    """Without `as_of` the public gets statistics as known now (`live`) or at the last month end (`month_end`)."""
    log_level: str = "WARNING"
    """INFO logs every request."""

    @classmethod
    def from_environment(cls) -> Settings:
        """Read what stands in `ENVIRONMENT`; the rest keeps its default. ValueError names a wrong one."""
        given = {name: os.environ[variable] for variable, name in ENVIRONMENT.items() if variable in os.environ}
        small_cell = given.pop("small_cell", str(cls.small_cell))
        if not small_cell.isdecimal():
            raise ValueError("MARKET_SMALL_CELL must be a whole number.")
        if given.get("public_as_of", cls.public_as_of) not in ("live", "month_end"):
            raise ValueError("MARKET_PUBLIC_AS_OF must be live or month_end.")
        return cls(**given, small_cell=int(small_cell))


ENVIRONMENT = {
    "DATABASE_URL": "database_url",
    "MARKET_SMALL_CELL": "small_cell",
    "MARKET_PUBLIC_AS_OF": "public_as_of",
    "MARKET_LOG_LEVEL": "log_level",
}
"""Variables of the environment and the settings they hold."""
