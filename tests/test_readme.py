"""The README says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from market.cli import main
from market.sample.demo import MAIN_JOB
from market.store.config import ENVIRONMENT, Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_nothing_was_left_to_be_filled_in():
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        assert "@@" not in path.read_text(), path


def test_every_setting_stands_in_the_table_with_its_default():
    for variable, name in ENVIRONMENT.items():
        assert f"| `{variable}` | `{getattr(Settings, name)}` |" in README


def test_every_dependency_stands_in_the_table_and_no_other():
    lines = (ROOT / "requirements.in").read_text().splitlines()
    needed = {re.split(r"[\[>=<]", line)[0] for line in lines if line and not line.startswith("#")}
    table = README.split("| package | why |")[1].split("\n\n")[0]
    told = {name for row in table.splitlines()[2:] for name in row.split("|")[1].replace(" ", "").split(",")}
    assert told == needed


def test_every_development_dependency_is_named():
    for line in (ROOT / "requirements-dev.in").read_text().splitlines():
        if line and line[0] not in "#-":
            assert line in README


def test_the_five_curls_are_those_that_make_run_prints():
    for line in MAIN_JOB.read_text().splitlines():
        known = re.split(r"'Authorization: Bearer @\w+@'|@\w+@", line)
        assert any(all(part in told for part in known) for told in README.splitlines()), line


def test_every_command_is_named():
    text = README + (ROOT / "docs/operations.md").read_text()
    for name in main.commands:
        assert re.search(rf"`(market )?{name}\b|make run", text), name


def test_every_top_level_folder_stands_in_the_layout():
    for folder in ("market", "api", "migrations", "tests", "bench", "deploy", "docs"):
        assert f"{folder}/" in README
        assert (ROOT / folder).is_dir()
