"""Every refusal of the market has a status; every failure is a problem document with a request id."""

from __future__ import annotations

import inspect

import pytest

from api.problems import STATUSES
from market import errors


def test_the_map_of_refusals_is_total():
    classes = {
        found
        for _, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, errors.MarketError) and found is not errors.MarketError
    }
    assert set(STATUSES) == classes


def test_a_failure_is_500_and_says_nothing_of_its_cause(api, monkeypatch, caplog):
    from api import gate

    def fail(unit):
        raise RuntimeError("the secret cause")

    monkeypatch.setattr(gate, "identify", fail)
    reply = api.get("/v1/places", headers={"X-Request-Id": "my-id"})
    assert (reply.status_code, reply.json["code"], reply.json["request_id"]) == (500, "internal", "my-id")
    assert "secret" not in reply.text
    assert "the secret cause" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not-found"),
        ("GET", "/v1/demands/%00", 404, "not-found"),
        ("GET", "/v1/demands/" + "a" * 200, 404, "not-found"),
        ("DELETE", "/v1/places", 405, "method-not-allowed"),
        ("GET", "/v1/places?nothing=1", 422, "invalid"),
        ("GET", "/v1/places?limit=0", 422, "invalid"),
        ("GET", "/v1/places?limit=1&limit=2", 422, "invalid"),
        ("GET", "/v1/places?cursor=x", 422, "invalid"),
    ],
)
def test_refusals_are_problem_documents(api, method, path, status, code):
    reply = api.call(method, path)
    assert (reply.status_code, reply.mimetype, reply.json["code"]) == (status, "application/problem+json", code)
    assert reply.json["status"] == status
    assert reply.json["request_id"] == reply.headers["X-Request-Id"]


def test_a_repeated_parameter_is_told_so(api):
    [error] = api.get("/v1/places?limit=1&limit=2").json["errors"]
    assert (error["in"], error["pointer"], error["code"]) == ("query", "/limit", "repeated")


def test_a_request_id_of_the_client_is_kept_if_it_is_harmless(api):
    assert api.get("/livez", headers={"X-Request-Id": "abc-1"}).headers["X-Request-Id"] == "abc-1"
    for bad in ("a b", "x" * 65, "<script>"):
        assert api.get("/livez", headers={"X-Request-Id": bad}).headers["X-Request-Id"] != bad
