"""Figures for a monitoring system at `GET /metrics` (Prometheus text), only when MARKET_METRICS_TOKEN is set and to who sends it.

Requests by route, method and status, their duration by route, and look-ups of certificates by outcome. With several workers
`deploy/gunicorn.py` names the folder in which they add up (PROMETHEUS_MULTIPROC_DIR).
"""

from __future__ import annotations

import os
import secrets
import time
from typing import Any

from flask import Flask, Response, g, request

from api import gate
from market.errors import Unauthenticated

LOOK_UP = "certificates.look_up_certificate"
_REFUSED = {404: "not_found", 429: "limited"}
_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0)


def note_outcome(outcome: str) -> None:
    """How this request's question was answered, where its status does not say it."""
    g.outcome = outcome


def install(app: Flask, token: str) -> None:
    """Count what the application does and show it; nothing at all without a token."""
    if not token:
        return
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    own = CollectorRegistry()
    requests = Counter("market_requests", "Requests answered.", ("route", "method", "status"), registry=own)
    seconds = Histogram("market_request_seconds", "Their duration.", ("route",), buckets=_SECONDS, registry=own)
    lookups = Counter("market_certificate_lookups", "Look-ups of certificates.", ("outcome",), registry=own)

    @app.before_request
    def begin() -> None:
        g.asked_at = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "none"
        requests.labels(route, request.method, response.status_code).inc()
        seconds.labels(route).observe(time.perf_counter() - g.get("asked_at", time.perf_counter()))
        if request.endpoint == LOOK_UP:
            lookups.labels(g.get("outcome") or _REFUSED.get(response.status_code, "failed")).inc()
        return response

    @app.get("/metrics")
    @gate.public
    def metrics() -> Response:
        """What was counted, in the text format of Prometheus."""
        given = request.headers.get("Authorization", "")
        if not secrets.compare_digest(given.encode(errors="replace"), f"Bearer {token}".encode()):
            raise Unauthenticated("This needs the token of the operator: Authorization: Bearer <token>.")
        return Response(generate_latest(_all(own)), content_type=CONTENT_TYPE_LATEST)

    def _all(registry: Any) -> Any:
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return registry
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return together
