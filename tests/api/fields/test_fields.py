from __future__ import annotations

import pytest

LINK = "/v1/crosswalks/contract:01/hightech:10"
SAID = {"relation": "related", "status": "official", "source": "test"}


def test_schemes(api):
    found = api.get("/v1/schemes", headers={"Accept-Language": "en"}).json["items"]
    assert [scheme["scheme"] for scheme in found] == ["contract", "hightech", "region"]
    assert found[0]["name"] == "Technology fields of contract registration"


def test_fields_of_a_scheme(api):
    found = api.get("/v1/fields?scheme=contract").json["items"]
    assert [field["tag"] for field in found] == [f"contract:{n:02d}" for n in range(1, 12)]
    assert found[8]["name"] == "农业"
    below = api.get("/v1/fields?parent=hightech:602").json["items"]
    assert [field["tag"] for field in below] == ["hightech:60201", "hightech:60202"]


def test_an_alias_filters_as_its_tag_does(api):
    asked = [
        ("/v1/fields?parent=", "hightech:602", "hightech:核能及氢能"),
        ("/v1/crosswalks?tag=", "contract:05", "contract:5"),
    ]
    for path, tag, alias in asked:
        assert api.get(path + alias).json["items"] == api.get(path + tag).json["items"] != []


@pytest.mark.parametrize(
    ("path", "pointers"),
    [
        ("/v1/fields?scheme=x", ["/scheme"]),
        ("/v1/fields?parent=contract:99", ["/parent"]),
        ("/v1/fields?scheme=x&parent=x", ["/scheme", "/parent"]),
        ("/v1/crosswalks?tag=hightech:0", ["/tag"]),
    ],
)
def test_an_unknown_filter_is_named(api, path, pointers):
    reply = api.get(path)
    assert reply.status_code == 422
    assert [(error["pointer"], error["code"]) for error in reply.json["errors"]] == [
        (pointer, "unknown-value") for pointer in pointers
    ]


def test_sections_of_industries_have_english_names(api):
    items = api.get("/v1/code-lists/industry", headers={"Accept-Language": "en"}).json["items"]
    names = {item["code"]: item["name"] for item in items if item["parent"] is None}
    assert (len(names), names["C"], names["M"]) == (20, "Manufacturing", "Scientific research and technical services")


def test_a_field_with_its_surroundings(api):
    field = api.get("/v1/fields/hightech:60202", headers={"Accept-Language": "en"}).json
    assert (field["tag"], field["name"], field["parent"], field["status"]) == (
        *("hightech:60202", "Hydrogen", "hightech:602", "official"),
    )
    assert [above["tag"] for above in field["ancestors"]] == ["hightech:602", "hightech:60"]
    link = next(link for link in field["crosswalks"] if link["tag"] == "region:hydrogen")
    assert link == {
        "tag": "region:hydrogen",
        "name": "Hydrogen",
        "relation": "exact",
        "status": "proposed",
        "source": "our own reading",
    }
    assert "氢能" in field["aliases"]
    assert {"tag": "hightech:602", "name": "Nuclear energy and hydrogen"} in field["ancestors"]


def test_an_alias_leads_to_its_field(api):
    assert api.get("/v1/fields/contract:5").json["tag"] == "contract:05"
    assert api.get("/v1/fields/contract:99").status_code == 404


def test_code_lists(api):
    found = {each["name"]: each for each in api.get("/v1/code-lists").json["items"]}
    assert found["industry"]["size"] == 1971
    assert found["contract_type"]["version"] == 1
    reply = api.get("/v1/code-lists/contract_type", headers={"Accept-Language": "en"})
    assert reply.json["digest"] == found["contract_type"]["digest"]
    assert len(reply.json["items"]) == found["contract_type"]["size"]
    first = reply.json["items"][0]
    assert (first["code"], first["name"], first["status"]) == ("DEV", "Technology development", "official")
    assert all(item["source"] for item in reply.json["items"])
    assert api.get("/v1/code-lists/nothing").status_code == 404


def test_a_code_list_is_not_sent_twice(api):
    reply = api.get("/v1/code-lists/industry")
    tag = {"If-None-Match": reply.headers["ETag"]}
    assert api.get("/v1/code-lists/industry", headers=tag).status_code == 304
    assert api.get("/v1/code-lists/industry", headers={**tag, "Accept-Language": "en"}).status_code == 200


def test_an_administrator_edits_a_crosswalk(api):
    read = api.get(LINK)
    assert read.json == {
        "from": "contract:01",
        "to": "hightech:10",
        "relation": "close",
        "status": "proposed",
        "source": "our own reading",
        "version": 1,
    }
    put = api.call("PUT", LINK, SAID, key="administrator", if_match=read.headers["ETag"])
    assert put.status_code == 200
    assert put.json == {"from": "contract:01", "to": "hightech:10", **SAID, "version": 2}
    assert api.get(LINK).headers["ETag"] == put.headers["ETag"]
    field = api.get("/v1/fields/contract:01").json
    assert next(link for link in field["crosswalks"] if link["tag"] == "hightech:10")["relation"] == "related"
    stale = api.call("PUT", LINK, SAID, key="administrator", if_match=read.headers["ETag"])
    assert stale.status_code == 412
    assert api.call("DELETE", LINK, key="administrator", if_match=put.headers["ETag"]).status_code == 200
    assert api.get(LINK).status_code == 404
    assert "hightech:10" not in {link["tag"] for link in api.get("/v1/fields/contract:01").json["crosswalks"]}


def test_an_administrator_adds_a_crosswalk(api):
    body = {"from": "contract:农业", "to": "hightech:501", "relation": "related", "source": "test"}
    reply = api.post("/v1/crosswalks", body, key="administrator", idempotency_key="one")
    assert reply.status_code == 201
    assert reply.json == {**body, "from": "contract:09", "status": "proposed", "version": 1}
    assert api.get(reply.headers["Location"]).headers["ETag"] == reply.headers["ETag"]
    assert api.post("/v1/crosswalks", body, key="administrator", idempotency_key="one").json == reply.json
    clash = api.post("/v1/crosswalks", body, key="administrator")
    assert (clash.status_code, clash.json["code"]) == (409, "crosswalk-exists")
    listed = api.get("/v1/crosswalks?tag=hightech:501").json["items"]
    assert {"contract:09", "contract:03"} <= {link["from"] for link in listed}


def test_a_wrong_crosswalk_names_every_field(api):
    reply = api.post("/v1/crosswalks", {"relation": "same", "status": "sure", "extra": 1}, key="administrator")
    assert reply.status_code == 422
    wrong = {(error["pointer"], error["code"]) for error in reply.json["errors"]}
    assert wrong == {
        ("/relation", "unknown-value"),
        ("/status", "unknown-value"),
        ("/extra", "unknown-field"),
        ("/source", "required"),
        ("/from", "required"),
        ("/to", "required"),
    }
    unknown = {"from": "contract:99", "to": "hightech:10", "relation": "exact", "source": "test"}
    reply = api.post("/v1/crosswalks", unknown, key="administrator")
    assert [error["pointer"] for error in reply.json["errors"]] == ["/from"]


@pytest.mark.parametrize("key", [None, "enterprise", "university", "broker", "office", "statistician", "auditor"])
def test_nobody_else_edits_crosswalks(api, key):
    expected = 401 if key is None else 403
    body = {"from": "contract:09", "to": "hightech:501", **SAID}
    assert api.post("/v1/crosswalks", body, key=key).status_code == expected
    assert api.call("PUT", LINK, SAID, key=key, if_match="*").status_code == expected
    assert api.call("DELETE", LINK, key=key, if_match="*").status_code == expected
    assert api.get(LINK).json["version"] == 1


def test_an_edit_needs_if_match(api):
    assert api.call("PUT", LINK, SAID, key="administrator").status_code == 428
    assert api.call("DELETE", LINK, key="administrator").status_code == 428
    away = "/v1/crosswalks/contract:01/hightech:20"
    assert api.call("PUT", away, SAID, key="administrator", if_match="*").status_code == 404


def test_reads_cost_few_statements(api, statements):
    api.get("/v1/fields/contract:05")
    with statements(api.world.database) as count:
        api.get("/v1/fields/contract:05")
    assert count.n == 1
    with statements(api.world.database) as count:
        api.get("/v1/fields?scheme=hightech")
    assert count.n == 2
