"""The yardstick: the measured endpoints written the obvious way, to hold the service against.

Plain Flask, SQLAlchemy ORM and marshmallow, with plain indexes, eager loading and one GROUP BY over contracts. It does the same
work as the service (key look-up, same fields, same checks, entity tags) but keeps no journal, no idempotency keys and no cube.
Reference data is read once per process, as a careful author would. It is never slowed, and not tuned either.

Serve it with `gunicorn 'bench.yardstick.app:create_app()'` and DATABASE_URL set.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from flask import Flask, Response, abort, g, jsonify, request
from marshmallow import ValidationError
from sqlalchemy import Engine, create_engine, event, select
from sqlalchemy.orm import joinedload, sessionmaker
from werkzeug.exceptions import HTTPException

from bench.yardstick import contracts, demands
from bench.yardstick.model import ApiKey
from bench.yardstick.reference import now


def open_engine(url: str) -> Engine:
    """An engine; SQLite with the usual settings for a service."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA foreign_keys=ON")

    return engine


def create_app(url: str | None = None) -> Flask:
    """The application over the database at `url` (default: DATABASE_URL)."""
    app = Flask("yardstick")
    app.json.sort_keys = False
    app.json.ensure_ascii = False
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    engine = app.extensions["engine"] = open_engine(url or os.environ["DATABASE_URL"])
    new_session = sessionmaker(engine, expire_on_commit=False)

    @app.before_request
    def identify() -> None:
        g.session = new_session()
        g.caller = None
        if "Authorization" not in request.headers:
            return
        scheme, _, token = request.headers["Authorization"].partition(" ")
        key = g.session.scalars(
            select(ApiKey)
            .where(ApiKey.digest == hashlib.sha256(token.encode()).hexdigest())
            .options(joinedload(ApiKey.organisation))
        ).one_or_none()
        if scheme.lower() != "bearer" or key is None or key.revoked_at or (key.expires_at and key.expires_at < now()):
            abort(401)
        g.caller = key.organisation

    @app.teardown_request
    def close(_error: BaseException | None) -> None:
        g.session.close()

    @app.errorhandler(ValidationError)
    def refuse(error: ValidationError) -> tuple[Response, int]:
        return jsonify(status=422, title="Invalid", errors=error.normalized_messages()), 422

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> tuple[Response, int]:
        return jsonify(status=error.code, title=error.name), error.code or 500

    app.register_blueprint(demands.blueprint)
    app.register_blueprint(contracts.blueprint)
    return app
