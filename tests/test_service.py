"""The service as it is run: gunicorn on a port of loopback, real HTTP, the main job from end to end."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from deploy.gunicorn import WARM_UP
from market.access import SYSTEM
from market.journal import read as journal
from market.sample.demo import curls
from market.statistics.agreement import check
from market.tour import run
from tests.postgres import ending_with


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def service(world) -> Iterator[str]:
    """The address of a service over the world."""
    port = free_port()
    database_url = world.database.engine.url.render_as_string(hide_password=False)
    environment = {**os.environ, "DATABASE_URL": database_url, "GUNICORN_CMD_ARGS": "--graceful-timeout=5"}
    command = [sys.executable, "-m", "market.cli", "serve", "--bind", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=ending_with(os.getpid(), signal.SIGTERM)
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(url, process)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=90)  # a worker told to stop while it boots is waited for first
    assert process.returncode == 0, log
    assert "Traceback" not in log


def wait_until_ready(url: str, process: subprocess.Popen[str]) -> None:
    for _ in range(300):
        assert process.poll() is None, process.stderr.read()
        try:
            if requests.get(f"{url}/readyz", timeout=5).ok:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.1)
    raise AssertionError("the service did not come up")


def test_workers_answer_side_by_side_and_share_no_connection(service, world):
    def ask(path: str) -> int:
        return requests.get(
            service + path, headers={"Authorization": f"Bearer {world.keys['office']}"}, timeout=30
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, ["/readyz", "/v1/me", "/v1/places?limit=5"] * 20)) == {200}


def test_what_is_read_before_forking_is_there_and_loads_the_reference_data(api, world, monkeypatch):
    loaded = set()
    cached = world.database.cached

    def see(name, version, load):
        loaded.add(name)
        return cached(name, version, load)

    monkeypatch.setattr(world.database, "cached", see)
    assert {path: api.get(path).status_code for path in WARM_UP} == dict.fromkeys(WARM_UP, 200)
    assert loaded >= {"places", "fields", "code_lists", "rules", "calendar", "cuboids", "search"}


def test_the_tour_does_the_main_job_over_http(service, world, capsys):
    run(service, world.keys)
    assert "stands in every figure it belongs to" in capsys.readouterr().out
    with world.database.snapshot(SYSTEM) as unit:
        assert journal.verify(unit) + check(unit) == []


def test_the_five_lines_can_be_pasted_into_a_shell_again_and_again(service, world):
    script = "\n".join(curls(world.keys, service))
    for times in (1, 2):
        done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
        achievement, demand, matches, contract, figures = done.stdout.splitlines()
        assert '"state":"published"' in achievement
        assert '"state":"published"' in demand
        assert re.search('"achievement":{[^}]*' + re.search(r"ach_\w+", achievement)[0], matches), matches
        assert re.search(r'"number":"\d{16}"', contract), contract
        assert f'"deals":{times},"total_amount":"{times * 700000}.00"' in figures


def test_the_lines_of_the_documents_can_be_pasted_in_order(service, world, tmp_path):
    """From a listing to an agreed and registered contract."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "demo-keys.json").write_text(json.dumps(world.keys, indent=2))
    for document, last in (("listings", "report.pdf"), ("dealings", '"state":"agreed"')):
        text = (Path(__file__).parents[1] / "docs" / f"{document}.md").read_text()
        script = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace("http://127.0.0.1:8000", service)
        done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60)
        answers = [line for line in done.stdout.splitlines() if line]
        assert len(answers) > 9
        assert last in done.stdout
        assert [line for line in (*answers, done.stderr) if "urn:market:problem" in line or "rror" in line] == []


def test_five_lines_are_five_lines(world):
    assert [line.split("(")[0].split()[0] for line in curls(world.keys, "http://x")] == ["A=$", "D=$"] + ["curl"] * 3
