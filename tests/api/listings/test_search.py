"""Search over HTTP: hits, filters, counts, excerpts, pages; whatever is asked is answered or refused; nothing hidden is found."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.listings import finding
from market.search import actions, segments
from market.store.types import today

FACTS = {
    "title": "高丰度稀土永磁材料",
    "summary": "以镧铈替代镨钕的烧结磁体",
    "fields": ["region:rare_earth"],
    "publish": True,
}


def publish(api, path="achievements", key="university", **more):
    reply = api.post(f"/v1/{path}", FACTS | more, key=key)
    assert reply.status_code == 201, reply.text
    return reply.json["id"]


def found(api, q, query="", key=None, path="search"):
    reply = api.get(f"/v1/{path}?q={quote(q)}&{query}", key=key)
    assert reply.status_code == 200, reply.text
    return reply.json


def ids(answer):
    return [hit["achievement"]["id"] if hit["achievement"] else hit["demand"]["id"] for hit in answer["items"]]


def codes(reply):
    assert reply.status_code == 422, reply.text
    return {(error["pointer"], error["code"]) for error in reply.json["errors"]}


@pytest.fixture
def folding(monkeypatch):
    """Everything is folded at once."""
    for module in (actions, segments):
        monkeypatch.setattr(module, "FOLD", 1)


def test_what_is_written_is_found(api):
    first = publish(api)
    second = publish(api, "demands", "enterprise", title="Laser welding of rare earth magnets", summary="永磁体焊接")
    third = publish(api, title="草原土壤改良", summary="苜蓿草种", keywords=["LED灯"])
    for q, expected in (
        ("稀土", {first}),
        ("永磁", {first, second}),
        ("永磁材", {first}),
        ("磁永", set()),
        ("磁", {first, second}),
        ("土", {first, third}),
        ("LASER", {second}),
        ("lase", set()),
        ("lase*", {second}),
        ("rare earth", {second}),
        ('"rare earth"', {second}),
        ('"earth rare"', set()),
        ("永磁 laser", {second}),
        ("ＬＥＤ", {third}),
        ("led", {third}),
        ("稀土永磁材料制备技术", {first}),
        ("稀\u200b土", {first}),
        ("\u202e稀土\u202c", {first}),
        ("lаser", set()),  # with a Cyrillic letter
        ("的", {first}),
        ("吗", set()),
    ):
        answer = found(api, q)
        assert (set(ids(answer)), answer["total"], answer["total_is_exact"]) == (expected, len(expected), True), q
    assert [row["id"] for row in found(api, "永磁", path="demands")["items"]] == [second]


def test_the_words_that_were_found_are_marked(api):
    publish(api, keywords=["稀土"])
    (hit,) = found(api, "稀土")["items"]
    assert [(each["in"], each["text"], each["marks"]) for each in hit["highlights"]] == [
        ("title", FACTS["title"], [[3, 5]]),
        ("keywords", "稀土", [[0, 2]]),
    ]
    assert (hit["kind"], hit["demand"]) == ("achievement", None)
    assert 0 < hit["score"] <= 1


@pytest.mark.parametrize("folded", [False, True])
def test_counts_are_what_the_filters_leave(api, request, folded):
    if folded:
        request.getfixturevalue("folding")
    fields = (["region:rare_earth"], ["hightech:40103", "contract:05"], ["hightech:401"])
    for number in range(12):
        publish(
            api,
            ("achievements", "demands")[number % 2],
            ("enterprise", "broker")[number % 3 == 0],
            fields=fields[number % 3],
            place=("150203", "150202", "110000")[number % 3],
            modes=[["service"], ["consulting", "service"], []][number % 3],
            maturity=(None, 4, 6)[number % 3],
        )
    counted = found(api, "稀土", f"facets={','.join(finding.FACETS)}&limit=1")
    assert counted["total"] == 12
    seen = 0
    for name, values in counted["facets"].items():
        for value in values:
            assert found(api, "稀土", f"{name}={quote(value['value'])}")["total"] == value["count"], value
            assert value["label"]
            seen += 1
    assert seen > 12
    assert {value["value"] for value in counted["facets"]["field"]} >= {"hightech:401", "hightech:40103", "hightech:40"}
    assert {value["label"] for value in counted["facets"]["kind"]} == {"成果", "需求"}
    narrowed = found(api, "稀土", "place=150200&kind=demand&facets=place,kind")
    assert {value["value"]: value["count"] for value in narrowed["facets"]["kind"]} == {"demand": narrowed["total"]}
    assert narrowed["facets"]["mode"] is None


@pytest.mark.parametrize("folded", [False, True])
def test_pages_hold_every_hit_once(api, request, folded):
    if folded:
        request.getfixturevalue("folding")
    made = {publish(api, title=f"稀土永磁{'材料' * (number % 4)}{number}") for number in range(23)}
    for q in ("稀土", "稀土永"):
        seen, path = [], f"/v1/search?q={quote(q)}&limit=5"
        while path:
            reply = api.get(path)
            seen += ids(reply.json)
            path = reply.headers.get("Link", "").partition(">")[0].removeprefix("<") or None
            assert (path is None) == (reply.json["next"] is None)
        assert len(seen) == 23
        assert set(seen) == made
    other = found(api, "稀土", "limit=5")["next"]
    assert codes(api.get(f"/v1/search?q={quote('永磁')}&limit=5&cursor={other}")) == {("/cursor", "bad-cursor")}
    listed = found(api, "稀土", "limit=20", path="achievements")
    rest = found(api, "稀土", f"limit=20&cursor={listed['next']}", path="achievements")
    assert [len(listed["items"]), len(rest["items"]), rest["next"]] == [20, 3, None]


def test_more_hits_than_are_checked_are_checked_page_by_page(api, monkeypatch):
    from market.search import queries

    monkeypatch.setattr(queries, "CHECKED", 3)
    right = {publish(api, title=f"稀土永磁{number}") for number in range(8)}
    for number in range(8):
        publish(api, title=f"稀土 土永 {number}", summary="无")
    answer = found(api, "稀土永", "limit=100")
    assert set(ids(answer)) == right
    assert (answer["total"], answer["total_is_exact"], answer["next"]) == (16, False, None)
    monkeypatch.setattr(finding, "MOST_LOOKED_AT", 1)
    seen, cursor = [], ""
    while True:
        answer = found(api, "稀土永", f"limit=1{cursor}")
        seen += ids(answer)
        if answer["next"] is None:
            break
        cursor = f"&cursor={answer['next']}"
    assert sorted(seen) == sorted(right)


HOSTILE = [
    "*",
    '"',
    '""',
    "'",
    "%",
    "_",
    "' OR '1'='1",
    "'; DROP TABLE listing; --",
    "稀土 AND NOT 永磁",
    "NEAR(稀土, 永磁)",
    "(((((",
    "\\",
    "^$.*+?{}[]|()",
    "\u202e\u202d\u2066",
    "\u200b\u200c\u200d\ufeff",
    "a\u0300\u0301" * 60,
    "the of and a to in",
    "的 了 是 在",
    "ﷺ" * 60,
    "𠮷" * 200,
    "a" * 200,
    "* " * 100,
    "f:region:rare_earth",
    "o:org_1",
    "\U000e0041\U000e0042",
    "İıſKÅ",
    "ᠮᠣᠩᠭᠣᠯ\u180b",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    '"稀土" "',
    '"*"',
    "*稀土*",
    "稀*",
]


@pytest.mark.parametrize("folded", [False, True])
def test_whatever_is_asked_is_answered_or_refused(api, request, folded):
    if folded:
        request.getfixturevalue("folding")
    publish(api)
    publish(api, "demands", "enterprise", title="a the of 的", summary="' OR '1'='1")
    answered = 0
    for q in HOSTILE:
        for path in ("search", "achievements", "demands"):
            reply = api.get(f"/v1/{path}?q={quote(q)}")
            assert reply.status_code in (200, 422), (q, reply.text)
            answered += reply.status_code == 200
            if reply.status_code == 422:
                assert codes(reply) <= {("/q", "nothing-to-search"), ("/q", "too-many-words"), ("/q", "wrong-length")}
    assert answered > 40
    assert codes(api.get("/v1/search?q=" + "x" * 201)) == {("/q", "wrong-length")}
    many = quote(" ".join(f"w{number}" for number in range(33)))
    assert codes(api.get(f"/v1/search?q={many}")) == {("/q", "too-many-words")}
    assert codes(api.get("/v1/search?q=")) == {("/q", "wrong-length")}
    assert codes(api.get("/v1/search")) == {("/q", "required")}
    assert codes(api.get("/v1/search?q=%00")) == {("/q", "bad-character")}
    assert api.get("/v1/search?q=%ff").status_code in (200, 400, 422)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(min_size=1, max_size=60))
def test_no_text_is_an_error_of_ours(api, q):
    assert api.get(f"/v1/search?q={quote(q, errors='replace')}&facets=kind").status_code in (200, 422)


def test_wrong_filters_are_named_together(api):
    reply = api.get("/v1/search?q=a&field=contract:99&place=999999&mode=x&facets=kind,colour")
    assert codes(reply) == {
        *(("/field", "unknown-value"), ("/place", "unknown-value")),
        *(("/mode", "unknown-value"), ("/facets", "unknown-value")),
    }
    for wrong in (
        "maturity=0",
        "maturity=10",
        "year=x",
        "kind=contract",
        "sort=-published_at",
        "state=draft",
        "limit=0",
    ):
        assert api.get(f"/v1/search?q=a&{wrong}").status_code == 422, wrong
    for wrong, name in (
        ("state=draft", "state"),
        ("sort=published_at", "sort"),
        ("published_from=2026-01-01", "published_from"),
    ):
        assert codes(api.get(f"/v1/demands?q=a&{wrong}", key="enterprise")) == {(f"/{name}", "not-with-q")}
    assert api.get("/v1/demands?q=a&owner=me").status_code == 401
    assert api.get("/v1/demands?q=a&state=published").status_code == 200


@pytest.mark.parametrize("folded", [False, True])
def test_only_what_is_published_is_found_by_anybody(api, request, folded):
    if folded:
        request.getfixturevalue("folding")
    draft = publish(api, publish=False)
    shown = publish(api)
    edited = publish(api, title="石墨烯")
    ending = publish(api, valid_until=today().isoformat())
    gone = publish(api)
    api.post(f"/v1/achievements/{gone}/withdraw", key="university", if_match="*")
    api.patch(f"/v1/achievements/{edited}", {"title": "纳米硅"}, key="university", if_match="*")
    for key in (None, "university", "enterprise", "office", "administrator"):
        assert set(ids(found(api, "稀土", key=key))) == {shown, ending}
        assert ids(found(api, "石墨烯", key=key)) == []
        assert ids(found(api, "纳米硅", key=key)) == [edited]
        counted = found(api, "稀土", "facets=kind,field,year", key=key)
        assert {value["count"] for values in counted["facets"].values() for value in values or []} == {2}
    api.post(f"/v1/achievements/{draft}/publish", key="university", if_match="*")
    api.post(f"/v1/achievements/{gone}/publish", key="university", if_match="*")
    assert set(ids(found(api, "稀土"))) == {shown, ending, draft, gone}
    with time_machine.travel(today() + timedelta(days=1, hours=9)):
        assert set(ids(found(api, "稀土"))) == {shown, draft, gone}
        assert found(api, "稀土", "facets=kind")["facets"]["kind"][0]["count"] == 3


@pytest.mark.parametrize("folded", [False, True])
def test_a_search_tells_nothing_of_what_is_anonymous(api, request, folded):
    if folded:
        request.getfixturevalue("folding")
    contact = {"name": "示例联系人", "phone": "0471-0000000", "email": "contact@example.com"}
    hidden = publish(api, "demands", "enterprise", anonymous=True, place="150203", contact=contact)
    owner, name = api.world.ids["enterprise"], api.get("/v1/me", key="enterprise").json["organisation"]["name"]
    for key in (None, "university", "office"):
        answer = found(api, "稀土", f"facets={','.join(finding.FACETS)}", key=key)
        assert ids(answer) == [hidden]
        for secret in (owner, name, "150203", *contact.values()):
            assert secret not in str(answer)
        assert {value["value"] for value in answer["facets"]["place"]} == {"150200", "150000"}
        assert found(api, "稀土", "place=150203", key=key)["total"] == 0
        for word in ("联系人", "contact", "0471", owner, name):
            assert hidden not in ids(found(api, word, key=key))
        assert found(api, "稀土", f"owner={owner}", key=key, path="demands")["items"] == []
    for key, whose in (("enterprise", "me"), ("enterprise", owner), ("administrator", owner)):
        assert [row["id"] for row in found(api, "稀土", f"owner={whose}", key=key, path="demands")["items"]] == [hidden]


def test_a_search_takes_a_constant_number_of_statements(api, statements):
    counts = []
    for many in (2, 12):
        for _ in range(many):
            publish(api)
        found(api, "稀土")
        with statements(api.world.database) as ran:
            found(api, "稀土")
        counts.append(ran.n)
    assert counts[0] == counts[1] <= 6
