"""How gunicorn serves the yardstick: exactly as it serves the market, but for the application."""

from typing import Any

from deploy.gunicorn import *  # noqa: F403 - settings are module names

wsgi_app = "bench.yardstick.app:create_app()"


def post_fork(_server: Any, worker: Any) -> None:
    """Leave connections opened before the fork to the parent."""
    worker.app.wsgi().extensions["engine"].dispose(close=False)
