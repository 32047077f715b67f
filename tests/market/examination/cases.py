"""Cases put into a state as if they had come there, for tests of what happens next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from market.contracts.model import Contract
from market.examination import steps
from market.examination.content import stored
from market.examination.model import Attachment, Case
from market.files.media import media_of
from market.registration.actions import register
from market.store.session import Unit
from market.store.types import new_id, now, today
from tests.market.contracts.samples import content
from tests.world import World

PDF = b"%PDF-1.7\n%%EOF\n"
FORM = {
    "ip_type": "PATENT_INVENTION",
    "plan_source": "NONE",
    "served_industry": "C",
    "socio_economic_objective": "10",
    "payment_mode": "LUMP_SUM",
    "is_related_party": False,
}
NUMBERED = ("registered", "change_pending", "objection_pending")


def put_case(
    world: World,
    state: str,
    office: str,
    applicant: str,
    contract_no: str,
    parties: dict[str, Any],
    facts: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Ids of the case (`case`) and of one of its papers (`paper`)."""
    facts = dict(facts or {})
    form = content(world, contract_no=contract_no, **FORM, **parties)
    if facts.pop("large", False):
        form |= {"total_amount": 9_000_000_00, "tech_amount": 5_000_000_00}
    numbered = facts.pop("numbered", state in NUMBERED)
    assignee = facts.pop("assignee", office)
    made: dict[str, Any] = {}

    def work(unit: Unit) -> None:
        case = steps.new_case("application", state, applicant, world.ids[office])
        case |= {"content": stored(form), "claimed_fen": form["tech_amount"]}
        if state != "draft":
            case |= {"submitted_on": today()}
        if state in ("under_review", "expert_review"):
            case["assignee"] = world.members[assignee]
            case["people"] = [world.members[assignee]]
        if state in ("accepted", "under_review", "expert_review"):
            case |= {"clock_rule": "review.limit", "clock_from": today(), "due_on": today() + timedelta(days=21)}
        if state == "change_pending":
            changes = {"project_name": f"示例:变更后{contract_no}"}
            case["pending"] = {"reason": "CORRECTION", "text": None, "changes": changes}
        if state == "objection_pending":
            case["pending"] = {"objector": applicant, "authority": None, "text": "示例"}
        if facts.get("ending"):
            wish = {"organisation": applicant, "member": None, "asked_by": None, "reason": "OTHER", "text": None}
            case["wish"] = {**wish, "on": today().isoformat()}
        case |= facts
        if numbered:
            number = register(unit, {name: form[name] for name in form if name != "is_related_party"})["number"]
            of_contract = steps.lock_by_contract(unit, select(Contract.id).where(Contract.number == number))
            assert of_contract is not None
            kept = ("id", "contract_id", "version", "created_at", "route", "applicant", "office")
            values = {name: value for name, value in case.items() if name not in kept}
            unit.execute(update(Case).where(Case.id == of_contract["id"]).values(values))
            case = {**case, "id": of_contract["id"]}
        else:
            unit.execute(insert(Case), case)
        for kind in ("pledge", "contract_text", "ip_proof"):
            paper = {
                "id": new_id("att"),
                "case_id": case["id"],
                "kind": kind,
                "name": "示例.pdf",
                "media": media_of(PDF),
                "size": len(PDF),
                "sha256": "0" * 64,
                "content": PDF,
                "organisation": applicant,
                "uploaded_at": now(),
            }
            unit.execute(insert(Attachment), paper)
        made.update(case=case["id"], paper=paper["id"])

    world.database.write(world.actor(office), work)
    return made
