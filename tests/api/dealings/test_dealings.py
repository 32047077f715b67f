"""Dealings over the API: the stages, who may which step, clocks and lapse, disclosure, files, brokers."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
import time_machine

from market.dealings.stages import OPEN, TABLE
from market.store.types import today
from tests.api.dealings.talks import (
    ANSWERS,
    CONTACT,
    PDF,
    advance,
    broker,
    done,
    interest,
    listing,
    step,
    talks,
    upload,
)

BODIES = {
    "introduce": {},
    "propose_nda": {"terms": "示例"},
    "sign_nda": {"sha256": hashlib.sha256("双方保密。".encode()).hexdigest()},
    "negotiate": {},
    "propose_terms": {"terms": "示例"},
    "agree": {"sha256": "0"},
    "pass": {"reason": "MONEY"},
    "engage_broker": {"broker": "bro_none"},
    "hand_over": {"broker": "bro_none"},
}


def test_a_university_and_an_enterprise_get_from_listing_to_agreed(api):
    """Nothing but the API: listing, match, interest, introduction, non-disclosure agreement, a file, terms, agreement."""
    demand = listing(api, "enterprise", anonymous=True, contact=CONTACT)
    achievement = listing(
        api, "university", "achievement", title="高丰度稀土永磁材料", summary="高温下不退磁的烧结磁体。"
    )
    [match] = done(api.get(f"/v1/achievements/{achievement}/matches", key="university"))["items"]
    assert (match["demand"]["id"], match["demand"]["owner"]) == (demand, None)
    made = interest(api, demand, "university", listing=achievement, contact={"name": "示例教师"})
    dealing = done(made, 201)
    path = made.headers["Location"]
    assert dealing["match"]["score"] == match["score"]
    assert [each for each in dealing["match"]["reasons"] if each["kind"] == "word"]
    assert dealing["owner"] == {"organisation": None, "kind": "enterprise", "league": "150200", "size_class": None}
    assert (dealing["clock"]["awaits"], dealing["legal_steps"]) == ("owner", ["pass"])
    [mine] = done(api.get("/v1/dealings?side=owner", key="enterprise"))["items"]
    assert mine["legal_steps"] == ["introduce", "pass"]
    assert mine["seeker"]["organisation"]["name"] == "测试university"
    introduced = step(api, dealing["id"], "introduce", "enterprise", {"text": "欢迎。"})
    assert done(introduced)["clock"]["awaits"] == "seeker"
    opened = done(api.post(f"{path}/disclosures", {}, key="university"), 201)
    assert (opened["name"], opened["contact"], opened["credit_code"]) == ("测试enterprise", CONTACT, None)
    assert done(api.get(path, key="university"))["owner"]["organisation"]["name"] == "测试enterprise"
    digest = done(step(api, dealing["id"], "propose-nda", "university", {"terms": "双方保密。"}))["proposal"]["sha256"]
    assert step(api, dealing["id"], "sign-nda", "university", {"sha256": digest}).json["code"] == "not-your-step"
    signed = done(step(api, dealing["id"], "sign-nda", "enterprise", {"sha256": digest}))
    assert (signed["state"], signed["nda"]["signed_by"]) == ("nda", "owner")
    file = done(upload(api, dealing["id"], "university"), 201)["id"]
    assert api.get(f"{path}/files/{file}", key="enterprise").json["code"] == "not-opened"
    done(api.post(f"{path}/files/{file}/open", {}, key="enterprise"), 201)
    assert api.get(f"{path}/files/{file}", key="enterprise").data == PDF
    done(step(api, dealing["id"], "negotiate", "enterprise"))
    terms = done(step(api, dealing["id"], "propose-terms", "enterprise", {"terms": "总价五十万元。"}))["proposal"]
    agreed = done(step(api, dealing["id"], "agree", "university", {"sha256": terms["sha256"]}))
    assert (agreed["state"], agreed["outcome"], agreed["clock"]) == ("agreed", "总价五十万元。", None)
    assert agreed["legal_steps"] == []
    steps = done(api.get(f"{path}/history", key="enterprise"))["items"]
    assert [each["step"] for each in steps] == [
        *("express", "introduce", "propose_nda", "sign_nda", "negotiate", "propose_terms", "agree")
    ]
    ledger = done(api.get(f"{path}/disclosures", key="enterprise"))["items"]
    assert sorted((each["side"], each["field"], each["stage"]) for each in ledger) == [
        ("owner", "file", "nda"),
        *(("seeker", field, "introduction") for field in ("contact", "name", "nature", "place")),
    ]
    assert {each["subject"]: each["subject_version"] for each in ledger if each["field"] == "contact"} == {demand: 1}
    for kind, id_, owner in (("demand", demand, "enterprise"), ("achievement", achievement, "university")):
        assert done(api.get(f"/v1/{kind}s/{id_}", key=owner))["state"] == "matched"


@pytest.mark.parametrize("stage", [*OPEN, "agreed"])
def test_every_stage_takes_the_steps_of_the_table_and_no_other(api, stage):
    """Every step by every side at every stage: legal ones are named, and no other is let through."""
    dealing = talks(api, stage)
    for name, body in BODIES.items():
        lines = [line for line in TABLE if (line.stage, line.step) == (stage, name)]
        for side, key in (("owner", "enterprise"), ("seeker", "university")):
            legal = done(api.get(f"/v1/dealings/{dealing}", key=key))["legal_steps"]
            assert (name in legal) == any(line.by in ("either", side) for line in lines)
            if name in legal:
                continue
            answer = step(api, dealing, name.replace("_", "-"), key, body)
            others = any(line.by in ("owner", "seeker", "broker") for line in lines)
            assert (answer.status_code, answer.json["code"]) == (
                (403, "not-your-step") if others else (409, "illegal-step")
            ), name
            if not others:
                assert [error["message"] for error in answer.json["errors"]] == legal


def test_the_standard_questions_must_be_answered(api):
    demand = listing(api, "enterprise")
    wrong = [*ANSWERS["demand"][:2], ANSWERS["demand"][0], {"question": "USE", "text": "示例"}]
    answer = api.post(f"/v1/demands/{demand}/interest", {"answers": wrong}, key="university")
    assert answer.status_code == 422
    assert [(error["pointer"], error["code"]) for error in answer.json["errors"]] == [
        ("/answers/2/question", "repeated"),
        ("/answers/3/question", "unknown-value"),
        ("/answers", "required"),
    ]


def test_one_talks_once_about_a_listing_and_never_about_ones_own(api):
    demand = listing(api, "enterprise")
    assert interest(api, demand, "enterprise").json["code"] == "own-listing"
    first = done(interest(api, demand, "university"), 201)
    again = interest(api, demand, "university")
    assert (again.status_code, again.json["code"]) == (409, "already-interested")
    assert first["id"] in again.json["detail"]
    done(interest(api, demand, "university2"), 201)
    done(step(api, first["id"], "pass", "university", {"reason": "TIME"}))
    done(interest(api, demand, "university"), 201)


def test_drafts_and_what_is_withdrawn_find_no_interest(api):
    draft = listing(api, "enterprise", publish=False)
    assert interest(api, draft, "university").status_code == 404
    gone = listing(api, "enterprise")
    done(api.post(f"/v1/demands/{gone}/withdraw", key="enterprise", if_match="*"))
    assert interest(api, gone, "university").status_code == 404
    assert interest(api, gone, "university", "achievement").status_code == 404


def test_ones_own_listing_must_be_ones_own_published_and_as_anonymous(api):
    demand = listing(api, "enterprise")
    cases = {
        listing(api, "university2", "achievement"): ("/listing", "unknown-value"),
        listing(api, "university2", "achievement", publish=False): ("/listing", "unknown-value"),
        listing(api, "university", "achievement", publish=False): ("/listing", "not-published"),
        listing(api, "university", "achievement", anonymous=True): ("/anonymous", "unlike-listing"),
        listing(api, "university", "demand"): ("/listing", "unknown-value"),
    }
    for named, expected in cases.items():
        [error] = done(interest(api, demand, "university", listing=named), 422)["errors"]
        assert (error["pointer"], error["code"]) == expected
    hidden = interest(api, demand, "university", listing=listing(api, "university", "achievement"), anonymous=True)
    assert done(hidden, 422)["errors"][0]["code"] == "unlike-listing"


def test_talks_lapse_by_themselves_when_nobody_answers(api):
    """The clock counts working days, and every answer starts it anew for the other side."""
    with time_machine.travel("2026-03-02T02:00:00Z", tick=False):
        dealing = talks(api, "interest")
        clock = done(api.get(f"/v1/dealings/{dealing}", key="enterprise"))["clock"]
        assert (clock["due_on"], clock["rule"]) == ("2026-03-16", "dealing.clock.interest")
        assert "10 working days" in clock["explanation_en"]
    with time_machine.travel("2026-03-16T02:00:00Z", tick=False):
        assert done(api.get("/v1/dealings?state=interest", key="enterprise"))["items"][0]["id"] == dealing
        assert not done(api.get("/v1/dealings?state=lapsed", key="enterprise"))["items"]
    with time_machine.travel("2026-03-17T02:00:00Z", tick=False):
        found = done(api.get(f"/v1/dealings/{dealing}", key="university"))
        assert (found["state"], found["legal_steps"], found["disclosed"]) == ("lapsed", [], [])
        assert not done(api.get("/v1/dealings?state=interest", key="enterprise"))["items"]
        assert done(api.get("/v1/dealings?state=lapsed", key="enterprise"))["items"][0]["id"] == dealing
        assert step(api, dealing, "introduce", "enterprise").json["code"] == "illegal-step"
        again = interest(api, found["listing"]["id"], "university")
        assert done(again, 201)["state"] == "interest"


def test_an_answer_starts_the_clock_anew(api):
    with time_machine.travel("2026-03-02T02:00:00Z", tick=False):
        dealing = talks(api, "interest")
    with time_machine.travel("2026-03-10T02:00:00Z", tick=False):
        clock = done(step(api, dealing, "introduce", "enterprise"))["clock"]
        assert (clock["awaits"], clock["started_on"], clock["due_on"]) == ("seeker", "2026-03-10", "2026-03-31")


def test_beyond_the_known_calendar_nothing_lapses(api):
    with time_machine.travel("2026-12-28T02:00:00Z", tick=False):
        dealing = talks(api, "interest")
        assert done(api.get(f"/v1/dealings/{dealing}", key="enterprise"))["clock"]["provisional"]
    with time_machine.travel("2027-02-28T02:00:00Z", tick=False):
        assert done(api.get(f"/v1/dealings/{dealing}", key="enterprise"))["state"] == "interest"


def test_a_stale_version_is_refused_and_another_text_is_not_signed(api):
    dealing = talks(api, "introduction")
    before = api.get(f"/v1/dealings/{dealing}", key="university").headers["ETag"]
    proposed = step(api, dealing, "propose-nda", "enterprise", {"terms": "甲"}, if_match=before)
    assert step(api, dealing, "pass", "university", {"reason": "IP"}, if_match=before).status_code == 412
    done(step(api, dealing, "propose-nda", "enterprise", {"terms": "乙"}))
    stale = step(api, dealing, "sign-nda", "university", {"sha256": proposed.json["proposal"]["sha256"]})
    assert (stale.status_code, stale.json["code"]) == (409, "other-text")


def test_a_reason_for_passing_is_coded_and_told(api):
    dealing = talks(api, "introduction")
    wrong = step(api, dealing, "pass", "enterprise", {"reason": "BECAUSE"})
    assert wrong.json["errors"][0]["code"] == "unknown-value"
    assert done(step(api, dealing, "pass", "enterprise", {"reason": "MONEY", "text": "太贵"}))["state"] == "passed"
    found = done(api.get(f"/v1/dealings/{dealing}", key="university"))
    assert (found["reason"], found["clock"]) == ("MONEY", None)
    last = done(api.get(f"/v1/dealings/{dealing}/history", key="university"))["items"][-1]
    assert (last["step"], last["side"], last["text"]) == ("pass", "owner", "太贵")


def test_each_stage_discloses_what_the_rules_say_and_no_more(api):
    """`dealing.disclosure.<stage>` is data; the credit code waits for the negotiation, files for the signed agreement."""
    dealing = talks(api, "interest", listing_anonymous=True, listing_contact=CONTACT)
    path = f"/v1/dealings/{dealing}"
    assert api.post(f"{path}/disclosures", {}, key="university").json["code"] == "nothing-disclosed"
    known = set()
    for stage in ("introduction", "nda", "negotiation"):
        advance(api, dealing, stage, "enterprise", "university")
        opened = done(api.post(f"{path}/disclosures", {}, key="university"), 201)
        known = {name for name in ("name", "place", "nature", "contact", "credit_code") if opened[name] is not None}
        assert ("credit_code" in known) == (stage == "negotiation")
        assert known >= {"name", "place", "nature", "contact"}
    assert api.post(f"{path}/disclosures", {}, key="university").headers["Cache-Control"] == "no-store"


def test_the_ledger_tells_which_version_was_seen(api):
    dealing = talks(api, "introduction", listing_contact=CONTACT)
    path = f"/v1/dealings/{dealing}"
    demand = done(api.get(path, key="university"))["listing"]["id"]
    done(api.post(f"{path}/disclosures", {}, key="university"), 201)
    done(api.patch(f"/v1/demands/{demand}", {"contact": {"name": "新联系人"}}, key="enterprise", if_match="*"))
    opened = done(api.post(f"{path}/disclosures", {}, key="university"), 201)
    assert opened["contact"]["name"] == "新联系人"
    lines = [
        each
        for each in done(api.get(f"{path}/disclosures?limit=100", key="enterprise"))["items"]
        if each["field"] == "contact"
    ]
    assert [(each["subject"], each["subject_version"], each["side"]) for each in lines] == [
        (demand, 1, "seeker"),
        (demand, 2, "seeker"),
    ]


def test_files_wait_for_the_signed_agreement(api):
    dealing = talks(api, "introduction")
    path = f"/v1/dealings/{dealing}"
    file = done(upload(api, dealing, "enterprise", "方案.pdf"), 201)
    assert [each["id"] for each in done(api.get(f"{path}/files", key="enterprise"))["items"]] == [file["id"]]
    assert api.get(f"{path}/files/{file['id']}", key="enterprise").data == PDF
    assert done(api.get(f"{path}/files", key="university"))["items"] == []
    for answer in (
        api.get(f"{path}/files/{file['id']}", key="university"),
        api.post(f"{path}/files/{file['id']}/open", {}, key="university"),
    ):
        assert (answer.status_code, answer.json["code"]) == (404, "not-found")
    digest = done(step(api, dealing, "propose-nda", "enterprise", {"terms": "双方保密。"}))["proposal"]["sha256"]
    done(step(api, dealing, "sign-nda", "university", {"sha256": digest}))
    assert api.get(f"{path}/files/{file['id']}", key="university").json["code"] == "not-opened"
    item = done(api.post(f"{path}/files/{file['id']}/open", {}, key="university"), 201)
    assert (item["field"], item["subject"]) == ("file", file["id"])
    reply = api.get(f"{path}/files/{file['id']}", key="university")
    assert (reply.data, reply.headers["ETag"]) == (PDF, f'"{hashlib.sha256(PDF).hexdigest()}"')
    assert reply.headers["Content-Disposition"].startswith("attachment;")
    assert api.post(f"{path}/files/{file['id']}/open", {}, key="enterprise").json["code"] == "own-file"
    done(step(api, dealing, "pass", "enterprise", {"reason": "TIME"}))
    assert api.get(f"{path}/files/{file['id']}", key="university").status_code == 404
    assert upload(api, dealing, "enterprise").json["code"] == "talks-ended"


def test_only_papers_are_taken(api):
    dealing = talks(api, "introduction")
    wrong = upload(api, dealing, "enterprise", "x.exe", b"MZ\x90\x00")
    assert [error["code"] for error in done(wrong, 422)["errors"]] == ["unknown-type"]


def test_a_broker_is_accredited_engaged_and_hands_over(api):
    first, second = broker(api), broker(api, "enterprise2", "示例接任人")
    dealing = talks(api, "introduction", listing_anonymous=True)
    path = f"/v1/dealings/{dealing}"
    assert api.get(path, key="broker").status_code == 404
    assert step(api, dealing, "engage-broker", "university", {"broker": first}).json["code"] == "not-opened"
    done(api.post(f"{path}/disclosures", {}, key="university"), 201)
    engaged = done(step(api, dealing, "engage-broker", "university", {"broker": first}))
    assert [(each["broker"], each["side"], each["name"]) for each in engaged["brokers"]] == [
        (first, "seeker", "示例经理人")
    ]
    seen = done(api.get(path, key="broker"))
    assert (seen["side"], seen["as_broker"], seen["legal_steps"]) == ("seeker", True, ["hand_over"])
    assert seen["owner"]["organisation"] is None
    assert done(api.get("/v1/dealings?side=broker", key="broker"))["items"][0]["id"] == dealing
    opened = done(api.post(f"{path}/disclosures", {}, key="broker"), 201)
    assert opened["name"] == "测试enterprise"
    assert {each["broker"] for each in opened["items"]} == {True}
    assert step(api, dealing, "pass", "broker", {"reason": "TIME"}).json["code"] == "not-your-step"
    assert upload(api, dealing, "broker").json["code"] == "not-your-step"
    assert step(api, dealing, "hand-over", "university", {"broker": second}).json["code"] == "not-your-step"
    done(step(api, dealing, "hand-over", "broker", {"broker": second, "text": "调岗"}))
    assert api.get(path, key="broker").status_code == 404
    brokers = done(api.get(path, key="enterprise2"))["brokers"]
    assert [(each["broker"], each["since"], each["until"]) for each in brokers] == [(first, 3, 4), (second, 4, None)]


def test_a_broker_must_be_accredited_and_not_of_the_other_side(api):
    dealing = talks(api, "introduction")
    theirs, ended, mine = broker(api, "enterprise"), broker(api), broker(api, "university")
    done(api.post(f"/v1/brokers/{ended}/end", {"text": "示例"}, key="administrator", if_match="*"))
    for chosen, code in ((theirs, "conflict-of-interest"), (ended, "unknown-value"), ("bro_none", "unknown-value")):
        wrong = step(api, dealing, "engage-broker", "university", {"broker": chosen})
        assert done(wrong, 422)["errors"][0]["code"] == code
    done(step(api, dealing, "engage-broker", "university", {"broker": mine}))


def test_the_register_of_brokers(api):
    chosen = broker(api)
    found = done(api.get("/v1/brokers", key="enterprise"))["items"]
    assert [(each["id"], each["level"], each["organisation"]["name"]) for each in found] == [
        (chosen, "MIDDLE", "测试broker")
    ]
    member = done(api.get("/v1/members", key="broker"))["items"][0]["id"]
    again = api.post("/v1/brokers", {"member": member, "level": "SENIOR"}, key="administrator")
    assert again.json["code"] == "accredited-already"
    wrong = {"member": "mem_none", "level": "KING", "valid_from": "2026-01-02", "valid_to": "2026-01-01"}
    codes = done(api.post("/v1/brokers", wrong, key="administrator"), 422)["errors"]
    assert {error["pointer"] for error in codes} == {"/member", "/level", "/valid_to"}
    ended = done(api.post(f"/v1/brokers/{chosen}/end", {"text": "示例"}, key="administrator", if_match="*"))
    assert (ended["in_force"], ended["ended_on"]) == (False, today().isoformat())
    assert not done(api.get("/v1/brokers", key="enterprise"))["items"]
    assert done(api.get("/v1/brokers", key="administrator"))["items"][0]["in_force"] is False


def test_an_accreditation_of_tomorrow_does_not_serve_today(api):
    member = done(api.post("/v1/members", {"name": "示例"}, key="broker"), 201)["id"]
    later = (today() + timedelta(days=9)).isoformat()
    body = {"member": member, "level": "JUNIOR", "valid_from": later}
    chosen = done(api.post("/v1/brokers", body, key="administrator"), 201)
    assert chosen["in_force"] is False
    dealing = talks(api, "introduction")
    assert step(api, dealing, "engage-broker", "university", {"broker": chosen["id"]}).status_code == 422


def test_an_organisation_says_its_size_once_for_all(api):
    assert done(api.get("/v1/profile", key="enterprise")) == {"size_class": None, "version": 0}
    tag = api.get("/v1/profile", key="enterprise").headers["ETag"]
    put = api.call("PUT", "/v1/profile", {"size_class": "SMALL"}, key="enterprise", if_match=tag)
    assert done(put) == {"size_class": "SMALL", "version": 1}
    assert api.call("PUT", "/v1/profile", {"size_class": "LARGE"}, key="enterprise", if_match=tag).status_code == 412
    wrong = api.call("PUT", "/v1/profile", {"size_class": "HUGE"}, key="enterprise", if_match="*")
    assert wrong.json["errors"][0]["code"] == "unknown-value"
    done(api.call("PUT", "/v1/profile", {"size_class": "MEDIUM"}, key="enterprise", if_match="*"))
    dealing = talks(api, "interest", listing_anonymous=True)
    owner = done(api.get(f"/v1/dealings/{dealing}", key="university"))["owner"]
    assert owner == {"organisation": None, "kind": "enterprise", "league": "150200", "size_class": "MEDIUM"}


def test_an_interest_is_not_told_twice_by_a_retry(api):
    demand = listing(api, "enterprise")
    body = {"answers": ANSWERS["demand"]}
    first, second = (
        api.post(f"/v1/demands/{demand}/interest", body, key="university", idempotency_key="one") for _ in range(2)
    )
    assert done(first, 201) == done(second, 201)
    assert len(done(api.get("/v1/dealings", key="university"))["items"]) == 1
