from __future__ import annotations

import pytest


def walk(api, path):
    """Every item of a list, following `Link`."""
    items = []
    while path:
        reply = api.get(path)
        assert reply.status_code == 200
        items += reply.json["items"]
        link = reply.headers.get("Link")
        assert bool(link) == bool(reply.json["next"])
        path = link and link[1 : link.index(">")]
    return items


def test_the_list_pages_through_all_prefectures(api):
    found = walk(api, "/v1/places?level=prefecture&limit=100")
    assert len(found) == 337
    assert [place["code"] for place in found] == sorted({place["code"] for place in found})


def test_filters(api):
    leagues = walk(api, "/v1/places?parent=150000")
    assert len(leagues) == 12
    assert [place["code"] for place in walk(api, "/v1/places?q=包头")] == ["150200"]
    assert "152300" in {place["code"] for place in walk(api, "/v1/places?parent=150000&year=1995&limit=5")}


def test_a_place_with_its_surroundings(api):
    reply = api.get("/v1/places/150200", headers={"Accept-Language": "en"})
    assert reply.status_code == 200
    place = reply.json
    assert (place["name"], place["name_zh"], place["level"], place["kind"]) == (
        "Baotou",
        "包头市",
        "prefecture",
        "地级市",
    )
    assert place["ancestors"] == [{"code": "150000", "name": "Inner Mongolia"}]
    assert {"code": "150203", "name": "Hondlon District"} in place["children"]
    assert [period["name_zh"] for period in place["history"]] == ["包头市"]
    again = api.get("/v1/places/150200", headers={"If-None-Match": reply.headers["ETag"], "Accept-Language": "en"})
    assert again.status_code == 304


def test_a_code_of_the_past(api):
    place = api.get("/v1/places/152300").json
    assert (place["name"], place["last_year"], place["successor"]) == ("哲里木盟", 1998, "150500")
    assert [period["name_zh"] for period in api.get("/v1/places/152600").json["history"]] == [
        "锡林郭勒盟",
        "乌兰察布盟",
    ]


def test_directly_administered_counties_and_the_bucket_are_labelled(api):
    assert api.get("/v1/places/469000").json["kind"] == "省直辖"
    assert api.get("/v1/places/810000").json["bucket"] == "hk_mo_tw"
    assert api.get("/v1/places/110000").json["bucket"] is None


def test_an_unknown_code_is_not_found(api):
    for code in ("999999", "159999", "15", "x"):
        reply = api.get(f"/v1/places/{code}")
        assert (reply.status_code, reply.json["detail"]) == (404, "There is no such place.")


@pytest.mark.parametrize(("code", "known"), [("110108", "110000"), ("110100", "110000"), ("440305", "440300")])
def test_a_county_elsewhere_is_told_what_to_give_instead(api, code, known):
    advice = f"give its province or prefecture, {known}."
    assert advice in api.get(f"/v1/places/{code}").json["detail"]
    for path in (f"/v1/places?parent={code}", f"/v1/demands?place={code}"):
        (error,) = api.get(path).json["errors"]
        assert error["code"] == "unknown-value"
        assert advice in error["message"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("level=town", "/level"),
        ("year=abc", "/year"),
        ("year=3000", "/year"),
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("nothing=1", "/nothing"),
        ("cursor=forged", "/cursor"),
        ("q=%00", "/q"),
        ("parent=1500000", "/parent"),
        ("parent=159999", "/parent"),
    ],
)
def test_a_wrong_parameter_is_named(api, query, pointer):
    reply = api.get(f"/v1/places?{query}")
    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]


def test_a_cursor_serves_its_own_question_only(api):
    cursor = api.get("/v1/places?level=province&limit=1").json["next"]
    assert api.get(f"/v1/places?level=province&limit=1&cursor={cursor}").status_code == 200
    assert api.get(f"/v1/places?level=county&limit=1&cursor={cursor}").status_code == 422


def test_reads_cost_few_statements(api, statements):
    api.get("/v1/places/150000")
    with statements(api.world.database) as count:
        api.get("/v1/places/150000")
    assert count.n == 1
    with statements(api.world.database) as count:
        api.get("/v1/places?level=county")
    assert count.n == 2
