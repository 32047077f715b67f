"""The web application: every capability's routes behind one gate, health, and the documentation offline."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from flask import Flask, Response, send_from_directory
from werkzeug.middleware.proxy_fix import ProxyFix

from api import gate, logs, metrics, problems, throttle
from api.routes import Routes, mount
from market.store.config import Settings
from market.store.session import Database

CAPABILITIES = (
    "places",
    "fields",
    "rules",
    "organisations",
    "listings",
    "matching",
    "dealings",
    "statistics",
    "certificates",
    "examination",
    "sheets",
    "registration",
)
OPENAPI = Path(__file__).parents[1] / "openapi.yaml"
_DOCS = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>Technology market API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"><div id="ui"></div><script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script></html>"""
_START = 'SwaggerUIBundle({url: "/openapi.yaml", dom_id: "#ui", validatorUrl: null});'


def all_routes() -> list[Routes]:
    """The routes of every capability, in order."""
    return [import_module(f"api.{name}.routes").routes for name in CAPABILITIES]


def create_app(database: Database | None = None, settings: Settings | None = None) -> Flask:
    """The application over `database` (default: the one of the environment)."""
    settings = settings or Settings.from_environment()
    app = Flask("market", static_folder=None)
    app.extensions["market"] = database or Database(settings.database_url)
    app.extensions["settings"] = settings
    app.config["MAX_CONTENT_LENGTH"] = problems.MAX_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = True
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies)  # type: ignore[method-assign]
    gate.install(app)
    logs.install(app, settings.log_level)
    metrics.install(app, settings.metrics_token)
    throttle.install(app, settings.lookup_rate)
    problems.install(app)
    for routes in all_routes():
        mount(app, routes)
    _mount_health(app)
    _mount_docs(app)
    return app


def _mount_health(app: Flask) -> None:
    @app.get("/livez")
    @gate.public
    def livez() -> Response:
        """The process answers."""
        return Response("ok\n", mimetype="text/plain")

    @app.get("/readyz")
    @gate.public
    def readyz() -> Response:
        """The database answers and is migrated."""
        if not gate.database().is_ready():
            return Response("the database does not answer, or is not migrated\n", 503, mimetype="text/plain")
        return Response("ok\n", mimetype="text/plain")


def _mount_docs(app: Flask) -> None:
    @app.get("/openapi.yaml")
    @gate.public
    def openapi() -> Response:
        """The API's description, OpenAPI 3.1."""
        return Response(OPENAPI.read_bytes(), mimetype="application/yaml")

    @app.get("/docs")
    @gate.public
    def docs() -> Response:
        """The description as a page; nothing is loaded from elsewhere."""
        policy = {
            "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
        }
        return Response(_DOCS, mimetype="text/html", headers=policy)

    @app.get("/docs/<name>")
    @gate.public
    def docs_file(name: str) -> Response:
        """A file of the page."""
        if name == "start.js":
            return Response(_START, mimetype="text/javascript")
        return send_from_directory(_swagger_ui(), name)


def _swagger_ui() -> Path:
    package = find_spec("flask_swagger_ui")
    if package is None or package.origin is None:
        raise RuntimeError("flask-swagger-ui is not installed")
    return Path(package.origin).parent / "dist"
