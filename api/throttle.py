"""How often one address may ask: `@limited`, for a view that anyone may call and that answers to a secret.

Counted in the memory of each process, so with several workers an address gets the rate of each. An IPv6 network of 64 bits counts
as one address. Behind a proxy every caller has the proxy's address unless MARKET_PROXIES says how many proxies stand in front.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address, ip_network
from typing import Any, TypeVar

from flask import Flask, current_app, request

from api.problems import BadRequest

View = TypeVar("View", bound=Callable[..., Any])


def install(app: Flask, rate: str) -> None:
    """Let every `@limited` view of the application share one rate, such as `30/minute`."""
    app.extensions["throttle"] = Throttle(rate)


def limited(view: View) -> View:
    """The view answers each address only so often: 429 beyond, whatever is asked."""

    @wraps(view)
    def within(*args: Any, **rest: Any) -> Any:
        throttle: Throttle = current_app.extensions["throttle"]
        throttle.spend(request.remote_addr or "")
        return view(*args, **rest)

    within.limited = True  # type: ignore[attr-defined]
    return within  # type: ignore[return-value]


class Throttle:
    """Counts of one application. The library is loaded with the first question."""

    def __init__(self, rate: str) -> None:
        self.rate = rate
        self._limiter: Any = None

    def spend(self, address: str) -> None:
        """Count one question; BadRequest 429 when there were too many."""
        if self._limiter is None:
            from limits import parse
            from limits.storage import MemoryStorage
            from limits.strategies import FixedWindowRateLimiter

            self._item, self._limiter = parse(self.rate), FixedWindowRateLimiter(MemoryStorage())
        name = _network(address)
        if not self._limiter.hit(self._item, name):
            wait = math.ceil(self._limiter.get_window_stats(self._item, name).reset_time - time.time())
            detail = f"At most {self.rate.replace('/', ' a ')} from one address; wait."
            raise BadRequest(429, "too-many-requests", detail, headers={"Retry-After": str(max(1, wait))})


def _network(address: str) -> str:
    try:
        version = ip_address(address).version
    except ValueError:
        return address
    return address if version == 4 else str(ip_network(f"{address}/64", strict=False))
