"""`openapi.yaml` is what the code promises: generated, committed, valid, complete, and kept under fuzzing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import openapi as schemathesis_openapi
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as conformance

from api.app import create_app
from api.openapi import build, text
from market.store.config import Settings

COMMITTED = Path(__file__).parents[1] / "openapi.yaml"


def test_the_committed_file_is_what_the_code_generates():
    assert COMMITTED.read_text() == text(), "run `make openapi`"


def test_it_is_valid_openapi_3_1():
    described = build()
    assert described["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(described).validate()


def test_no_schema_was_registered_twice():
    names = build()["components"]["schemas"]
    assert not [name for name in names if re.fullmatch(r".*\D1", name) and name[:-1] in names]


def test_every_operation_says_what_it_does():
    for path, operations in build()["paths"].items():
        for method, operation in operations.items():
            assert len(operation["summary"]) > 10, f"{method} {path}"


def test_every_route_under_v1_is_described(api):
    described = {
        (method.upper(), re.sub(r"{(\w+)}", r"<\1>", path))
        for path, operations in build()["paths"].items()
        for method in operations
    }
    mapped = {
        (method, re.sub(r"<\w+:(\w+)>", r"<\1>", rule.rule))
        for rule in api.client.application.url_map.iter_rules()
        if rule.rule.startswith("/v1/")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == mapped


def test_the_documentation_is_served_and_loads_nothing_from_elsewhere(api):
    assert yaml.safe_load(api.get("/openapi.yaml").text) == yaml.safe_load(COMMITTED.read_text())
    page = api.get("/docs").text
    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert files
    assert "://" not in page
    for file in files:
        with api.get(file) as reply:
            assert reply.status_code == 200, file


KEYS = pytest.mark.parametrize("key", ["enterprise", "office", "administrator", "public"])


@KEYS
def test_the_service_keeps_its_promise_under_fuzzing(world, key):
    fuzz_every_operation(world, key, examples=4)


@pytest.mark.full
@KEYS
def test_the_service_keeps_its_promise_under_long_fuzzing(world, key):
    fuzz_every_operation(world, key, examples=40)


def fuzz_every_operation(world, key, examples):
    """No 500, no undeclared status or content type, no reply that breaks its schema, whatever is sent."""
    schema = schemathesis_openapi.from_wsgi("/openapi.yaml", create_app(world.database, Settings()))
    headers = {} if key == "public" else {"Authorization": f"Bearer {world.keys[key]}"}
    checks = [
        not_a_server_error,
        conformance.status_code_conformance,
        conformance.content_type_conformance,
        conformance.response_schema_conformance,
    ]
    for result in schema.get_all_operations():

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @schemathesis_given(result.ok())
        def fuzz(case):
            case.call_and_validate(headers=headers, checks=checks)

        fuzz()


def schemathesis_given(operation):
    """Feed a test from the operation's own strategies, good and bad."""
    modes = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]
    return given(case=modes[0] | modes[1])
