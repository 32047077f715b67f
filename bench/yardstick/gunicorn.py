"""How gunicorn serves the yardstick: as it serves the market, but for the application and what is read before forking."""

import gc
from typing import Any

from deploy.gunicorn import *  # noqa: F403 - settings are module names

wsgi_app = "bench.yardstick.app:create_app()"


def when_ready(server: Any) -> None:
    """Read the reference data once in the parent, and keep the collector off those pages."""
    app = server.app.wsgi()
    app.test_client().get("/v1/demands?limit=1")
    app.extensions["engine"].dispose()
    gc.collect()
    gc.freeze()
