"""Achievements and demands over HTTP: representations, conditions of change, bad input, and who sees what."""

from __future__ import annotations

from datetime import timedelta

import pytest

from market.access import SYSTEM
from market.journal import read as journal
from market.store.types import today

TOMORROW = (today() + timedelta(days=1)).isoformat()
YESTERDAY = (today() - timedelta(days=1)).isoformat()
CONTACT = {"name": "示例联系人", "phone": "+86 471 000000", "email": "contact@example.com"}
KINDS = {"achievements": ("university", "price", "available_from"), "demands": ("enterprise", "budget", "needed_by")}


def body(**more):
    return {"title": "稀土永磁", "summary": "烧结磁体", "fields": ["region:rare_earth"], **more}


def create(api, path="achievements", key=None, **more):
    reply = api.post(f"/v1/{path}", body(**more), key=key or KINDS[path][0])
    assert reply.status_code == 201, reply.text
    return reply


def published(api, path="achievements", key=None, **more):
    return create(api, path, key, publish=True, **more).json["id"]


def ids(api, query, key=None):
    reply = api.get(f"/v1/{query}", key=key)
    assert reply.status_code == 200, reply.text
    return [item["id"] for item in reply.json["items"]]


def errors(reply):
    assert reply.status_code == 422, reply.text
    return {error["pointer"]: error["code"] for error in reply.json["errors"]}


@pytest.mark.parametrize("path", KINDS)
def test_what_is_posted_is_what_is_shown(api, path):
    key, amount, ready = KINDS[path]
    given = {
        "title": "  稀土永磁 ",
        "fields": ["contract:5", "region:rare_earth"],
        "keywords": ["永磁"],
        "place": "150203",
        "modes": ["patent_license", "service"],
        "maturity": 7,
        amount: "120000.5",
        ready: TOMORROW,
        "valid_until": TOMORROW,
        "contact": CONTACT,
    }
    reply = create(api, path, **given)
    shown = reply.json
    assert reply.headers["Location"] == f"/v1/{path}/{shown['id']}"
    more = {
        "achievements": {"better_than": None, "ip_type": None, "ip_numbers": [], "stage": None, "appraisal": None},
        "demands": {"problem": None, "ip_ownership": None, "solver_conditions": None},
    }
    moments = {name: shown.pop(name) for name in ("created_at", "updated_at")}
    assert set(moments.values()) == {moments["created_at"]}
    assert shown == {
        **given,
        "id": shown["id"],
        "kind": path[:-1],
        "state": "draft",
        "owner": {"id": api.world.ids[key], "name": f"测试{key}"},
        "title": "稀土永磁",
        "summary": "烧结磁体",
        "fields": ["contract:05", "region:rare_earth"],
        amount: "120000.50",
        "negotiable": False,
        "anonymous": False,
        "version": 1,
        "published_at": None,
        "indicators": [],
        "attachments": [],
        **more[path],
    }
    again = api.get(reply.headers["Location"], key=key)
    assert again.json == shown | moments
    assert again.headers["ETag"] == reply.headers["ETag"]
    same = api.get(reply.headers["Location"], key=key, headers={"If-None-Match": again.headers["ETag"]})
    assert (same.status_code, same.data) == (304, b"")


@pytest.mark.parametrize("path", KINDS)
def test_from_draft_to_withdrawn(api, path):
    key, amount, _ = KINDS[path]
    reply = create(api, path, maturity=5, **{amount: "10.00"}, contact=CONTACT)
    at = reply.headers["Location"]
    assert ids(api, path) == []
    reply = api.patch(at, {"title": "二", amount: None}, key=key, if_match=reply.headers["ETag"])
    assert (reply.json["title"], reply.json[amount], reply.json["maturity"]) == ("二", None, 5)
    assert reply.json["contact"] == CONTACT
    reply = api.post(f"{at}/publish", key=key, if_match=reply.headers["ETag"])
    assert (reply.json["state"], reply.json["version"]) == ("published", 3)
    assert ids(api, path) == [reply.json["id"]]
    twice = api.post(f"{at}/publish", key=key, if_match=reply.headers["ETag"])
    assert (twice.status_code, twice.data) == (200, reply.data)
    public = api.get(at).json
    assert public == reply.json | {"contact": None}
    reply = api.post(f"{at}/withdraw", key=key, if_match=reply.headers["ETag"])
    assert reply.json["state"] == "withdrawn"
    assert api.get(at).status_code == 404
    assert api.get(at, key=key).json == reply.json
    assert ids(api, path) == []


@pytest.mark.parametrize("verb", ["", "/publish", "/withdraw"])
def test_a_change_needs_the_version_last_read(api, verb):
    first = create(api, publish=verb == "/withdraw")
    at = first.headers["Location"]
    method, given = ("POST", None) if verb else ("PATCH", {"summary": "三"})
    assert api.call(method, at + verb, given, key="university").status_code == 428
    api.patch(at, {"title": "二"}, key="university", if_match="*")
    for stale in (first.headers["ETag"], '"x"', 'W/"v2"', "v2"):
        reply = api.call(method, at + verb, given, key="university", if_match=stale)
        assert (reply.status_code, reply.json["code"]) == (412, "stale")
    current = api.get(at, key="university").headers["ETag"]
    assert api.call(method, at + verb, given, key="university", if_match=current).status_code == 200


def test_null_empties_and_absence_keeps(api):
    reply = create(api, place="150203", maturity=5, price="1.00", valid_until=TOMORROW, contact=CONTACT)
    at, before = reply.headers["Location"], reply.json
    unchanged = api.patch(at, {}, key="university", if_match="*")
    assert unchanged.json == before
    nulls = dict.fromkeys(("place", "maturity", "price", "valid_until", "contact", "available_from"))
    after = api.patch(at, nulls, key="university", if_match="*").json
    differing = {name for name in before if before[name] != after[name]}
    assert differing == {"place", "maturity", "price", "valid_until", "contact", "version", "updated_at"}
    assert (after["place"], after["maturity"]) == ("150102", None)
    for name in ("title", "summary", "fields", "keywords", "modes", "negotiable", "anonymous"):
        assert errors(api.patch(at, {name: None}, key="university", if_match="*")) == {f"/{name}": "null"}
    assert errors(api.patch(at, {"publish": True}, key="university", if_match="*")) == {"/publish": "unknown-field"}


WRONG = [
    ({"title": ""}, "/title", "wrong-length"),
    ({"title": " \n"}, "/title", "wrong-length"),
    ({"title": "x" * 201}, "/title", "wrong-length"),
    ({"title": "a\0b"}, "/title", "bad-character"),
    ({"title": 1}, "/title", "wrong-type"),
    ({"summary": "x" * 10_001}, "/summary", "wrong-length"),
    ({"fields": []}, "/fields", "wrong-length"),
    ({"fields": ["contract:01"] * 6}, "/fields", "wrong-length"),
    ({"fields": "contract:01"}, "/fields", "wrong-type"),
    ({"fields": ["contract:01", None]}, "/fields/1", "null"),
    ({"fields": ["contract:99"]}, "/fields/0", "unknown-value"),
    ({"fields": ["contract:\0"]}, "/fields/0", "bad-character"),
    ({"keywords": ["a"] * 11}, "/keywords", "wrong-length"),
    ({"keywords": [""]}, "/keywords/0", "wrong-length"),
    ({"place": "150299"}, "/place", "unknown-value"),
    ({"place": "1502033"}, "/place", "wrong-length"),
    ({"place": 150203}, "/place", "wrong-type"),
    ({"modes": ["barter"]}, "/modes/0", "unknown-value"),
    ({"maturity": 0}, "/maturity", "out-of-range"),
    ({"maturity": 10}, "/maturity", "out-of-range"),
    ({"maturity": 5.5}, "/maturity", "wrong-type"),
    ({"maturity": "5"}, "/maturity", "wrong-type"),
    ({"maturity": True}, "/maturity", "wrong-type"),
    ({"price": 100}, "/price", "wrong-type"),
    ({"price": "-1"}, "/price", "out-of-range"),
    ({"price": "0"}, "/price", "out-of-range"),
    ({"price": "1.001"}, "/price", "too-precise"),
    ({"price": "1e3"}, "/price", "wrong-type"),
    ({"price": "99999999999999"}, "/price", "out-of-range"),
    ({"budget": "1.00"}, "/budget", "unknown-field"),
    ({"price": "1.00", "negotiable": True}, "/negotiable", "amount-given"),
    ({"negotiable": "yes"}, "/negotiable", "wrong-type"),
    ({"negotiable": "true"}, "/negotiable", "wrong-type"),
    ({"anonymous": 1}, "/anonymous", "wrong-type"),
    ({"anonymous": "true"}, "/anonymous", "wrong-type"),
    ({"valid_until": YESTERDAY}, "/valid_until", "in-the-past"),
    ({"valid_until": "2026-02-30"}, "/valid_until", "wrong-type"),
    ({"valid_until": "9999-12-31"}, "/valid_until", "out-of-range"),
    ({"valid_until": today().isoformat(), "available_from": TOMORROW}, "/valid_until", "end-before-start"),
    ({"contact": {"phone": "1"}}, "/contact/name", "required"),
    ({"contact": {"name": "x", "phone": "call me"}}, "/contact/phone", "bad-format"),
    ({"contact": {"name": "x", "email": "nobody"}}, "/contact/email", "bad-format"),
    ({"contact": {"name": "x", "fax": "1"}}, "/contact/fax", "unknown-field"),
    ({"contact": "x"}, "/contact", "wrong-type"),
    ({"owner": "org_x"}, "/owner", "unknown-field"),
    ({"id": "ach_x"}, "/id", "unknown-field"),
    ({"state": "published"}, "/state", "unknown-field"),
    ({"publish": "now"}, "/publish", "wrong-type"),
]


@pytest.mark.parametrize(("given", "pointer", "code"), WRONG, ids=[f"{pointer} {code}" for _, pointer, code in WRONG])
def test_bad_input_is_refused_and_nothing_is_stored(api, given, pointer, code):
    made = create(api, valid_until=today().isoformat()).headers["Location"]
    with api.world.database.read(SYSTEM) as unit:
        before = journal.head(unit)
    assert errors(api.post("/v1/achievements", body(**given), key="university"))[pointer] == code
    assert errors(api.patch(made, given, key="university", if_match="*"))[pointer] == (
        "unknown-field" if pointer == "/publish" else code
    )
    with api.world.database.read(SYSTEM) as unit:
        assert journal.head(unit) == before


def test_all_wrong_fields_are_named_at_once(api):
    schema = {"title": "", "fields": [1], "price": 1, "x": 1, "contact": {}}
    wrong = errors(api.post("/v1/achievements", schema, key="university"))
    assert set(wrong) == {"/title", "/summary", "/fields/0", "/price", "/x", "/contact/name"}
    rules = {"fields": ["?"], "modes": ["?"], "place": "1", "valid_until": YESTERDAY, "price": "1", "negotiable": True}
    wrong = errors(api.post("/v1/achievements", body(**rules), key="university"))
    assert set(wrong) == {"/fields/0", "/modes/0", "/place", "/valid_until", "/negotiable"}


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("tag=contract:01", "/tag", "unknown-field"),
        ("field=contract:99", "/field", "unknown-value"),
        ("place=999999", "/place", "unknown-value"),
        ("mode=barter", "/mode", "unknown-value"),
        ("state=open", "/state", "unknown-value"),
        ("sort=title", "/sort", "unknown-value"),
        ("limit=0", "/limit", "out-of-range"),
        ("limit=101", "/limit", "out-of-range"),
        ("limit=1.5", "/limit", "wrong-type"),
        ("published_from=2026-13-01", "/published_from", "wrong-type"),
        ("published_from=2026-02-02&published_to=2026-02-01", "/published_to", "end-before-start"),
        ("cursor=forged", "/cursor", "bad-cursor"),
        ("cursor=WyJhIiwxLCJiIl0", "/cursor", "bad-cursor"),
        ("field=contract:01&field=contract:02", "/field", "repeated"),
    ],
)
def test_bad_questions_are_refused(api, query, pointer, code):
    assert errors(api.get(f"/v1/demands?{query}")) == {pointer: code}


@pytest.mark.parametrize("verb", ["GET", "PATCH", "POST publish", "POST withdraw", "GET matches"])
@pytest.mark.parametrize("path", KINDS)
def test_another_ones_draft_is_not_there(api, path, verb):
    method, _, step = verb.partition(" ")
    at = f"{create(api, path).headers['Location']}{'/' if step else ''}{step}"
    given = {"title": "二"} if method == "PATCH" else None
    absent = f"/v1/{path}/xxx_00000000000000000000000000{'/' if step else ''}{step}"
    for key in ("enterprise2", "broker"):
        if_match = None if method == "GET" else "*"
        replies = [api.call(method, where, given, key=key, if_match=if_match) for where in (at, absent)]
        assert [reply.status_code for reply in replies] == [404, 404]
        hidden, missing = ({**reply.json, "request_id": None} for reply in replies)
        assert hidden == missing


def test_one_kind_is_not_the_other(api):
    made = published(api)
    assert api.get(f"/v1/demands/{made}").status_code == 404
    assert ids(api, "demands") == []


def test_the_filters_of_the_list(api):
    first = published(api, fields=["hightech:10101"], place="150203", modes=["service"])
    second = published(api, fields=["hightech:102"], place="150202", modes=["consulting"], key="university2")
    assert ids(api, "achievements") == [second, first]
    assert ids(api, "achievements?sort=published_at") == [first, second]
    assert ids(api, "achievements?field=hightech:10") == [second, first]
    assert ids(api, "achievements?field=hightech:101") == [first]
    assert ids(api, "achievements?place=150202") == [second]
    assert ids(api, "achievements?place=150200&field=hightech:10&mode=service") == [first]
    assert ids(api, f"achievements?owner={api.world.ids['university2']}") == [second]
    assert ids(api, f"achievements?published_from={TOMORROW}") == []
    assert ids(api, f"achievements?published_to={today()}&published_from={YESTERDAY}") == [second, first]
    assert ids(api, "achievements?state=published&limit=1") == [second]
    page = api.get("/v1/achievements?limit=1&field=hightech:10")
    address, _, relation = page.headers["Link"].partition("; ")
    assert relation == 'rel="next"'
    following = api.get(address.strip("<>"))
    assert [item["id"] for item in following.json["items"]] == [first]
    assert following.json["next"] is None


def test_ones_own_list_holds_every_state(api):
    draft, live = create(api).json["id"], published(api)
    gone = published(api)
    api.post(f"/v1/achievements/{gone}/withdraw", key="university", if_match="*")
    published(api, key="university2")
    assert ids(api, "achievements?owner=me", key="university") == [gone, live, draft]
    assert ids(api, f"achievements?owner={api.world.ids['university']}", key="university") == [gone, live, draft]
    assert ids(api, "achievements?owner=me&state=draft", key="university") == [draft]
    assert ids(api, "achievements?state=withdrawn", key="university") == [gone]
    assert ids(api, "achievements?owner=me&state=published", key="university") == [live]
    assert ids(api, f"achievements?owner={api.world.ids['university']}", key="enterprise") == [live]
    assert ids(api, f"achievements?owner={api.world.ids['university']}&state=draft", key="enterprise") == []
    assert api.get("/v1/achievements?owner=me").status_code == 401
    assert api.get("/v1/achievements?state=draft").status_code == 401
    assert ids(api, "achievements?state=draft", key="administrator") == [draft]
    others = f"achievements?owner={api.world.ids['university']}"
    assert ids(api, f"{others}&state=withdrawn", key="administrator") == [gone]
    assert ids(api, others, key="administrator") == [live]


STRANGERS = (None, "enterprise", "university2", "office", "auditor", "statistician")


@pytest.mark.parametrize("path", KINDS)
def test_whose_an_anonymous_listing_is_cannot_be_learned(api, path):
    key = KINDS[path][0]
    owner, name = api.world.ids["broker"], "测试broker"
    made = published(api, path, key="broker", anonymous=True, place="150203", contact=CONTACT)
    other = published(api, path, key=key, place="150602")
    for stranger in STRANGERS:
        for reply in (api.get(f"/v1/{path}/{made}", key=stranger), api.get(f"/v1/{path}", key=stranger)):
            assert made in reply.text
            assert owner not in reply.text
            assert name not in reply.text
            assert "150203" not in reply.text
            assert CONTACT["email"] not in reply.text
        one = api.get(f"/v1/{path}/{made}", key=stranger).json
        assert (one["owner"], one["place"], one["contact"], one["anonymous"]) == (None, "150200", None, True)
        assert ids(api, f"{path}?owner={owner}", stranger) == []
        assert ids(api, f"{path}?owner={owner}&state=published&field=region:rare_earth", stranger) == []
        assert made not in ids(api, f"{path}?place=150203", stranger)
        assert made in ids(api, f"{path}?place=150200", stranger)
    for knowing in ("broker", "administrator"):
        one = api.get(f"/v1/{path}/{made}", key=knowing).json
        assert (one["owner"], one["place"], one["contact"]) == ({"id": owner, "name": name}, "150203", CONTACT)
        assert ids(api, f"{path}?owner={owner}", knowing) == [made]
        assert ids(api, f"{path}?owner={owner}&place=150203", knowing) == [made]
    assert other in ids(api, path)


def test_what_becomes_anonymous_later_is_hidden_from_then_on(api):
    made = published(api, key="broker", place="150203")
    assert ids(api, "achievements?place=150203") == [made]
    assert ids(api, f"achievements?owner={api.world.ids['broker']}") == [made]
    api.patch(f"/v1/achievements/{made}", {"anonymous": True}, key="broker", if_match="*")
    assert ids(api, "achievements?place=150203") == []
    assert ids(api, f"achievements?owner={api.world.ids['broker']}") == []
    assert ids(api, "achievements?place=150200") == [made]
    api.patch(f"/v1/achievements/{made}", {"anonymous": False}, key="broker", if_match="*")
    assert ids(api, "achievements?place=150203") == [made]


def test_a_key_without_the_scope_sees_no_more_than_others(api):
    made = published(api, key="university", contact=CONTACT, anonymous=True)
    key = api.post("/v1/keys", {"label": "示例", "scopes": ["identify"]}, key="administrator").json["key"]
    shown = api.get(f"/v1/achievements/{made}", key=key).json
    assert (shown["owner"], shown["contact"]) == (None, None)


def test_the_same_post_again_is_the_same_listing(api):
    first = api.post("/v1/demands", body(publish=True), key="enterprise", idempotency_key="k1")
    again = api.post("/v1/demands", body(publish=True), key="enterprise", idempotency_key="k1")
    assert (again.status_code, again.data) == (201, first.data)
    assert ids(api, "demands") == [first.json["id"]]


def test_reading_takes_two_statements(api, statements):
    made = published(api)
    for path in (
        f"/v1/achievements/{made}",
        "/v1/achievements?field=region:rare_earth&place=150000",
        "/v1/achievements?owner=me",
    ):
        api.get(path, key="university")
        with statements(api.world.database) as ran:
            assert api.get(path, key="university").status_code == 200
        assert ran.n == 2, ran.texts
