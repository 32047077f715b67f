"""The demonstration market: `make run` prepares it once in `var/` and serves it ever after.

Made beside and renamed when complete, so that a run cut short leaves nothing half-made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from market.access import SYSTEM
from market.errors import Conflict
from market.reference.loader import bring_up_to_date
from market.sample.generate import YEARS, generate
from market.sample.load import load
from market.store.info import set_up
from market.store.migrate import upgrade
from market.store.session import Database
from market.store.types import today

MAIN_JOB = Path(__file__).with_name("main_job.sh")


def prepare(directory: Path) -> str:
    """The address of the demonstration database, made and filled if it isn't there, renewed if it is."""
    path = (directory / "demo.db").resolve()
    if path.exists():
        with Database(f"sqlite:///{path}") as database:
            bring_up_to_date(database)
        return f"sqlite:///{path}"
    directory.mkdir(parents=True, exist_ok=True)
    made = path.with_name("demo.db.new")
    for leftover in directory.glob("demo.db*"):
        leftover.unlink()
    with Database(f"sqlite:///{made}") as database:
        upgrade(database)
        _write_keys(directory / "demo-keys.json", fill(database))
    made.rename(path)
    made.with_name("demo.db.new.lock").unlink(missing_ok=True)
    return f"sqlite:///{path}"


def fill(database: Database, years: Sequence[int] = YEARS) -> dict[str, str]:
    """Make an empty, migrated database a demonstration and load the sample of these years; answers {role: key}."""
    database.write(SYSTEM, lambda unit: set_up(unit.connection, "demo"), channel="cli")
    return load(database, generate(years=years))


def _write_keys(path: Path, found: dict[str, str]) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(found, file, indent=2)
        file.write("\n")


def keys(directory: Path) -> dict[str, str]:
    """The demonstration keys as {role: key}."""
    return read_keys(directory / "demo-keys.json")


def read_keys(path: Path) -> dict[str, str]:
    """Keys kept as {role: key}."""
    if not path.exists():
        raise Conflict(
            f"{path} is gone: remove {path.parent / 'demo.db'} as well, and both are made anew.", code="keys-lost"
        )
    found: dict[str, str] = json.loads(path.read_text())
    return found


def welcome(found: dict[str, str], port: int) -> str:
    """What `make run` prints: addresses, keys and the main job in five lines to paste."""
    url = f"http://127.0.0.1:{port}"
    width = max(map(len, found))
    return "\n".join(
        [
            "",
            f"The demonstration market is at {url}, its documentation at {url}/docs . All records are synthetic.",
            "",
            *(f"  {role:<{width}}  {key}" for role, key in found.items()),
            "",
            "The main job, to be pasted line by line into a shell:",
            "",
            *curls(found, url),
            "",
        ]
    )


def curls(found: dict[str, str], url: str) -> list[str]:
    """Five lines: list an achievement, post a demand, read its matches, register the contract, read the roll-up."""
    day = today()
    given = {**found, "url": url, "day": str(day), "end": f"{day.year + 2}-12-31", "year": str(day.year)}
    lines = MAIN_JOB.read_text()
    for name, value in given.items():
        lines = lines.replace(f"@{name}@", value)
    return lines.splitlines()
