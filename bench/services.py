"""Running the services under gunicorn on loopback, calling them, and reading what they and the database cost.

A service is one gunicorn parent with its workers; everything started here is ended here, by its own process id.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

PROJECT = Path(__file__).parents[1]
START_SECONDS = 60
CONFIGURATIONS = {"ours": "deploy/gunicorn.py", "yardstick": "python:bench.yardstick.gunicorn"}
OPTIONS = ("--keep-alive=3600", "--log-level=warning")

_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Request:
    """One call: `key` names the member whose key is shown."""

    method: str
    path: str
    key: str
    body: dict[str, Any] | None = None
    once: str | None = None
    """An idempotency key. The yardstick ignores it."""


@dataclass(frozen=True)
class Loaded:
    """A loaded database: whose tables, how many rows, where, and by member the ids and keys in it."""

    name: str
    size: int
    url: str
    ids: Mapping[str, str]
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Service:
    """A running service over a loaded database."""

    loaded: Loaded
    process: int
    """Of gunicorn's parent."""
    port: int
    connection: http.client.HTTPConnection = field(repr=False)

    def call(self, request: Request) -> tuple[int, bytes]:
        """Send a request over the kept connection."""
        headers = {"Authorization": f"Bearer {self.loaded.keys[request.key]}"}
        body = None
        if request.body is not None:
            body = orjson.dumps(self._with_ids(request.body))
            headers["Content-Type"] = "application/json"
        if request.once is not None:
            headers["Idempotency-Key"] = request.once
        self.connection.request(request.method, request.path, body, headers)
        response = self.connection.getresponse()
        return response.status, response.read()

    def _with_ids(self, body: dict[str, Any]) -> dict[str, Any]:
        sides = {side: body[side] for side in ("seller", "buyer") if "organisation" in body.get(side, {})}
        return body | {side: {"organisation": self.loaded.ids[party["organisation"]]} for side, party in sides.items()}

    def answer(self, request: Request) -> Any:
        """The JSON of a reply that must be a success."""
        status, content = self.call(request)
        if status not in (200, 201):
            raise RuntimeError(
                f"{self.loaded.name}: {request.method} {request.path} answered {status}: {content[:2000].decode()}"
            )
        return orjson.loads(content)


@contextlib.contextmanager
def serving(loaded: Loaded, *, workers: int = 1) -> Iterator[Service]:
    """A service, set up as it is deployed, while the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        os.set_inheritable(listener.fileno(), True)
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", f"--config={CONFIGURATIONS[loaded.name]}", f"--workers={workers}"),
                *(f"--bind=fd://{listener.fileno()}", *OPTIONS),
            ],
            cwd=PROJECT,
            env={**os.environ, "DATABASE_URL": loaded.url},
            pass_fds=[listener.fileno()],
            stdin=subprocess.DEVNULL,
            preexec_fn=_end_with(os.getpid()),
        )
    connection = connect(port)
    try:
        _await(process, port)
        yield Service(loaded, process.pid, port, connection)
    finally:
        connection.close()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def connect(port: int) -> http.client.HTTPConnection:
    """A connection of its own to a service."""
    return http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)


def _end_with(parent: int) -> Any:
    def before_exec() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            probe = connect(port)
            probe.request("GET", "/v1/demands?limit=1")
            probe.getresponse().read()
            probe.close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the service did not start (exit status {process.poll()})") from None
            time.sleep(0.05)


def children(parent: int) -> list[int]:
    """The processes a process started, and it itself."""
    found = [parent]
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(path.parent.name))
    return found


def cpu_seconds(pids: list[int]) -> dict[int, float]:
    """CPU time each process has used, user and system, by its own clock (finer than the ticks of /proc/<pid>/stat)."""
    used = {}
    for pid in pids:
        with contextlib.suppress(OSError):
            used[pid] = time.clock_gettime(~pid << 3 | 2)
    return used


def spent(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    """CPU seconds between two readings."""
    return sum(used - before.get(pid, 0.0) for pid, used in after.items())


def pss_megabytes(pids: list[int]) -> float:
    """Memory of related processes, pages they share counted once.

    The sum of their proportional set sizes, but file pages (libraries) are counted whole even if strangers use them too.
    """
    anonymous = 0
    files: dict[str, int] = {}
    for pid in pids:
        mapped: Counter[str] = Counter()
        name = ""
        for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
            word, *rest = line.split()
            if "-" in word:
                name = rest[4] if len(rest) > 4 else ""
            elif word == "Rss:":
                mapped[name] += int(rest[0])
            elif word == "Pss:" and not name.startswith("/"):
                anonymous += int(rest[0])
        for name, kilobytes in mapped.items():
            if name.startswith("/"):
                files[name] = max(files.get(name, 0), kilobytes)
    return (anonymous + sum(files.values())) / 1024
