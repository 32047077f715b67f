"""Where a contract came from: told to its parties, its office and auditors, without what was said in the talks."""

from __future__ import annotations

from typing import Any

from tests.api.dealings.talks import advance, broker, done, interest, listing, step
from tests.market.contracts.samples import content, wire


def registered(api: Any) -> tuple[str, str, str, str]:
    """A contract that names the demand and achievement its parties talked about; number, dealing, demand, achievement."""
    demand = listing(api, "enterprise")
    achievement = listing(api, "university", "achievement")
    dealing = done(interest(api, demand, "university", listing=achievement), 201)["id"]
    done(api.patch(f"/v1/demands/{demand}", {"title": "后来的标题"}, key="enterprise", if_match="*"))
    for stage in ("introduction", "nda", "negotiation", "agreed"):
        if stage == "nda":
            done(step(api, dealing, "engage-broker", "enterprise", {"broker": broker(api)}))
        advance(api, dealing, stage, "enterprise", "university")
    body = wire(content(api.world, demand=demand, achievement=achievement))
    body["seller"], body["buyer"] = (
        {"organisation": api.world.ids["university"]},
        {"organisation": api.world.ids["enterprise"]},
    )
    number = done(api.post("/v1/contracts", body, key="office"), 201)["number"]
    return number, dealing, demand, achievement


def test_a_contract_tells_its_lineage(api):
    number, dealing, demand, achievement = registered(api)
    change = {"reason": "CORRECTION", "changes": {"project_name": "示例:变更后"}}
    done(api.post(f"/v1/contracts/{number}/change", change, key="office", if_match="*"))
    for key in ("enterprise", "university", "office", "auditor"):
        told = done(api.get(f"/v1/contracts/{number}/lineage", key=key))
        assert told["demand"] == {"id": demand, "version": 1, "title": "稀土永磁电机退磁问题"}
        assert told["achievement"]["id"] == achievement
        [talks] = told["dealings"]
        assert (talks["id"], talks["state"], talks["match"]["listed"]) == (dealing, "agreed", True)
        assert [each["step"] for each in talks["steps"]] == [
            *("express", "introduce", "engage_broker", "propose_nda", "sign_nda", "negotiate", "propose_terms", "agree")
        ]
        assert [each["organisation"] for each in talks["brokers"]] == ["测试broker"]
        assert len(talks["nda"]["sha256"]) == 64
        assert (told["contract"]["number"], told["contract"]["version"]) == (number, 2)
        assert [each["kind"] for each in told["changes"]] == ["contract.registered", "contract.changed"]


def test_what_was_said_is_not_told(api):
    number, *_ = registered(api)
    text = api.get(f"/v1/contracts/{number}/lineage", key="office").text
    for word in ("示例回答", "双方保密", "五十万"):
        assert word not in text


def test_a_statistician_learns_of_no_talks_and_a_stranger_of_no_contract(api):
    number, *_ = registered(api)
    told = done(api.get(f"/v1/contracts/{number}/lineage", key="statistician"))
    assert (told["demand"], told["achievement"], told["dealings"]) == (None, None, [])
    assert api.get(f"/v1/contracts/{number}/lineage", key="university2").status_code == 404
    assert api.get(f"/v1/contracts/{number}/lineage").status_code == 401


def test_talks_with_others_are_not_told(api):
    """Only the contract's two parties: who else was interested stays undisclosed."""
    number, _, demand, _ = registered(api)
    other = interest(api, demand, "university2")
    assert other.status_code in (201, 404)
    talks = done(api.get(f"/v1/contracts/{number}/lineage", key="university"))["dealings"]
    assert {each["seeker"] for each in talks} == {api.world.ids["university"]}


def test_a_contract_without_links_has_only_itself(api):
    number = done(api.post("/v1/contracts", wire(content(api.world)), key="office"), 201)["number"]
    told = done(api.get(f"/v1/contracts/{number}/lineage", key="office"))
    assert (told["demand"], told["dealings"], len(told["changes"])) == (None, [], 1)
