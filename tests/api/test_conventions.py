"""What every route promises: bad input is refused whole with every wrong field named, replays replay, changes need If-Match."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import func, select

from api.app import create_app
from api.problems import MAX_BODY
from market.access import SYSTEM
from market.journal import read as journal
from market.journal.model import JournalEntry
from market.store.config import Settings
from market.store.session import Database

DEMAND = {"title": "求耐高温永磁体", "summary": "一百五十摄氏度", "fields": ["region:rare_earth"]}


def seq(world):
    with world.database.read(SYSTEM) as unit:
        return journal.head(unit).seq


def post_raw(api, body, content_type="application/json", path="/v1/demands"):
    return api.call("POST", path, key="enterprise", data=body, headers={"Content-Type": content_type})


RAW = [
    (b"", 400, "malformed-json"),
    (b"{", 400, "malformed-json"),
    (b"nonsense", 400, "malformed-json"),
    (b"\xff\xfe", 400, "malformed-json"),
    (b'{"title":NaN}', 400, "malformed-json"),
    (b'{"title":Infinity}', 400, "malformed-json"),
    (b'{"title":"\\ud800"}', 400, "malformed-json"),
    (b"[" * 100_000, 400, "malformed-json"),
    (b'{"a":' * 100_000, 400, "malformed-json"),
    (b"[" * 900 + b"]" * 900, 422, "invalid"),
    (b"null", 422, "invalid"),
    (b"[]", 422, "invalid"),
    (b'"text"', 422, "invalid"),
    (b"1", 422, "invalid"),
    (b"{}", 422, "invalid"),
    (b'{"title":1e400}', (400, 422), None),
    (b'{"title":' + b"9" * 400 + b"}", (400, 422), None),
    (b'{"title":"\\u0000"}', 422, "invalid"),
    (b"x" * (MAX_BODY + 1), 413, "too-large"),
]


@pytest.mark.parametrize(("body", "status", "code"), RAW, ids=range(len(RAW)))
def test_bad_bodies_are_refused_and_store_nothing(api, body, status, code):
    before = seq(api.world)
    reply = post_raw(api, body)
    assert reply.status_code in (status if isinstance(status, tuple) else (status,)), reply.text
    assert reply.mimetype == "application/problem+json"
    assert code is None or reply.json["code"] == code
    assert seq(api.world) == before


def test_another_content_type_is_refused(api):
    assert post_raw(api, b"title=x", "application/x-www-form-urlencoded").status_code == 415
    assert post_raw(api, b"{}", "text/plain").status_code == 415


def test_every_wrong_field_is_named_at_once(api):
    bad = {
        "title": "",
        "summary": 5,
        "fields": ["region:rare_earth", 7],
        "place": "15 0203",
        "maturity": 10,
        "budget": "-5.001",
        "anonymous": "yes",
        "valid_until": "2026-02-30",
        "nothing": 1,
        "contact": {"nobody": "x"},
    }
    reply = api.post("/v1/demands", bad, key="enterprise")
    assert reply.status_code == 422
    pointers = {error["pointer"] for error in reply.json["errors"]}
    expected = "title summary fields/1 place maturity budget anonymous valid_until nothing contact/nobody".split()
    assert {f"/{name}" for name in expected} <= pointers
    assert all(error["in"] == "body" and error["code"] and error["message"] for error in reply.json["errors"])


ALL_WRONG = [
    (
        "/v1/demands",
        "enterprise",
        {"title": 5, "summary": "x", "fields": ["contract:99"], "place": "999999", "budget": "x", "modes": ["none"]},
        {"/title", "/fields/0", "/place", "/budget", "/modes/0"},
    ),
    (
        "/v1/contracts",
        "office",
        {
            "project_name": "x",
            "contract_type": "NONE",
            "total_amount": "x",
            "tech_amount": "5.00",
            "signed_on": "2150-01-01",
            "field": "contract:99",
            "seller": {"name": "x", "country": "ZZ"},
            "nothing": 1,
        },
        {
            "/contract_type",
            "/total_amount",
            "/signed_on",
            "/field",
            "/seller/country",
            "/nothing",
            "/buyer",
            "/valid_to",
        },
    ),
    (
        "/v1/outside-contracts",
        "office",
        {"field": "contract:99", "outside": {"number": "1"}, "tech_amount": 1},
        {"/field", "/outside/number", "/tech_amount", "/seller"},
    ),
    (
        "/v1/organisations/applications",
        None,
        {"name": "x", "kind": "none", "credit_code": "1", "place": "999999", "contact": {}},
        {"/kind", "/credit_code", "/place", "/contact/name"},
    ),
]


@pytest.mark.parametrize(("path", "key", "body", "pointers"), ALL_WRONG, ids=[row[0] for row in ALL_WRONG])
def test_what_breaks_the_schema_and_what_breaks_a_rule_are_named_together(api, path, key, body, pointers):
    reply = api.post(path, body, key=key)
    named = [error["pointer"] for error in reply.json["errors"]]
    assert reply.status_code == 422
    assert pointers <= set(named), named
    assert len(named) == len(set(named))


def test_rules_of_the_market_name_every_wrong_field_too(api):
    bad = {**DEMAND, "fields": ["contract:99", "nowhere:1"], "place": "999999", "modes": ["no_such_mode"]}
    reply = api.post("/v1/demands", bad, key="enterprise")
    assert reply.status_code == 422
    pointers = {error["pointer"] for error in reply.json["errors"]}
    assert {"/fields/0", "/fields/1", "/place", "/modes/0"} <= pointers


def test_a_created_thing_has_its_place_tag_and_representation(api):
    reply = api.post("/v1/demands", DEMAND, key="enterprise")
    assert reply.status_code == 201
    assert reply.headers["Location"] == f"/v1/demands/{reply.json['id']}"
    read = api.get(reply.headers["Location"], key="enterprise")
    assert (read.json, read.headers["ETag"]) == (reply.json, reply.headers["ETag"])


def test_an_unchanged_thing_is_304(api):
    tag = api.post("/v1/demands", {**DEMAND, "publish": True}, key="enterprise").headers
    location = tag["Location"]
    first = api.get(location)
    again = api.get(location, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert api.get(location, headers={"If-None-Match": '"other"'}).status_code == 200
    assert api.get(location, headers={"If-None-Match": "*"}).status_code == 304


def test_changes_need_the_version_that_was_read(api):
    made = api.post("/v1/demands", DEMAND, key="enterprise")
    path, tag = made.headers["Location"], made.headers["ETag"]
    assert api.patch(path, {"title": "新"}, key="enterprise").status_code == 428
    assert api.patch(path, {"title": "新"}, key="enterprise", if_match='"v1-0"').status_code == 412
    assert api.patch(path, {"title": "新"}, key="enterprise", if_match="nonsense").status_code == 412
    changed = api.patch(path, {"title": "新"}, key="enterprise", if_match=tag)
    assert (changed.status_code, changed.json["title"], changed.json["version"]) == (200, "新", 2)
    assert api.patch(path, {"title": "旧"}, key="enterprise", if_match=tag).status_code == 412
    assert api.patch(path, {"title": "旧"}, key="enterprise", if_match="*").status_code == 200


def test_a_replay_answers_again_and_acts_once(api):
    first = api.post("/v1/demands", DEMAND, key="enterprise", idempotency_key="once")
    before = seq(api.world)
    again = api.post("/v1/demands", DEMAND, key="enterprise", idempotency_key="once")
    assert (again.status_code, again.data) == (201, first.data)
    assert [again.headers[n] for n in ("ETag", "Location")] == [first.headers[n] for n in ("ETag", "Location")]
    assert seq(api.world) == before
    other = api.post("/v1/demands", {**DEMAND, "title": "另"}, key="enterprise", idempotency_key="once")
    assert (other.status_code, other.json["code"]) == (422, "idempotency-key-reused")


def test_a_key_belongs_to_its_organisation_and_path(api):
    first = api.post("/v1/demands", DEMAND, key="enterprise", idempotency_key="once")
    second = api.post("/v1/demands", DEMAND, key="enterprise2", idempotency_key="once")
    third = api.post("/v1/achievements", DEMAND, key="enterprise", idempotency_key="once")
    assert [reply.status_code for reply in (first, second, third)] == [201, 201, 201]
    assert len({reply.json["id"] for reply in (first, second, third)}) == 3


def test_a_refused_request_does_not_use_up_its_key(api):
    assert (
        api.post("/v1/demands", {**DEMAND, "place": "999999"}, key="enterprise", idempotency_key="k").status_code == 422
    )
    assert api.post("/v1/demands", DEMAND, key="enterprise", idempotency_key="k").status_code == 201


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "é"])
def test_an_unusable_idempotency_key_is_refused(api, key):
    reply = api.call("POST", "/v1/demands", DEMAND, key="enterprise", headers={"Idempotency-Key": key})
    assert reply.status_code == 422


def test_concurrent_replays_act_once(api):
    app, barrier = api.client.application, threading.Barrier(5, timeout=60)

    def ask():
        client = app.test_client()
        barrier.wait()
        headers = {"Authorization": f"Bearer {api.world.keys['enterprise']}", "Idempotency-Key": "once"}
        return client.post("/v1/demands", json=DEMAND, headers=headers)

    with ThreadPoolExecutor(5) as pool:
        replies = [done.result() for done in [pool.submit(ask) for _ in range(5)]]
    assert {reply.status_code for reply in replies} == {201}
    assert len({reply.data for reply in replies}) == 1
    with api.world.database.read(SYSTEM) as unit:
        posted = select(func.count()).where(JournalEntry.subject == replies[0].json["id"])
        assert unit.execute(posted).scalar_one() == 1


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic abc", "Bearer tmk_wrong", "tmk_x", "Bearer \x7f"])
def test_a_bad_key_is_401_even_where_none_is_needed(api, header):
    for path in ("/v1/places", "/v1/me"):
        reply = api.get(path, headers={"Authorization": header})
        assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert header not in reply.text or header in ("Bearer", "Bearer ")


def test_lists_page_by_link_and_refuse_a_cursor_of_another_question(api):
    for number in range(5):
        api.post("/v1/demands", {**DEMAND, "title": f"求 {number}", "publish": True}, key="enterprise")
    first = api.get("/v1/demands?limit=2&field=region:rare_earth")
    assert (len(first.json["items"]), first.headers["Link"].endswith('; rel="next"')) == (2, True)
    seen, link = list(first.json["items"]), first.headers["Link"]
    while link:
        page = api.get(link.split(">")[0][1:])
        seen += page.json["items"]
        link = page.headers.get("Link")
    assert len({item["id"] for item in seen}) == len(seen) == 5
    foreign = api.get(f"/v1/demands?limit=2&cursor={first.json['next']}")
    assert (foreign.status_code, foreign.json["errors"][0]["code"]) == (422, "bad-cursor")


def test_standing_headers(api):
    reply = api.get("/v1/places")
    assert reply.headers["Vary"] == "Authorization, Accept-Language"
    assert reply.headers["Market-Synthetic"] == "true"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["X-Request-Id"]


def test_health(api, empty_database):
    assert (api.get("/livez").status_code, api.get("/readyz").status_code) == (200, 200)


def test_an_unmigrated_database_is_not_ready(factory, engine):
    url = factory.copy(engine, None)
    with Database(url) as database:
        client = create_app(database, Settings()).test_client()
        assert (client.get("/livez").status_code, client.get("/readyz").status_code) == (200, 503)
    factory.drop(url)


def test_a_store_that_does_not_answer_is_503_everywhere():
    with Database("postgresql://nobody@127.0.0.1:9/nothing") as database:
        client = create_app(database, Settings()).test_client()
        for reply in (client.get("/v1/places"), client.get("/v1/demands"), client.post("/v1/demands", json={})):
            assert (reply.status_code, reply.json["code"]) == (503, "unavailable")
            assert reply.headers["Retry-After"]


def test_a_restarted_server_costs_one_answer_at_most(api):
    assert api.get("/v1/places").status_code == 200
    if api.world.database.engine.dialect.name == "postgresql":
        with psycopg.connect(postgres_url(api.world.database), autocommit=True) as other:
            end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            other.execute(f"{end_all} AND datname = current_database()")
    assert api.get("/v1/places").status_code in (200, 503)
    assert api.get("/v1/places").status_code == 200
    assert api.post("/v1/demands", DEMAND, key="enterprise").status_code == 201


def postgres_url(database):
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
