"""What owners say of their matches, and the operator's answers."""

from __future__ import annotations

import pytest

from tests.api.matching.test_matches import publish


@pytest.fixture
def pair(api):
    return publish(api, "demands", "enterprise")["id"], publish(api, "achievements", "university")["id"]


def judge(api, pair, key="enterprise", path="demands", **words):
    own, other = pair
    return api.post(f"/v1/{path}/{own}/matches/{other}/feedback", words, key=key)


def codes(reply):
    assert reply.status_code == 422, reply.text
    return {(error["pointer"], error["code"]) for error in reply.json["errors"]}


def test_useful_or_not_for_us(api, pair):
    score = api.get(f"/v1/demands/{pair[0]}/matches/{pair[1]}/why").json["score"]
    useful = judge(api, pair, verdict="useful")
    assert useful.status_code == 201
    assert useful.json["score"] == round(score * 1_000_000)
    refused = judge(api, pair, verdict="not_for_us", reason="TOO_EARLY", note="还在实验室阶段")
    back = judge(api, pair[::-1], "university", "achievements", verdict="useful")
    assert (refused.status_code, back.status_code) == (201, 201)
    mine = api.get("/v1/match-feedback", key="enterprise").json["items"]
    assert [row["id"] for row in mine] == [refused.json["id"], useful.json["id"]]
    assert len(api.get("/v1/match-feedback?verdict=useful", key="enterprise").json["items"]) == 1
    assert len(api.get("/v1/match-feedback", key="administrator").json["items"]) == 3
    assert api.get(refused.headers["Location"], key="enterprise").json == refused.json
    for key, status in (("university", 404), ("office", 404), ("administrator", 200), (None, 401)):
        assert api.get(refused.headers["Location"], key=key).status_code == status
    # It has no part in the ranking.
    assert api.get(f"/v1/demands/{pair[0]}/matches/{pair[1]}/why").json["score"] == score


def test_there_are_eight_reasons(api):
    codes = [item["code"] for item in api.get("/v1/code-lists/mismatch_reason").json["items"]]
    assert len(codes) == 8


def test_what_is_said_must_make_sense(api, pair):
    assert codes(judge(api, pair, verdict="not_for_us")) == {("/reason", "reason-needed")}
    assert codes(judge(api, pair, verdict="useful", reason="TOO_EARLY")) == {("/reason", "reason-needed")}
    assert codes(judge(api, pair, verdict="not_for_us", reason="X")) == {("/reason", "unknown-value")}
    assert codes(judge(api, pair, verdict="contested")) == {("/note", "required")}
    assert codes(judge(api, pair, verdict="splendid")) == {("/verdict", "unknown-value")}
    assert judge(api, pair, "university", verdict="useful").status_code == 403
    assert judge(api, pair, "office", verdict="useful").status_code == 403
    assert judge(api, (pair[0], pair[0]), verdict="useful").status_code == 404


def test_what_is_contested_is_answered_once(api, pair):
    contested = judge(api, pair, verdict="contested", note="标签不对")
    at = contested.headers["Location"]
    answer = {"answer": "已请对方改正标签"}
    assert api.post(f"{at}/answer", answer, key="enterprise", if_match="*").status_code == 403
    answered = api.post(f"{at}/answer", answer, key="administrator", if_match=contested.headers["ETag"])
    assert (answered.status_code, answered.json["answer"], answered.json["version"]) == (200, answer["answer"], 2)
    assert api.get(at, key="enterprise").json == answered.json
    again = api.post(f"{at}/answer", answer, key="administrator", if_match="*")
    assert (again.status_code, again.json["code"]) == (409, "already-answered")
    useful = judge(api, pair, verdict="useful").headers["Location"]
    refused = api.post(f"{useful}/answer", answer, key="administrator", if_match="*")
    assert (refused.status_code, refused.json["code"]) == (409, "not-contested")


def test_the_same_word_again_is_the_same_word(api, pair):
    own, other = pair
    path = f"/v1/demands/{own}/matches/{other}/feedback"
    first, again = (api.post(path, {"verdict": "useful"}, key="enterprise", idempotency_key="k") for _ in range(2))
    assert first.data == again.data
    assert len(api.get("/v1/match-feedback", key="enterprise").json["items"]) == 1
