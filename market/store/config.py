"""The service's settings, all from the environment; the README's table lists them and a test holds the two equal."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """What an operator may set."""

    database_url: str = "sqlite:///var/market.db"
    small_cell: int = 3
    """Public statistics show amounts only for cells of at least so many contracts."""
    public_as_of: str = "live"
    """Without `as_of` the public gets statistics as known now (`live`) or at the last month end (`month_end`)."""
    review: str = "none"
    """Who reads a listing before everybody does: a reviewer (`before`), nobody (`none`), or a reviewer later (`after`)."""
    log_level: str = "WARNING"
    """INFO logs every request."""
    lookup_rate: str = "30/minute"
    """How often one address may look certificates up, in each worker process."""
    proxies: int = 0
    """How many proxies of ours stand in front: so many entries of X-Forwarded-For are believed."""
    certificate_password: str = field(default="", repr=False)
    """Encrypts the private keys that sign certificates; set it before the first one is made."""
    metrics_token: str = field(default="", repr=False)
    """Opens GET /metrics to who sends it; without one there is no such address."""

    @classmethod
    def from_environment(cls) -> Settings:
        """Read what stands in `ENVIRONMENT`; the rest keeps its default. ValueError names a wrong one."""
        given = {name: os.environ[variable] for variable, name in ENVIRONMENT.items() if variable in os.environ}
        small_cell = given.pop("small_cell", str(cls.small_cell))
        if not small_cell.isdecimal():
            raise ValueError("MARKET_SMALL_CELL must be a whole number.")
        if given.get("public_as_of", cls.public_as_of) not in ("live", "month_end"):
            raise ValueError("MARKET_PUBLIC_AS_OF must be live or month_end.")
        if given.get("review", cls.review) not in ("none", "before", "after"):
            raise ValueError("MARKET_REVIEW must be none, before or after.")
        if not re.fullmatch("[1-9][0-9]{0,5}/(second|minute|hour|day)", given.get("lookup_rate", cls.lookup_rate)):
            raise ValueError("MARKET_LOOKUP_RATE must be such as 30/minute.")
        proxies = given.pop("proxies", str(cls.proxies))
        if not proxies.isdecimal():
            raise ValueError("MARKET_PROXIES must be a whole number.")
        return cls(**given, small_cell=int(small_cell), proxies=int(proxies))


ENVIRONMENT = {
    "DATABASE_URL": "database_url",
    "MARKET_SMALL_CELL": "small_cell",
    "MARKET_PUBLIC_AS_OF": "public_as_of",
    "MARKET_REVIEW": "review",
    "MARKET_LOG_LEVEL": "log_level",
    "MARKET_LOOKUP_RATE": "lookup_rate",
    "MARKET_PROXIES": "proxies",
    "MARKET_CERTIFICATE_PASSWORD": "certificate_password",
    "MARKET_METRICS_TOKEN": "metrics_token",
}
"""Variables of the environment and the settings they hold."""
