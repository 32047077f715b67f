"""Two at once: exactly one step is made, exactly one interest is told, and nobody is answered 500."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

from tests.api.dealings.talks import ANSWERS, advance, done, listing, step, talks


def at_once(api: Any, calls: list[Callable[[Any], Any]]) -> list[Any]:
    """The answers to calls made at the same moment, each by a client of its own."""
    barrier, answers = Barrier(len(calls), timeout=60), [None] * len(calls)
    clients = [type(api)(api.world, api.client.application.test_client()) for _ in calls]

    def run(index: int) -> None:
        barrier.wait()
        answers[index] = calls[index](clients[index])

    threads = [Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


def test_of_two_who_consent_or_pass_at_once_one_wins(api):
    dealing = talks(api, "interest")
    tag = api.get(f"/v1/dealings/{dealing}", key="enterprise").headers["ETag"]
    version = f'"v1-{"0" * 16}"'
    assert tag.startswith('"v1-')
    calls = [
        lambda each: step(each, dealing, "introduce", "enterprise", {}, version),
        lambda each: step(each, dealing, "introduce", "enterprise", {}, version),
        lambda each: step(each, dealing, "pass", "enterprise", {"reason": "TIME"}, version),
        lambda each: step(each, dealing, "pass", "university", {"reason": "TIME"}, version),
    ]
    statuses = Counter(answer.status_code for answer in at_once(api, calls))
    assert statuses == {200: 1, 412: 3}
    assert done(api.get(f"/v1/dealings/{dealing}", key="enterprise"))["version"] == 2


def test_of_two_who_agree_at_once_one_wins(api):
    dealing = talks(api, "negotiation")
    terms = done(step(api, dealing, "propose-terms", "enterprise", {"terms": "示例"}))
    body, version = {"sha256": terms["proposal"]["sha256"]}, f'"v{terms["version"]}-{"0" * 16}"'
    calls = [lambda each: step(each, dealing, "agree", "university", body, version) for _ in range(3)]
    assert Counter(answer.status_code for answer in at_once(api, calls)) == {200: 1, 412: 2}


def test_the_same_interest_told_at_once_is_told_once(api):
    demand = listing(api, "enterprise")
    body = {"answers": ANSWERS["demand"]}
    path = f"/v1/demands/{demand}/interest"
    calls = [lambda each: each.post(path, body, key="university") for _ in range(4)]
    answers = at_once(api, calls)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 3}
    assert len(done(api.get("/v1/dealings", key="university"))["items"]) == 1


def test_who_says_the_size_for_the_first_time_at_once_is_heard(api):
    put = [lambda each: each.call("PUT", "/v1/profile", {"size_class": "SMALL"}, key="enterprise", if_match="*")] * 4
    assert sorted(done(answer)["version"] for answer in at_once(api, put)) == [1, 2, 3, 4]


def test_agreements_about_the_same_listings_both_ways_do_not_wait_for_each_other(api):
    """Each agreement marks two listings; they are taken in the order of their ids."""
    demands = [listing(api, "enterprise") for _ in range(2)]
    achievements = [listing(api, "university", "achievement") for _ in range(2)]
    made = []
    for demand, achievement in zip(demands, reversed(achievements), strict=True):
        body = {"answers": ANSWERS["demand"], "listing": achievement}
        made.append(done(api.post(f"/v1/demands/{demand}/interest", body, key="university"), 201)["id"])
        body = {"answers": ANSWERS["achievement"], "listing": demand}
        made.append(done(api.post(f"/v1/achievements/{achievement}/interest", body, key="enterprise"), 201)["id"])
    sides = [("enterprise", "university"), ("university", "enterprise")] * 2
    calls = []
    for dealing, (owner, seeker) in zip(made, sides, strict=True):
        for stage in ("introduction", "nda", "negotiation"):
            advance(api, dealing, stage, owner, seeker)
        terms = done(step(api, dealing, "propose-terms", owner, {"terms": "示例"}))["proposal"]["sha256"]
        calls.append(
            lambda each, dealing=dealing, seeker=seeker, terms=terms: step(
                each, dealing, "agree", seeker, {"sha256": terms}
            )
        )
    assert Counter(answer.status_code for answer in at_once(api, calls)) == {200: 4}
