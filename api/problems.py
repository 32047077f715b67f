"""Refusals on the wire: RFC 9457 problem documents, one table from market errors to statuses, and the errors of HTTP itself."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from market import errors

MAX_BODY = 1_000_000
"""Bytes of a request body."""

STATUSES: dict[type[errors.MarketError], tuple[int, str]] = {
    errors.Invalid: (422, "Not acceptable as it stands"),
    errors.Unauthenticated: (401, "A valid key is needed"),
    errors.Forbidden: (403, "Not allowed"),
    errors.NotFound: (404, "Not found"),
    errors.Conflict: (409, "In conflict with the present state"),
    errors.Stale: (412, "Changed since it was read"),
    errors.Busy: (409, "Busy"),
    errors.Unavailable: (503, "Unavailable"),
    errors.OutcomeUnknown: (503, "Outcome unknown"),
}
"""Status and title of every market error; a test keeps it total."""

_HTTP_CODES = {
    400: "bad-request",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    408: "timeout",
    411: "length-required",
    413: "too-large",
    414: "address-too-long",
    415: "unsupported-media-type",
    417: "expectation-failed",
    431: "headers-too-large",
    500: "internal",
}

_HTTP_DETAILS = {
    404: "There is nothing at this address; /docs lists what there is.",
    405: "This address does not take this method; the Allow header lists those it takes.",
    413: f"The body is larger than {MAX_BODY} bytes.",
}

log = logging.getLogger("market.api")


class BadRequest(Exception):
    """A request HTTP or JSON itself refuses, before the market is asked: status, code, sentence, field errors."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        found: Sequence[dict[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.found = status, code, detail, list(found)
        self.headers = headers or {}


def problem(status: int, code: str, title: str, detail: str, found: Sequence[dict[str, str]] = ()) -> Response:
    """A problem document."""
    body: dict[str, Any] = {
        "type": f"urn:market:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": list(found),
        "request_id": g.get("request_id"),
    }
    response = Response(orjson.dumps(body), status, mimetype="application/problem+json")
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    if status in (409, 503) and code in ("busy", "unavailable", "outcome-unknown"):
        response.headers["Retry-After"] = "1"
    return response


def _title(status: int) -> str:
    known = {code: title for code, title in STATUSES.values() if code not in (409, 503)}
    return known.get(status) or HTTPStatus(status).phrase


def install(app: Flask) -> None:
    """Answer every exception with a problem document."""

    @app.errorhandler(errors.MarketError)
    def refuse(error: errors.MarketError) -> Response:
        status, title = STATUSES[type(error)]
        where = "query" if request.method == "GET" else "body"
        found = [{"in": where, "pointer": e.pointer, "code": e.code, "message": e.message} for e in error.errors]
        return problem(status, error.code, title, error.detail, found)

    @app.errorhandler(BadRequest)
    def refuse_request(error: BadRequest) -> Response:
        response = problem(error.status, error.code, _title(error.status), error.detail, error.found)
        response.headers.update(error.headers)
        return response

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Response:
        status = error.code or 500
        detail = _HTTP_DETAILS.get(status, error.description or error.name)
        response = problem(status, _HTTP_CODES.get(status, "bad-request"), _title(status), detail)
        if status == 413:
            response.headers["Connection"] = "close"  # what remains of the body is not read
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        return response

    @app.errorhandler(Exception)
    def fail(error: Exception) -> Response:
        log.error("request failed", exc_info=error)
        return problem(500, "internal", "Internal error", "The service failed; the request id finds it in the log.")
