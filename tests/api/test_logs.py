"""Log lines are JSON and carry the id of their request."""

from __future__ import annotations

import json
import logging

import pytest

from api.app import create_app
from api.logs import JsonLines
from market.store.config import Settings


@pytest.fixture
def lines():
    logger, handler = logging.getLogger("market"), logging.Handler()
    found = []
    handler.setFormatter(JsonLines())
    handler.emit = lambda record: found.append(json.loads(handler.format(record)))
    level = logger.level
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(level)


def test_every_request_is_one_line_at_level_info(empty_database, lines):
    client = create_app(empty_database, Settings(log_level="INFO")).test_client()
    reply = client.get("/v1/places?limit=1", headers={"Authorization": "Bearer tmk_secret"})
    assert [line["request_id"] for line in lines] == [reply.headers["X-Request-Id"]]
    assert lines[0]["message"].startswith("GET /v1/places 401 ")
    assert "secret" not in json.dumps(lines)


def test_requests_are_not_logged_by_default(empty_database, lines):
    create_app(empty_database, Settings()).test_client().get("/livez")
    assert lines == []
