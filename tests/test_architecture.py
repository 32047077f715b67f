"""The house rules that a machine can hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ORDER = (
    "errors access store journal places fields rules organisations files search listings matching dealings contracts "
    "statistics certificates examination sheets registration reference sample tour cli"
).split()
HTTP = {"flask", "werkzeug", "marshmallow", "webargs", "apispec", "api"}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "misc", "manager"}


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[1]


def test_every_room_stands_in_the_written_order():
    rooms = {room(path) for path in sources("market")} - {"__init__"}
    assert rooms <= set(ORDER)


@pytest.mark.parametrize("path", sources("market"), ids=lambda path: str(path.relative_to(ROOT)))
def test_market_rooms_look_only_at_earlier_ones_and_know_no_http(path: Path):
    for name in imports(path):
        parts = name.split(".")
        assert parts[0] not in HTTP or (parts[0] == "api" and room(path) == "cli"), f"{path} imports {name}"
        if parts[0] == "market" and len(parts) > 1 and room(path) != "__init__":
            assert ORDER.index(parts[1]) <= ORDER.index(room(path)), f"{path} imports {name}"


@pytest.mark.parametrize("path", sources("api"), ids=lambda path: str(path.relative_to(ROOT)))
def test_api_rooms_use_their_own_and_earlier_market_rooms_and_never_each_other(path: Path):
    own = room(path)
    rooms = {child.name for child in (ROOT / "api").iterdir() if child.is_dir()}
    for name in imports(path):
        parts = name.split(".")
        if own in rooms and parts[0] == "api" and len(parts) > 1:
            assert parts[1] == own or parts[1] not in rooms, f"{path} imports {name}"
        if own in rooms and parts[0] == "market" and len(parts) > 1:
            assert ORDER.index(parts[1]) <= ORDER.index(own), f"{path} imports {name}"


def test_only_one_place_commits():
    found = [
        path
        for path in sources("market") + sources("api")
        if any(
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
            for node in ast.walk(ast.parse(path.read_text()))
        )
    ]
    assert [str(path.relative_to(ROOT)) for path in found] == ["market/store/dialect.py", "market/store/session.py"]


def test_only_the_dialect_knows_which_engine_it_runs_on():
    words = ("sqlalchemy.dialects", "psycopg", "sqlite3")
    for path in sources("market") + sources("api"):
        if path.relative_to(ROOT) != Path("market/store/dialect.py"):
            for name in imports(path):
                assert not name.startswith(words), f"{path} imports {name}"
            assert ".dialect.name" not in path.read_text(), path


def test_no_route_holds_a_query():
    for path in sources("api"):
        if path.name == "routes.py" and path.parent.name != "api":
            assert not any(name.startswith("sqlalchemy") for name in imports(path)), path


def test_names_say_what_a_file_is_for():
    for path in sources("market") + sources("api"):
        assert path.stem not in FORBIDDEN_NAMES, path
        if path.name == "__init__.py":
            assert path.read_text() == "", f"{path} is not empty"
        else:
            assert ast.get_docstring(ast.parse(path.read_text())), f"{path} says nothing of its purpose"


def test_no_float_holds_money():
    """`Float` columns, `float(...)` calls stand nowhere in the market but where a ratio is dumped."""
    for path in sources("market"):
        tree = ast.parse(path.read_text())
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert not names & {"Float", "Double", "Numeric"}, path


def test_migrations_never_import_the_market():
    for path in sources("migrations"):
        assert not any(name.split(".")[0] in {"market", "api"} for name in imports(path)), path


def views() -> Iterator[tuple[Path, ast.FunctionDef]]:
    for path in sources("api"):
        if path.name == "routes.py" and path.parent.name != "api":
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.FunctionDef) and node.decorator_list:
                    yield path, node


def test_a_route_is_parse_call_dump():
    """About ten lines, and no business decision."""
    assert list(views())
    for path, view in views():
        lines = view.end_lineno - view.body[0].end_lineno
        assert lines <= 12, f"{path}: {view.name} has {lines} lines"
        decisions = [node for node in ast.walk(view) if isinstance(node, ast.If | ast.For | ast.While | ast.Try)]
        assert not decisions, f"{path}: {view.name} decides"


def test_every_route_says_who_may_call_it():
    for path, view in views():
        names = {ast.unparse(decorator).split("(")[0] for decorator in view.decorator_list}
        assert names & {"allow", "public"}, f"{path}: {view.name}"


def test_pages_are_keyset_pages_and_the_paging_code_exists_once():
    for path in sources("market") + sources("api"):
        attributes = {node.attr for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
        assert "offset" not in attributes, path


def test_no_public_function_is_without_types_and_docstring():
    for path in sources("market"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path}: {node.name}"
