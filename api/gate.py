"""The gate of every request: who is calling, may they, which request is this, which language do they read.

Each view function carries `@allow(permission)` or `@public`; one without is refused at start-up.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request

from market.access import Actor, Permission
from market.errors import Forbidden, Unauthenticated, Unavailable
from market.organisations.queries import authenticate
from market.store.session import Database, Unit

View = TypeVar("View", bound=Callable[..., Any])

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")


def allow(permission: Permission) -> Callable[[View], View]:
    """The view needs a key whose role and scopes hold `permission`."""

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """Anyone may call the view; a key, if given, must still be valid."""
    view.permission = None  # type: ignore[attr-defined]
    return view


def database() -> Database:
    """The database this application serves."""
    found: Database = current_app.extensions["market"]
    return found


def identify(unit: Unit) -> Actor:
    """The caller, by the Authorization header; also pins the version of the reference data. Costs one statement."""
    header = request.headers.get("Authorization")
    token = None
    if header is not None:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Authorization must be: Bearer <key>.")
    actor, unit.version = authenticate(unit.connection, token)
    return actor


def admit(actor: Actor, permission: Permission | None) -> None:
    """Refuse a caller without the permission: 401 for the public, 403 for others."""
    if permission is None or actor.may(permission):
        return
    if actor.organisation is None:
        raise Unauthenticated("This needs a key: Authorization: Bearer <key>.")
    raise Forbidden("This key may not do this: its role or its scopes do not allow it.")


def language() -> str:
    """`zh` or `en`, by Accept-Language; Chinese is the default."""
    return request.accept_languages.best_match(["zh", "zh-CN", "en"], "zh")[:2]


def install(app: Flask) -> None:
    """Give every request an id and every reply its standing headers."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-Id", "")
        g.request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(8)

    @app.after_request
    def finish(response: Response) -> Response:
        headers = response.headers
        headers["X-Request-Id"] = g.get("request_id", "")
        headers["X-Content-Type-Options"] = "nosniff"
        headers.setdefault("Cache-Control", "no-cache")
        if request.path.startswith("/v1/"):
            headers["Vary"] = "Authorization, Accept-Language"
            with suppress(Unavailable):  # the reply says already that the store does not answer
                if database().is_demo():
                    headers["Market-Synthetic"] = "true"
        return response
