"""The launcher leaves nothing behind: no process and no directory, however its parent ends."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests import postgres

PARENT = """
import time
from tests.postgres import Server
server = Server()
server.start()
print(server.directory, flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def running():
    server = postgres.Server()
    server.start()
    yield server
    server.stop()


def processes_of(directory: Path) -> list[str]:
    """What names the directory on its command line or works in it: server, its children, initdb, watcher."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if str(directory) in command or (process / "cwd").readlink().is_relative_to(directory):
                found.append(f"{process.name} {command}")
        except OSError:
            continue
    return found


def wait_until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def start_parent() -> tuple[subprocess.Popen[str], Path]:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        start_new_session=True,
    )
    assert parent.stdout is not None
    return parent, Path(parent.stdout.readline().strip())


def test_it_answers_in_utf_8_and_sorts_by_code_point(running):
    assert ask(running.url, "SHOW server_encoding") == "UTF8"
    assert ask(running.url, "SELECT lower('ÀЖ永磁')") == "àж永磁"
    assert ask(running.url, "SELECT string_agg(c, '' ORDER BY c) FROM unnest(ARRAY['a', '永', 'B', 'é']) c") == "Baé永"


def test_the_server_runs_unprivileged_and_on_no_port(running):
    assert running.directory.stat().st_mode & 0o077 == 0
    pid = int((running.directory / "data" / "postmaster.pid").read_text().split()[0])
    assert Path(f"/proc/{pid}").stat().st_uid != 0
    assert ask(running.url, "SHOW listen_addresses") == ""


def test_only_a_durable_server_waits_for_the_disk(running):
    assert ask(running.url, "SHOW fsync") == "off"
    with postgres.server(durable=True) as url:
        settings = [ask(url, f"SHOW {name}") for name in ("fsync", "full_page_writes", "synchronous_commit")]
    assert settings == ["on", "on", "on"]


def test_stop_leaves_no_process_and_no_directory():
    server = postgres.Server()
    url = server.start()
    connection = psycopg.connect(url)
    assert processes_of(server.directory)
    server.stop()
    assert not processes_of(server.directory)
    assert not server.directory.exists()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    connection.close()


def test_a_killed_parent_leaves_no_process_and_no_directory():
    parent, directory = start_parent()
    postmaster = int((directory / "data" / "postmaster.pid").read_text().split()[0])
    with parent:
        assert len(processes_of(directory)) > 2
        os.kill(postmaster, signal.SIGSTOP)
        parent.kill()
    # The directory stays for as long as the server takes, here held up, or the rest of it would be left.
    time.sleep(0.3)
    kept = (directory / "data").exists()
    os.kill(postmaster, signal.SIGCONT)
    assert kept
    assert wait_until(lambda: not processes_of(directory)), processes_of(directory)
    assert not directory.exists()


def test_a_failed_start_says_why_and_leaves_nothing(monkeypatch):
    monkeypatch.setattr(postgres, "NOT_DURABLE", ["-c", "fsync=sometimes"])
    server = postgres.Server()
    with pytest.raises(RuntimeError, match='"fsync" requires a Boolean'):
        server.start()
    assert not processes_of(server.directory)
    assert not server.directory.exists()


def test_old_directories_of_the_dead_are_removed(tmp_path):
    dead, young, live = (tmp_path / f"{postgres.PREFIX}{name}" for name in ("dead", "young", "live"))
    (dead / "data").mkdir(parents=True)
    young.mkdir()
    live.mkdir()
    an_hour_ago = time.time() - 3600
    os.utime(dead, (an_hour_ago, an_hour_ago))
    os.utime(live, (an_hour_ago, an_hour_ago))
    lock = os.open(live, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    postgres.remove_stale_directories(tmp_path)
    assert set(tmp_path.iterdir()) == {young, live}
    os.close(lock)
    postgres.remove_stale_directories(tmp_path)
    assert set(tmp_path.iterdir()) == {young}


def test_a_database_is_made_empty_and_removed_under_its_connections(running):
    url = postgres.create_database(running.url, "of_one_worker")
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE t (n integer)")
    with psycopg.connect(url) as left_open:
        assert postgres.create_database(running.url, "of_one_worker") == url
        with pytest.raises(psycopg.OperationalError):
            left_open.execute("SELECT 1")
    assert ask(url, "SELECT count(*) FROM pg_tables WHERE tablename = 't'") == 0
    postgres.drop_database(running.url, "of_one_worker")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        ask(url, "SELECT 1")


def test_the_environment_names_another_server(monkeypatch):
    monkeypatch.setenv("TEST_DATABASE_URL", "postgresql://elsewhere/market")
    with postgres.url_from_environment_or_server() as url:
        assert url == "postgresql://elsewhere/market"
    monkeypatch.delenv("TEST_DATABASE_URL")
    with postgres.url_from_environment_or_server() as url:
        assert ask(url, "SELECT 1") == 1
