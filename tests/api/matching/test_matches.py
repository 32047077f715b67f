"""Matches over HTTP; the ranking itself is tested in `tests/market/matching`."""

from __future__ import annotations

import pytest


def publish(api, path, key, **more):
    facts = {"title": "示例", "summary": "示例", "fields": ["region:rare_earth"], "publish": True}
    reply = api.post(f"/v1/{path}", facts | more, key=key)
    assert reply.status_code == 201, reply.text
    return reply.json


@pytest.fixture
def pair(api):
    wanted = {"modes": ["service"], "maturity": 5, "place": "150203", "contact": {"name": "示例联系人"}}
    demand = publish(api, "demands", "enterprise", budget="200.00", **wanted)
    offered = {"modes": ["service", "consulting"], "maturity": 4, "place": "150602"}
    achievement = publish(api, "achievements", "university", fields=["contract:05"], price="200.01", **offered)
    return demand, achievement


def test_the_achievements_for_a_demand(api, pair):
    demand, achievement = pair
    reply = api.get(f"/v1/demands/{demand['id']}/matches", headers={"Accept-Language": "en"})
    tag = {"tag": "contract:05", "own_tag": "region:rare_earth", "relation": "broader", "weight": 0.015}
    word = pytest.approx(2 / (2 + 1.2), abs=0.01)  # twice in a text of the usual length: 2 / (2 + k1)
    score = reply.json["items"][0]["score"]
    assert score == pytest.approx(sum(reason["weight"] for reason in reply.json["items"][0]["reasons"]), abs=1e-5)
    assert reply.json == {
        "items": [
            {
                "achievement": achievement,
                "score": score,
                "reasons": [
                    {"kind": "tag", **tag, "label": "New materials and their application"},
                    {"kind": "word", "word": "示例", "weight": word},
                    {"kind": "freshness", "days": 0, "weight": 0.01},
                    *(
                        {"kind": "condition", "condition": condition, "state": state, "detail": detail, "weight": 0}
                        for condition, state, detail in (
                            ("mode", "met", "service"),
                            ("place", "met", "province 150000"),
                            ("maturity", "missed", "4 < 5"),
                            ("money", "missed", "200.01 > 200.00"),
                            ("date", "unknown", None),
                        )
                    ),
                ],
            }
        ],
        "next": None,
        "ranker": "2026-11",
        "mode": "balanced",
    }


def test_the_demands_for_an_achievement(api, pair):
    demand, achievement = pair
    (match,) = api.get(f"/v1/achievements/{achievement['id']}/matches").json["items"]
    assert match["demand"] == demand | {"contact": None}
    assert "achievement" not in match
    assert match["reasons"][0]["relation"] == "narrower"
    assert match["reasons"][0]["label"] == "稀土"


def test_each_sees_the_matches_as_each_may(api, pair):
    _, achievement = pair
    (match,) = api.get(f"/v1/achievements/{achievement['id']}/matches", key="enterprise").json["items"]
    assert match["demand"]["contact"]["name"] == "示例联系人"
    (match,) = api.get(f"/v1/achievements/{achievement['id']}/matches", key="university").json["items"]
    assert match["demand"]["contact"] is None


def test_the_limit(api):
    demand = publish(api, "demands", "enterprise")
    made = [publish(api, "achievements", "university")["id"] for _ in range(22)]
    at = f"/v1/demands/{demand['id']}/matches"
    for query, many in (("", 20), ("?limit=1", 1), ("?limit=100", 22)):
        found = api.get(at + query).json["items"]
        assert [match["achievement"]["id"] for match in found] == made[: -many - 1 : -1]
    for query in ("limit=0", "limit=101", "limit=x", "cursor=a", "offset=1"):
        assert api.get(f"{at}?{query}").status_code == 422


def test_the_client_that_has_them_is_told_so(api, pair):
    demand, _ = pair
    at = f"/v1/demands/{demand['id']}/matches"
    tag = api.get(at).headers["ETag"]
    assert api.get(at, headers={"If-None-Match": tag}).status_code == 304
    publish(api, "achievements", "university")
    assert api.get(at, headers={"If-None-Match": tag}).status_code == 200


def test_what_may_not_be_seen_has_no_matches(api):
    draft = publish(api, "demands", "enterprise", publish=False)
    publish(api, "achievements", "university")
    at = f"/v1/demands/{draft['id']}/matches"
    assert len(api.get(at, key="enterprise").json["items"]) == 1
    for key in (None, "enterprise2", "office"):
        assert api.get(at, key=key).status_code == 404
    assert api.get("/v1/demands/dem_00000000000000000000000000/matches").status_code == 404
