"""A case from its draft to its objection, over the API alone, as docs/registration.md tells it."""

from __future__ import annotations

from market.access import SYSTEM
from market.journal import read as journal
from market.statistics.agreement import check
from market.store.types import today
from tests.api.examination.desk import LARGE, Case, form, good, refused


def test_a_large_case_from_application_to_objection(api):
    # An application as far as it is known, checked before anything is stored.
    draft = {**form(api.world, **LARGE), "valid_from": None}
    del draft["valid_from"], draft["buyer"]
    found = good(api.post("/v1/applications/check", draft, key="university"))
    assert not found["acceptable"]
    assert found["needs_experts"]
    codes = {(finding["pointer"], finding["code"]) for finding in found["findings"]}
    assert {("/valid_from", "required"), ("/attachments", "document-missing"), ("/tech_amount", "large")} <= codes
    assert all(finding["zh"] and finding["en"] and finding["rule"] for finding in found["findings"])

    case = Case(api, papers=("contract_text",), **LARGE)
    assert case.try_("submit", "university").status_code == 422
    for kind in ("pledge", "ip_proof"):
        good(case.attach(kind), 201)
    before = case.read()
    assert good(api.post(f"{case.path}/check", key="university"))["acceptable"]
    assert case.read() == before
    assert api.get(case.path, key="office").status_code == 404  # a draft is the applicant's own
    assert case.do("submit", "university")["state"] == "submitted"

    accepted = case.do("accept", "office")
    assert accepted["accepted_on"] == today().isoformat()
    assert accepted["clock"]["rule"] == "review.limit"
    assert accepted["clock"]["explanation_zh"]
    case.do("take", "office")
    returned = case.do("request-supplement", "office", {"reason": "FORM_MISTAKE", "text": "技术内容请写明"})
    assert (returned["state"], returned["reason"]) == ("returned", "FORM_MISTAKE")
    good(api.patch(case.path, {"project_name": "示例项目:补正后的名称"}, key="university", if_match=case.version))
    assert case.do("resubmit", "university", {"text": "已补正"})["state"] == "accepted"
    case.do("take", "office")
    assert refused(case.try_("register", "office", {})) == (409, "needs-experts")
    referred = case.do("refer", "office", {"text": "大额"})
    assert referred["clock"]["rule"] == "review.expert_limit"
    assert refused(case.try_("take", "office")) == (403, "same-person")
    case.do("take", "colleague")
    assert case.try_("register", "colleague", {"tech_amount": "4800000.00"}).status_code == 422  # it takes a reason
    made = case.do("register", "colleague", {"tech_amount": "4800000.00", "text": "扣除样机"})
    number = made["number"]
    assert made["tech_amount"] == "4800000.00"
    read = case.read()
    amounts = read["claimed_tech_amount"], read["approved_tech_amount"], read["tech_amount"]
    assert amounts == ("5000000.00", "4800000.00", "5000000.00")
    assert read["state"] == "registered"

    paper = api.get(f"/v1/contracts/{number}/certificate.pdf", key="university")
    assert (paper.status_code, paper.data[:5]) == (200, b"%PDF-")

    wish = {"reason": "TERM_CHANGED", "text": "延期", "changes": {"project_name": "示例项目:变更后的名称"}}
    assert case.do("request-change", "university", wish)["state"] == "change_pending"
    pending = case.read("office")["pending"]
    assert pending["changes"] == {"project_name": "示例项目:变更后的名称"}
    changed = case.do("approve-change", "office", {})
    assert (changed["number"], changed["version"]) == (number, 2)
    versions = good(api.get(f"/v1/contracts/{number}/versions", key="university"))["items"]
    assert [(item["version"], item["kind"]) for item in versions] == [
        (1, "contract.registered"),
        (2, "contract.changed"),
    ]
    first = good(api.get(f"/v1/contracts/{number}/versions/1", key="university"))["contract"]
    assert first == {**changed, "version": 1, "project_name": "示例项目:补正后的名称"}

    authority = {"text": "请复核金额", "authority": "示例税务局"}
    assert case.do("object", "auditor", authority)["state"] == "objection_pending"
    assert refused(case.try_("redo", "colleague", {"text": "重审"})) == (403, "same-person")
    assert case.do("redo", "expert", {"text": "重审"})["state"] == "under_review"
    assert good(api.get(f"/v1/contracts/{number}", key="university"))["state"] == "registered"
    assert refused(case.try_("take", "office")) == (403, "same-person")
    case.do("take", "expert")
    assert refused(case.try_("register", "expert", {})) == (409, "illegal-step")
    assert case.do("confirm", "expert", {"text": "维持"})["state"] == "registered"

    steps = [step["step"] for step in good(api.get(f"{case.path}/history?limit=100", key="auditor"))["items"]]
    assert (
        steps
        == (
            "submit accept take request_supplement edit resubmit take refer take register request_change approve_change "
            "object redo take confirm"
        ).split()
    )
    with api.world.database.snapshot(SYSTEM) as unit:
        assert journal.verify(unit) == []
        assert check(unit) == []


def test_the_shortcut_registers_what_one_person_may_decide_and_refuses_the_rest(api):
    body = form(api.world)
    del body["office"], body["is_related_party"]
    made = good(api.post("/v1/contracts", body, key="office"), 201)
    [case] = good(api.get(f"/v1/applications?number={made['number']}", key="office"))["items"]
    assert (case["route"], case["state"], case["number"]) == ("direct", "registered", made["number"])
    assert good(api.get(f"/v1/applications/{case['id']}", key="university"))["project_name"] == made["project_name"]
    abroad = {"seller": {"name": "Example GmbH", "country": "DE"}}
    for changes, flag in (
        ({"contract_no": "B", "total_amount": "9000000.00", "tech_amount": "5000000.00"}, "large"),
        ({"contract_no": "C", **abroad}, "foreign"),
        ({"contract_no": "D", "project_name": body["project_name"]}, "near-duplicate"),
    ):
        reply = api.post("/v1/contracts", {**body, "project_name": f"示例另一{flag}", **changes}, key="office")
        assert refused(reply) == (409, "needs-application"), flag
        assert [error["code"] for error in reply.json["errors"]] == [flag]
    assert refused(api.post("/v1/contracts", {**body, "contract_no": "E"}, key="governing")) == (403, "member-needed")
