"""Log lines as JSON on stderr, each with the id of its request; one line per request at level INFO (`MARKET_LOG_LEVEL`)."""

from __future__ import annotations

import logging
import time

import orjson
from flask import Flask, Response, g, has_request_context, request

from market.store.types import instant_text

log = logging.getLogger("market.requests")


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": instant_text(int(record.created * 1_000_000)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": g.get("request_id") if has_request_context() else None,
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()


def install(app: Flask, level: str) -> None:
    """Send the logs of the market to stderr, from `level` on."""
    logger = logging.getLogger("market")
    logger.setLevel(level)
    if not any(isinstance(handler.formatter, JsonLines) for handler in logger.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines())
        logger.addHandler(handler)
    if not log.isEnabledFor(logging.INFO):
        return

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        spent = (time.perf_counter() - g.began) * 1000 if "began" in g else 0
        log.info("%s %s %s %.1f ms", request.method, request.path, response.status_code, spent)
        return response
