"""How gunicorn serves the market: a parent that loads the application once, and workers forked from it that share its memory.

Settings come from the environment (BIND, WEB_CONCURRENCY); gunicorn's own GUNICORN_CMD_ARGS and command line override
all of this, e.g. `--access-logfile -`.
"""

import gc
import os
from typing import Any

wsgi_app = "api.app:create_app()"
bind = os.environ.get("BIND", "127.0.0.1:8000")

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 2
preload_app = True

# A worker is replaced now and then, not all at once, and ends what it has begun.
max_requests = 20_000
max_requests_jitter = 4_000
graceful_timeout = 30
timeout = 60

# Heartbeats in memory: on a busy disk a healthy worker would seem dead.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None
# It would be written below HOME, which a service account may not have.
control_socket_disable = True
accesslog = None

WARM_UP = (
    "/v1/places?limit=1",
    "/v1/code-lists?limit=1",
    "/v1/achievements?limit=1",
    "/v1/demands?field=contract:05&place=150000&limit=1",
    "/v1/statistics/deals?period=2018&basis=output&by=seller_league,contract_type,month",
)


def when_ready(server: Any) -> None:
    """Answer a few reads before forking, so that what they load is shared, and keep the collector off those pages."""
    app = server.app.wsgi()
    for path in WARM_UP:
        app.test_client().get(path)
    # A connection must not pass a fork.
    app.extensions["market"].close()
    gc.collect()
    gc.freeze()
