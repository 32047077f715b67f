"""The service as gunicorn runs it: workers forked from one loaded parent, over both engines."""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[1]


@pytest.fixture
def service(world, tmp_path):
    log = tmp_path / "log"
    url = world.database.engine.url.render_as_string(hide_password=False)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.py"],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": url, "BIND": "127.0.0.1:0", "WEB_CONCURRENCY": "2"},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        for _ in range(300):
            if log.read_text().count("Booting worker") == 2 or process.poll() is not None:
                break
            time.sleep(0.1)
        address = re.search(r"Listening at: (http://127\.0\.0\.1:\d+)", log.read_text())
        assert address, log.read_text()
        yield process, address[1], log
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_workers_answer_at_once_and_share_no_connection(service, world):
    process, url, log = service
    headers = {"Authorization": f"Bearer {world.keys['office']}"}

    def ask(path):
        return requests.get(url + path, headers=headers, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, ["/readyz", "/v1/me", "/v1/places?limit=5"] * 20)) == {200}
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0, log.read_text()
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert "Traceback" not in log.read_text()
