"""Rules and calendar over HTTP: public, in both languages, on any day."""

from __future__ import annotations

from typing import Any

import pytest

from market.store.types import today

Api = Any


def test_the_rules_of_a_day_are_listed_with_source_and_standing(api: Api) -> None:
    codes, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/v1/rules?kind=deadline&limit=3{cursor}").json
        codes += page["items"]
        cursor = page["next"] and f"&cursor={page['next']}"
    found = {item["code"]: item for item in codes}
    assert len(found) == len(codes)
    assert {"review.expert_limit", "review.limit"} <= found.keys()
    limit = found["review.limit"]
    assert (limit["value"], limit["unit"], limit["status"]) == ("15", "working_day", "draft")
    assert limit["reference"] == "第十四条"
    assert limit["name"] == limit["name_zh"] == "受理后审查期限"


def test_a_past_day_has_its_own_rules(api: Api) -> None:
    items = api.get("/v1/rules?kind=deadline&on=2020-05-01").json["items"]
    [limit] = [item for item in items if item["code"].startswith("review.")]
    assert (limit["value"], limit["unit"], limit["valid_to"]) == ("30", "day", "2026-01-22")


def test_a_cursor_belongs_to_its_day(api: Api) -> None:
    cursor = api.get("/v1/rules?limit=1").json["next"]
    assert api.get(f"/v1/rules?limit=1&on=2020-05-01&cursor={cursor}").json["errors"][0]["code"] == "bad-cursor"


def test_one_rule_has_all_its_versions(api: Api) -> None:
    rule = api.get("/v1/rules/review.limit", headers={"Accept-Language": "en"}).json
    assert [version["value"] for version in rule["versions"]] == ["30", "15"]
    assert rule["current"]["name"] == "Limit of the examination from acceptance"
    assert api.get("/v1/rules/review.limit?on=1999-01-01").json["current"] is None
    assert api.get("/v1/rules/review.large_amount").json["current"]["value"] == "5000000"
    assert api.get("/v1/rules/no.such").status_code == 404


def test_a_rule_that_always_held_has_no_first_day(api: Api) -> None:
    assert api.get("/v1/rules/amount.tech").json["current"]["valid_from"] is None


def test_grounds_are_rules_too(api: Api) -> None:
    grounds = api.get("/v1/rules?kind=ground&limit=100").json["items"]
    assert {ground["unit"] for ground in grounds} == {
        "return_reason",
        "refusal_reason",
        "rejection_reason",
        "cancellation_reason",
        "revocation_reason",
    }
    assert "refusal_reason.NOT_TECH_CONTRACT" in {ground["code"] for ground in grounds}


def test_a_known_year_tells_what_does_not_follow_the_week(api: Api) -> None:
    year = api.get("/v1/calendar?year=2026").json
    assert (year["known"], year["working_days"]) == (True, 248)
    days = {day["day"]: (day["kind"], day["name_zh"], day["name_en"]) for day in year["items"]}
    assert days["2026-10-10"] == ("workday", "国庆节", "National Day")
    assert days["2026-02-17"] == ("holiday", "春节", "Spring Festival")
    assert len(days) == 39
    assert api.get("/v1/calendar").json["year"] == today().year


def test_an_unknown_year_says_so(api: Api) -> None:
    year = api.get("/v1/calendar?year=2027").json
    assert (year["known"], year["source"], year["items"], year["working_days"]) == (False, None, [], 261)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/rules?on=2026-02-30",
        "/v1/rules?kind=law",
        "/v1/rules?when=now",
        "/v1/rules/review.limit?on=now",
        "/v1/calendar?year=20",
        "/v1/calendar?year=2026.5",
    ],
)
def test_what_cannot_be_asked_is_refused(api: Api, path: str) -> None:
    assert api.get(path).status_code == 422


def test_an_unchanged_year_is_not_sent_again(api: Api) -> None:
    tag = api.get("/v1/calendar?year=2026").headers["ETag"]
    assert api.get("/v1/calendar?year=2026", headers={"If-None-Match": tag}).status_code == 304
