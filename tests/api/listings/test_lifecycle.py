"""Renewal, copies, versions, files, completeness, reviews and duplicates over HTTP, and that nothing of it tells who hides."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
import time_machine

from api.app import create_app
from market.access import SYSTEM
from market.errors import Forbidden
from market.journal import read as journal
from market.listings import actions
from market.listings.completeness import missing
from market.listings.queries import one
from market.listings.review import judge_listing
from market.listings.versions import _as_row, read
from market.store.config import Settings
from market.store.types import instant_text, now, today
from tests.api.listings.test_listings import CONTACT, KINDS, create, errors, ids, published

DAY = today()
PDF = b"%PDF-1.7 \xe7\xa4\xba\xe4\xbe\x8b"
CRITERIA = ("CLEAR", "TRUE", "LAWFUL", "CLASSIFIED", "USEFUL")
WHOLE = {
    "demands": {
        "problem": "磁体高温退磁, 已试过重稀土扩散。",
        "indicators": [{"name": "剩磁", "value": "≥1.32", "unit": "T", "better_than": "1.25"}],
        "needed_by": (DAY + timedelta(days=90)).isoformat(),
        "budget": "500000.00",
        "ip_ownership": "JOINT",
        "solver_conditions": "有烧结炉。",
        "modes": ["service"],
        "maturity": 6,
    },
    "achievements": {
        "maturity": 7,
        "stage": "MIDDLE",
        "indicators": [{"name": "剩磁", "value": "1.35", "unit": "T", "better_than": None}],
        "better_than": "同牌号钕铁硼",
        "ip_type": "PATENT_INVENTION",
        "ip_numbers": ["SYN-ZL-0001"],
        "appraisal": "示例评价: 国内领先",
        "modes": ["patent_license"],
        "price": "120000.00",
    },
}


def scores(*points, **more):
    return {"scores": [{"criterion": c, "score": p} for c, p in zip(CRITERIA, points, strict=True)], **more}


def under(api, review):
    """The same market where listings are reviewed."""
    return replace(api, client=create_app(api.world.database, Settings(review=review)).test_client())


def state(api, path, made, key):
    return api.get(f"/v1/{path}/{made}", key=key).json["state"]


def events(api, subject):
    with api.world.database.read(SYSTEM) as unit:
        return [entry["kind"] for entry in journal.entries(unit) if entry["subject"] == subject]


def day(number):
    return (DAY + timedelta(days=number)).isoformat()


@pytest.mark.parametrize("path", KINDS)
def test_what_real_calls_ask_for_is_kept(api, path):
    shown = create(api, path, **WHOLE[path]).json
    for name, value in WHOLE[path].items():
        assert shown[name] == value
    other = next(each for each in KINDS if each != path)
    wrong = errors(api.post(f"/v1/{path}", {**shown, "ip_ownership": "JOINT", "stage": "MIDDLE"}, key=KINDS[path][0]))
    assert ("/ip_ownership" in wrong, "/stage" in wrong) == (path == "achievements", path == "demands")
    assert not set(WHOLE[other]) - set(WHOLE[path]) <= set(shown)


@pytest.mark.parametrize(
    ("path", "given", "wrong"),
    [
        ("demands", {"ip_ownership": "MINE"}, {"/ip_ownership": "unknown-value"}),
        ("demands", {"indicators": [{"name": "x"}]}, {"/indicators/0/value": "required"}),
        ("demands", {"indicators": [{"name": "x", "value": "1", "max": 1}]}, {"/indicators/0/max": "unknown-field"}),
        ("demands", {"attachments": []}, {"/attachments": "unknown-field"}),
        ("achievements", {"stage": "DONE", "ip_type": "?"}, {"/stage": "unknown-value", "/ip_type": "unknown-value"}),
        ("achievements", {"ip_numbers": [""]}, {"/ip_numbers/0": "wrong-length"}),
    ],
)
def test_what_is_wrong_in_it_is_named(api, path, given, wrong):
    body = {"title": "示例", "summary": "示例", "fields": ["contract:05"], **given}
    assert errors(api.post(f"/v1/{path}", body, key=KINDS[path][0])) == wrong


@pytest.mark.parametrize("path", KINDS)
def test_a_check_says_what_is_missing_and_why(api, path):
    key = KINDS[path][0]
    bare = create(api, path).json["id"]
    found = api.post(f"/v1/{path}/{bare}/check", key=key).json
    assert (found["publishable"], found["complete"], found["duplicates"]) == (True, False, [])
    pointers = [each["pointer"] for each in found["missing"]]
    assert {f"/{name}" for name in WHOLE[path]} | {"/valid_until", "/contact"} == set(pointers)
    assert not any(each["blocks"] for each in found["missing"])
    assert all(each["zh"] and each["en"] and each["why_zh"] and each["why_en"] for each in found["missing"])
    made = create(api, path, **WHOLE[path], valid_until=day(9), contact=CONTACT).json["id"]
    found = api.post(f"/v1/{path}/{made}/check", key=key).json
    assert (found["publishable"], found["complete"], found["missing"]) == (True, True, [])
    stranger = api.post(f"/v1/{path}/{published(api, path)}/check", key="broker")
    assert (stranger.status_code, stranger.json["code"]) == (403, "not-owner")
    assert api.post(f"/v1/{path}/{bare}/check", key="broker").status_code == 404


def test_only_title_summary_and_fields_block():
    nothing = dict.fromkeys(actions.FACTS) | {"fields": []}
    for kind in ("achievement", "demand"):
        blocking = {each.field for each in missing(kind, nothing) if each.blocks}
        assert blocking == {"title", "summary", "fields"}
        assert {each.field for each in missing(kind, {**nothing, "negotiable": True})} & {"price", "budget"} == set()


def test_likely_duplicates_are_shown(api):
    text = {"title": "高丰度稀土烧结永磁体低成本制备", "summary": "以镧铈替代镨钕, 晶界扩散, 已完成中试验证。"}
    first = published(api, **text)
    published(api, title="草原退化监测", summary="卫星影像与无人机结合的遥感系统。")
    hidden = published(api, key="broker", anonymous=True, **text)
    made = create(api, **text | {"title": "高丰度稀土烧结永磁体低成本制备工艺"}).json["id"]
    found = api.post(f"/v1/achievements/{made}/check", key="university").json["duplicates"]
    assert {each["id"] for each in found} == {first, hidden}
    assert all(set(each) == {"id", "title", "likeness"} and each["likeness"] >= 90 for each in found)


def test_a_demand_is_found_by_its_problem(api):
    made = published(api, "demands", **WHOLE["demands"])
    assert ids(api, "demands?q=退磁") == [made]
    [hit] = api.get("/v1/search?q=退磁").json["items"]
    assert [each["in"] for each in hit["highlights"]] == ["problem"]
    api.patch(f"/v1/demands/{made}", {"problem": None}, key="enterprise", if_match="*")
    assert ids(api, "demands?q=退磁") == []


@pytest.mark.parametrize("path", KINDS)
def test_versions_their_difference_and_the_past(api, path):
    key, amount, _ = KINDS[path]
    made = create(api, path, title="一", contact=CONTACT).json["id"]
    at = f"/v1/{path}/{made}"
    drafted = now()
    api.patch(at, {"title": "二"}, key=key, if_match="*")
    api.post(f"{at}/publish", key=key, if_match="*")
    shown = api.get(at).json
    instant = api.get(f"{at}/versions", key=key).json["items"][-1]["recorded_at"]
    api.patch(at, {"title": "三", amount: "12.50", "valid_until": day(3)}, key=key, if_match="*")

    def versions(who):
        return [(each["version"], each["state"]) for each in api.get(f"{at}/versions", key=who).json["items"]]

    assert versions(key) == [(1, "draft"), (2, "draft"), (3, "published"), (4, "published")]
    assert versions("administrator") == versions(key)
    assert versions(None) == versions("office") == [(3, "published"), (4, "published")]
    assert api.get(f"{at}/versions/3").json == shown
    assert api.get(f"{at}/versions/1", key=key).json["contact"] == CONTACT
    for gone in ("1", "2", "5", "0", "x", "99999999999"):
        assert api.get(f"{at}/versions/{gone}").status_code == 404
    found = api.get(f"{at}/diff?from=3&to=4").json
    assert {each["field"]: (each["before"], each["after"]) for each in found["changes"]} == {
        "title": ("二", "三"),
        amount: (None, "12.50"),
        "valid_until": (None, day(3)),
    }
    assert (found["from"], found["to"]) == (3, 4)
    assert api.get(f"{at}/diff?from=1&to=4").status_code == 404
    owners = api.get(f"{at}/diff?from=1&to=3", key=key).json["changes"]
    assert {each["field"] for each in owners} == {"state", "title"}
    assert set(errors(api.get(f"{at}/diff?from=0"))) == {"/from", "/to"}
    assert api.get(f"{at}?as_of={instant}").json["title"] == "二"
    assert api.get(f"{at}?as_of={day(0)}").json["title"] == "三"
    assert api.get(f"{at}?as_of={day(4)}").status_code == 404  # expired by then
    assert api.get(f"{at}?as_of={day(4)}", key=key).json["state"] == "expired"
    assert api.get(f"{at}?as_of={day(-1)}", key=key).status_code == 404
    with api.world.database.read(api.world.actor(key)) as unit:
        assert read(unit, path[:-1], made, instant_text(drafted))["title"] == "一"
    edges = ("9999-12-31", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00")
    for bad in ("yesterday", "2026-13-01", "2026-01-01T00:00:00", "0000-00-00", *edges):
        assert errors(api.get(f"{at}?as_of={bad}")) == {"/as_of": "bad-as-of"}
    api.post(f"{at}/withdraw", key=key, if_match="*")
    for gone in ("", "/versions", "/versions/3", "/diff?from=3&to=4", f"?as_of={instant}"):
        assert api.get(f"{at}{gone}").status_code == 404
    assert api.get(f"{at}?as_of={instant}", key=key).json["title"] == "二"


def test_an_edit_is_read_from_the_journal_though_it_knew_less(api):
    """Events of before a fact was known have none of it; they are read as empty."""
    row = _as_row({"payload": '{"id":"ach_x","title":"旧","published_at":null}', "personal": None, "recorded_at": 7})
    assert (row["title"], row["indicators"], row["attachments"], row["created_at"]) == ("旧", [], [], 7)


def test_who_hides_is_not_told_by_versions_files_checks_or_reviews(api):
    reviewed = under(api, "after")
    owner, name = api.world.ids["broker"], "测试broker"
    made = published(reviewed, key="broker", place="150203", contact=CONTACT)
    at = f"/v1/achievements/{made}"
    open_file = attach(api, at, "broker", name="open.pdf").json["id"]
    api.patch(at, {"anonymous": True}, key="broker", if_match="*")
    api.patch(at, {"title": "之后"}, key="broker", if_match="*")
    paths = [at, f"{at}/versions", f"{at}/diff?from=1&to=4", f"{at}?as_of={day(0)}", "/v1/review-queue"]
    paths += [f"{at}/versions/{number}" for number in range(1, 5)]
    paths += [f"{at}/attachments/{open_file}", f"{at}/reviews", "/v1/search?q=之后&facets=place"]
    for stranger in (None, "enterprise", "university2", "office"):
        for path in paths:
            reply = reviewed.get(path, key=stranger)
            assert reply.status_code in (200, 401, 403, 404), path
            for secret in (owner, name, "150203", CONTACT["email"], "open.pdf"):
                assert secret not in reply.text, (stranger, path, secret)
        told = reviewed.post(f"{at}/check", key=stranger).text
        assert owner not in told
        assert name not in told
        assert reviewed.get(f"{at}/attachments/{open_file}", key=stranger).status_code == 404
    queue = reviewed.get("/v1/review-queue", key="office").json["items"]
    assert [(each["achievement"]["id"], each["achievement"]["owner"]) for each in queue] == [(made, None)]
    assert reviewed.get(f"{at}/versions/1", key="broker").json["place"] == "150203"


@pytest.mark.parametrize("path", KINDS)
def test_renewed_it_stands_where_it_stood(api, path):
    key = KINDS[path][0]
    made, later = published(api, path, valid_until=day(2)), published(api, path)
    at = f"/v1/{path}/{made}"
    before = api.get(at, key=key)
    with time_machine.travel(DAY + timedelta(days=4, hours=5)):
        assert ids(api, path) == [later]
        assert state(api, path, made, key) == "expired"
        stale = api.post(f"{at}/renew", {"valid_until": day(9)}, key=key, if_match='"v7-0123456789abcdef"')
        assert stale.status_code == 412
        renewed = api.post(f"{at}/renew", {"valid_until": day(9)}, key=key, if_match=before.headers["ETag"])
        assert (renewed.status_code, renewed.json["state"], renewed.json["valid_until"]) == (200, "published", day(9))
        assert renewed.json["published_at"] == before.json["published_at"]
        assert ids(api, path) == [later, made]
        again = api.post(f"{at}/renew", {"valid_until": day(9)}, key=key, if_match=before.headers["ETag"])
        assert (again.status_code, again.data) == (200, renewed.data)
        for bad, code in ((day(8), "not-later"), (day(1), "not-later")):
            assert errors(api.post(f"{at}/renew", {"valid_until": bad}, key=key, if_match="*")) == {
                "/valid_until": code
            }
    endless = api.post(f"/v1/{path}/{later}/renew", {"valid_until": day(1)}, key=key, if_match="*")
    assert errors(endless) == {"/valid_until": "not-later"}
    assert events(api, made) == ["listing.published", "listing.renewed"]
    draft = create(api, path).json["id"]
    refusal = api.post(f"/v1/{path}/{draft}/renew", {"valid_until": day(1)}, key=key, if_match="*")
    assert (refusal.status_code, refusal.json["code"]) == (409, "not-published")


def test_what_expires_soon_is_listed_for_its_owner(api):
    soon, far = published(api, valid_until=day(5)), published(api, valid_until=day(40))
    published(api)
    published(api, key="broker", valid_until=day(5))
    withdrawn = published(api, valid_until=day(5))
    api.post(f"/v1/achievements/{withdrawn}/withdraw", key="university", if_match="*")
    assert ids(api, "achievements?expiring_within=7", "university") == [soon]
    assert ids(api, "achievements?expiring_within=4", "university") == []
    assert ids(api, "achievements?expiring_within=60", "university") == [far, soon]
    assert api.get("/v1/achievements?expiring_within=7").status_code == 401
    assert errors(api.get("/v1/achievements?expiring_within=400")) == {"/expiring_within": "out-of-range"}
    assert errors(api.get("/v1/achievements?expiring_within=4&q=x")) == {"/expiring_within": "not-with-q"}


def test_a_copy_is_a_draft_as_fresh_as_what_it_was_copied_from(api):
    made = published(api, **WHOLE["achievements"], valid_until=day(2), available_from=day(0), contact=CONTACT)
    at = f"/v1/achievements/{made}"
    attach(api, at, "university")
    with time_machine.travel(DAY + timedelta(days=30)):
        reply = api.post(f"{at}/copy", key="university", idempotency_key="c1")
        assert reply.status_code == 201
        copied = reply.json
        assert reply.headers["Location"] == f"/v1/achievements/{copied['id']}"
        assert api.post(f"{at}/copy", key="university", idempotency_key="c1").data == reply.data
        assert (copied["state"], copied["version"], copied["attachments"]) == ("draft", 1, [])
        assert (copied["valid_until"], copied["available_from"]) == (None, None)
        for name, value in (WHOLE["achievements"] | {"contact": CONTACT}).items():
            assert copied[name] == value
        api.post(f"/v1/achievements/{copied['id']}/publish", key="university", if_match="*")
    with api.world.database.read(api.world.actor("university")) as unit:
        old, new = (one(unit, "achievement", each) for each in (made, copied["id"]))
        assert new["first_published_at"] == old["first_published_at"] < new["published_at"]
    stranger = api.post(f"{at}/copy", key="broker")
    assert (stranger.status_code, stranger.json["code"]) == (403, "not-owner")


def attach(api, at, key, name="示例.pdf", content=PDF, confidential="false"):
    query = {"name": name, "confidential": confidential}
    return api.call("POST", f"{at}/attachments", key=key, data=content, query_string=query)


def test_files_are_versions_and_are_handed_out_for_saving_only(api):
    made = published(api)
    at = f"/v1/achievements/{made}"
    reply = attach(api, at, "university")
    assert reply.status_code == 201
    file = reply.json
    assert (file["name"], file["media"], file["size"]) == ("示例.pdf", "application/pdf", len(PDF))
    assert attach(api, at, "university").json == file
    secret = attach(api, at, "university", name="内部.png", content=b"\x89PNG\r\n\x1a\n", confidential="true").json
    assert [each["id"] for each in api.get(at, key="university").json["attachments"]] == [file["id"], secret["id"]]
    assert api.get(at).json["attachments"] == [file]
    assert api.get(at).json["version"] == 3
    got = api.get(reply.headers["Location"])
    assert (got.data, got.headers["ETag"]) == (PDF, f'"{file["sha256"]}"')
    assert got.headers["Content-Disposition"].startswith("attachment;")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert api.get(f"{at}/attachments/{secret['id']}").status_code == 404
    assert api.get(f"{at}/attachments/{secret['id']}", key="university").status_code == 200
    other = published(api)
    assert api.get(f"/v1/achievements/{other}/attachments/{file['id']}", key="university").status_code == 404
    kept = [{"id": secret["id"], "confidential": False}]
    api.patch(at, {"attachments": kept}, key="university", if_match="*")
    assert [each["name"] for each in api.get(at).json["attachments"]] == ["内部.png"]
    assert api.get(reply.headers["Location"]).status_code == 404
    assert api.get(reply.headers["Location"], key="university").data == PDF
    changes = api.get(f"{at}/diff?from=3&to=4").json["changes"]
    assert [each["field"] for each in changes] == ["attachments"]
    assert [each["name"] for each in changes[0]["before"]] == ["示例.pdf"]
    unknown = api.patch(
        at, {"attachments": [{"id": file["id"], "confidential": False}]}, key="university", if_match="*"
    )
    assert errors(unknown) == {"/attachments/0/id": "unknown-value"}


@pytest.mark.parametrize(
    ("content", "name", "pointer"),
    [
        (b"<html>", "示例.pdf", ""),
        (b"", "示例.pdf", ""),
        (b"PK\x03\x04broken", "a.ofd", ""),
        (PDF, "a\u202eb", "/name"),
    ],
)
def test_a_file_is_what_its_content_says(api, content, name, pointer):
    made = create(api).json["id"]
    assert pointer in errors(attach(api, f"/v1/achievements/{made}", "university", name=name, content=content))
    assert api.get(f"/v1/achievements/{made}", key="university").json["attachments"] == []


@pytest.mark.parametrize("path", KINDS)
def test_reviewed_before_it_is_published(api, path):
    key, amount, _ = KINDS[path]
    market = under(api, "before")
    made = create(market, path, publish=True, contact=CONTACT).json
    at = f"/v1/{path}/{made['id']}"
    assert made["state"] == "in_review"
    assert ids(market, path) == []
    assert market.get(at).status_code == 404
    assert market.get(at, key="auditor").status_code == 404
    seen = market.get(at, key="office")
    assert (seen.json["state"], seen.json["contact"]) == ("in_review", None)
    again = market.post(f"{at}/publish", key=key, if_match="*")
    assert (again.status_code, again.json["version"]) == (202, 1)
    queue = market.get("/v1/review-queue", key="office").json["items"]
    assert [each[path[:-1]]["id"] for each in queue] == [made["id"]]
    assert market.post(f"{at}/check", key="office").status_code == 200
    for wrong in (scores(5, 5, 5, 5, 5)["scores"][:4], scores(5, 5, 5, 5, 5)["scores"] * 2):
        assert errors(market.post(f"{at}/review", {"scores": wrong}, key="office", if_match="*")) == {
            "/scores": "incomplete"
        }
    refused = market.post(
        f"{at}/review", scores(5, 5, 0, 5, 5, comment="含保密内容"), key="office", if_match=seen.headers["ETag"]
    )
    assert (refused.status_code, refused.json["state"]) == (200, "refused")
    assert market.get(at, key="office").status_code == 404
    assert market.get("/v1/review-queue", key="office").json["items"] == []
    assert state(market, path, made["id"], key) == "refused"
    said = market.get(f"{at}/reviews", key=key).json["items"]
    assert [(each["verdict"], each["comment"], each["scores"][2]["score"]) for each in said] == [
        ("refused", "含保密内容", 0)
    ]
    market.patch(at, {"summary": "已删"}, key=key, if_match="*")
    assert state(market, path, made["id"], key) == "refused"
    waiting = market.post(f"{at}/publish", key=key, if_match="*")
    assert (waiting.status_code, waiting.json["state"]) == (202, "in_review")
    low = market.post(f"{at}/review", scores(3, 3, 3, 3, 2), key="office", if_match="*")
    assert low.json["state"] == "refused"
    market.post(f"{at}/publish", key=key, if_match="*")
    approved = market.post(f"{at}/review", scores(3, 3, 3, 3, 3), key="office2", if_match="*")
    assert approved.json["state"] == "published"
    assert ids(market, path) == [made["id"]]
    repeated = market.post(f"{at}/publish", key=key, if_match="*")
    assert (repeated.status_code, repeated.json["state"]) == (200, "published")
    done = market.post(f"{at}/review", scores(5, 5, 5, 5, 5), key="office", if_match="*")
    assert (done.status_code, done.json["code"]) == (409, "not-waiting")
    first = published_at(market, at)
    assert market.patch(at, {amount: "3.00", "valid_until": day(9)}, key=key, if_match="*").json["state"] == "published"
    edited = market.patch(at, {"title": "改"}, key=key, if_match="*")
    assert edited.json["state"] == "in_review"
    assert ids(market, path) == []
    market.post(f"{at}/review", scores(5, 5, 5, 5, 5), key="office", if_match="*")
    assert published_at(market, at) == first
    assert [each["verdict"] for each in market.get(f"{at}/reviews", key="administrator").json["items"]] == [
        *("refused", "refused", "approved", "approved")
    ]
    assert market.get(f"{at}/reviews", key="broker").status_code == 403


def published_at(api, at):
    return api.get(at).json["published_at"]


def test_taken_back_from_review_it_is_a_draft(api):
    market = under(api, "before")
    made = create(market, publish=True).json["id"]
    reply = market.post(f"/v1/achievements/{made}/withdraw", key="university", if_match="*")
    assert reply.json["state"] == "draft"
    assert market.get("/v1/review-queue", key="office").json["items"] == []
    without = api.post(f"/v1/achievements/{made}/publish", key="university", if_match="*")
    assert (without.status_code, without.json["state"]) == (200, "published")


def test_reviewed_after_it_is_published(api):
    market = under(api, "after")
    first = create(market, publish=True).json
    second = create(market, "demands", publish=True).json["id"]
    assert first["state"] == "published"
    queue = market.get("/v1/review-queue", key="office").json["items"]
    assert [each["kind"] for each in queue] == ["achievement", "demand"]
    assert len(market.get("/v1/review-queue?kind=demand", key="office").json["items"]) == 1
    kept = market.post(f"/v1/achievements/{first['id']}/review", scores(5, 4, 3, 4, 5), key="office", if_match="*")
    assert (kept.json["state"], kept.json["published_at"]) == ("published", first["published_at"])
    gone = market.post(f"/v1/demands/{second}/review", scores(5, 4, 0, 4, 5), key="office", if_match="*")
    assert gone.json["state"] == "refused"
    assert ids(market, "demands") == []
    assert market.get("/v1/review-queue", key="office").json["items"] == []
    market.patch(f"/v1/achievements/{first['id']}", {"title": "改"}, key="university", if_match="*")
    assert ids(market, "achievements") == [first["id"]]
    assert len(market.get("/v1/review-queue", key="office").json["items"]) == 1
    assert market.get("/v1/review-queue", key="university").status_code == 403


def test_nobody_reviews_their_own_organisations(api):
    database, office = api.world.database, api.world.actor("office")
    given = {"title": "示例", "summary": "示例", "fields": ["contract:05"], "publish": True}
    made = database.write(office, lambda unit: actions.post(unit, "demand", given, "before")["id"])
    assert under(api, "before").get("/v1/review-queue", key="office").json["items"] == []
    given = {"scores": scores(5, 5, 5, 5, 5)["scores"], "comment": None, "expected": None}
    with pytest.raises(Forbidden, match="own organisation"):
        database.write(office, lambda unit: judge_listing(unit, "demand", made, **given))
    colleague = under(api, "before").post(
        f"/v1/demands/{made}/review", scores(5, 5, 5, 5, 5), key="colleague", if_match="*"
    )
    assert (colleague.status_code, colleague.json["code"]) == (403, "own-listing")
    other = under(api, "before").post(f"/v1/demands/{made}/review", scores(5, 5, 5, 5, 5), key="office2", if_match="*")
    assert other.json["state"] == "published"


def test_the_setting_is_one_of_three(monkeypatch):
    assert Settings.from_environment().review == "none"
    monkeypatch.setenv("MARKET_REVIEW", "before")
    assert Settings.from_environment().review == "before"
    monkeypatch.setenv("MARKET_REVIEW", "sometimes")
    with pytest.raises(ValueError, match="MARKET_REVIEW"):
        Settings.from_environment()


def test_of_two_reviewers_at_once_one_wins(api):
    market = under(api, "before")
    made = create(market, publish=True)
    barrier = Barrier(2, timeout=60)

    def judge(given):
        own, key, points = given
        barrier.wait()
        path = f"{made.headers['Location']}/review"
        return own.post(path, scores(*points), key=key, if_match=made.headers["ETag"]).status_code

    with ThreadPoolExecutor(2) as pool:
        judges = ((under(api, "before"), "office", (5,) * 5), (under(api, "before"), "office2", (0,) * 5))
        outcomes = sorted(pool.map(judge, judges))
    assert outcomes in ([200, 404], [200, 412])  # who comes after a refusal does not see it any more
    assert len(events(api, made.json["id"])) == 2
