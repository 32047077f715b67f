"""How gunicorn serves the market: a parent that loads the application once, and workers forked from it that share its memory.

Settings come from the environment (BIND, WEB_CONCURRENCY); gunicorn's own GUNICORN_CMD_ARGS and command line override
all of this, e.g. `--access-logfile -`.
"""

import gc
import os
import shutil
import tempfile
from typing import Any

# numpy's matrix library would set memory aside for each processor; nothing here multiplies matrices.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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

# Where the workers' figures add up; the library reads the variable when it is loaded.
metrics_dir = None
if os.environ.get("MARKET_METRICS_TOKEN") and "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
    metrics_dir = tempfile.mkdtemp(prefix="market-metrics-", dir=worker_tmp_dir)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_dir

# The first five each load a part of the reference data; a list of them would be read from the database and load none.
WARM_UP = (
    "/v1/places/150000",
    "/v1/fields/contract:05",
    "/v1/code-lists/contract_type",
    "/v1/rules/contract.in_force",
    "/v1/calendar?year=2018",
    "/v1/achievements?limit=1",
    "/v1/demands?field=contract:05&place=150000&limit=1",
    "/v1/search?q=%E6%8A%80%E6%9C%AF&facets=field&limit=1",
    "/v1/statistics/deals?period=2018&basis=output&by=seller_league,contract_type,month",
)


def when_ready(server: Any) -> None:
    """Answer a few reads before forking, so that what they load is shared, and keep the collector off those pages."""
    app = server.app.wsgi()
    for path in WARM_UP:
        app.test_client().get(path)
    for demand in app.test_client().get("/v1/demands?limit=1").json.get("items", ()):
        app.test_client().get(f"/v1/demands/{demand['id']}")
        app.test_client().get(f"/v1/demands/{demand['id']}/matches")
    # A connection must not pass a fork.
    app.extensions["market"].close()
    gc.collect()
    gc.freeze()


def on_exit(server: Any) -> None:
    """Leave no figures behind: they begin at nought with every start."""
    if metrics_dir is not None:
        shutil.rmtree(metrics_dir, ignore_errors=True)
